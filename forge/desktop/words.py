"""What the window itself says, in the two languages of the board."""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`{}` stands for what is named; `language` is HTML's name of it."""

    language: str
    starting: str
    cannot_start: str
    file: str
    edit: str
    view: str
    help: str
    open_browser: str
    copy_address: str
    data_folder: str
    log: str
    close: str
    quit: str
    cut: str
    copy: str
    paste: str
    select_all: str
    reload: str
    zoom_in: str
    zoom_out: str
    zoom_reset: str
    about: str
    about_text: str
    show: str
    idle: str
    under_way: str
    ask_title: str
    ask_text: str
    ask_yes: str
    ask_no: str
    live: str
    not_live: str
    stuck: str
    of: str
    save_as: str


ENGLISH = Words(
    language="en",
    starting="Starting Forge…",
    cannot_start="Forge cannot start",
    file="File",
    edit="Edit",
    view="View",
    help="Help",
    open_browser="Open in Browser",
    copy_address="Copy Address",
    data_folder="Data Folder",
    log="Log",
    close="Close Window",
    quit="Quit Forge",
    cut="Cut",
    copy="Copy",
    paste="Paste",
    select_all="Select All",
    reload="Reload",
    zoom_in="Zoom In",
    zoom_out="Zoom Out",
    zoom_reset="Actual Size",
    about="About Forge",
    about_text="Watches registries, deploys what it finds on Docker, and leads people to it.",
    show="Show Forge",
    idle="No deploy under way",
    under_way="Deploying {}",
    ask_title="A deploy is under way",
    ask_text="{}\n\nIf Forge ends now, what serves goes on serving, "
    "and the deploy is taken up again at the next start.",
    ask_yes="Quit Anyway",
    ask_no="Keep Running",
    live="{} is live",
    not_live="{} did not go live",
    stuck="{} is stuck: please look",
    of="{stage} · deploy #{id}",
    save_as="Save As",
)

RUSSIAN = Words(
    language="ru",
    starting="Forge запускается…",
    cannot_start="Forge не запускается",
    file="Файл",
    edit="Правка",
    view="Вид",
    help="Справка",
    open_browser="Открыть в браузере",
    copy_address="Скопировать адрес",
    data_folder="Папка с данными",
    log="Журнал",
    close="Закрыть окно",
    quit="Завершить Forge",
    cut="Вырезать",
    copy="Копировать",
    paste="Вставить",
    select_all="Выделить всё",
    reload="Обновить",
    zoom_in="Увеличить",
    zoom_out="Уменьшить",
    zoom_reset="Обычный размер",
    about="О программе",
    about_text="Следит за реестрами, разворачивает найденное в Docker и приводит к нему людей.",
    show="Показать Forge",
    idle="Развёртываний нет",
    under_way="Развёртывается {}",
    ask_title="Идёт развёртывание",
    ask_text="{}\n\nЕсли завершить Forge сейчас, то, что работает, продолжит работать, "
    "а развёртывание возобновится при следующем запуске.",
    ask_yes="Всё равно завершить",
    ask_no="Не завершать",
    live="{} в работе",
    not_live="{} не вышло в работу",
    stuck="{}: развёртывание застряло, посмотрите",
    of="{stage} · развёртывание #{id}",
    save_as="Сохранить как",
)


def words(environment: Mapping[str, str]) -> Words:
    """Those of the language that the system speaks."""
    named = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    spoken = named or locale.getlocale()[0] or ""
    return RUSSIAN if spoken.lower().startswith("ru") else ENGLISH
