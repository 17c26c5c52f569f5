"""What the window does with what it is told."""

from __future__ import annotations

import pytest

from forge import __version__
from forge.desktop.lines import Mouth
from forge.desktop.menu import items
from forge.desktop.shown import Shown
from forge.desktop.words import ENGLISH
from tests.unit.windowing import FakeToolkit, Pipe
from tests.world import until

GO = {"do": "go", "url": "http://127.0.0.1:8400/sign-in?ticket=x", "address": "http://127.0.0.1:8400", "ours": True}


def window(**more):
    """A window that shows the board, its toolkit, and what its parent hears."""
    toolkit, pipe = FakeToolkit(**more), Pipe()
    shown = Shown(toolkit, Mouth(pipe), ENGLISH)
    shown.told(GO)
    toolkit.done.clear()
    return shown, toolkit, pipe


def deploying(shown, *named):
    shown.told({"do": "deploys", "under_way": list(named)})


def test_it_goes_where_it_is_told():
    toolkit = FakeToolkit()
    Shown(toolkit, Mouth(Pipe()), ENGLISH).told(GO)
    assert toolkit.done == [("load", GO["url"])]


def test_with_nothing_under_way_it_closes_at_once():
    shown, toolkit, _ = window()
    assert shown.may_close()
    assert toolkit.done == []


@pytest.mark.parametrize("answer", [True, False])
def test_a_deploy_under_way_is_asked_about_by_its_name(answer):
    shown, toolkit, _ = window(answer=answer)
    deploying(shown, "shop/dev 1.2 (#42)")
    assert not shown.may_close()
    until(lambda: "ask" in dict.fromkeys(word[0] for word in toolkit.done), "somebody is asked")
    assert "shop/dev 1.2 (#42)" in next(word for word in toolkit.done if word[0] == "ask")[1]
    if answer:
        until(lambda: ("end",) in toolkit.done, "it ends")
        assert shown.may_close()
    else:
        assert ("end",) not in toolkit.done


def test_a_forge_that_goes_on_without_it_is_no_reason_to_ask():
    shown, _, _ = window()
    shown.told({**GO, "ours": False})
    deploying(shown, "shop/dev 1.2 (#42)")
    assert shown.may_close()


def test_closed_to_the_tray_it_hides():
    shown, toolkit, _ = window(tray=True)
    shown.told({"do": "prefer", "close_to_tray": True})
    assert not shown.may_close()
    assert toolkit.done == [("hide",)]
    shown.chosen("show")
    shown.chosen("quit")
    assert toolkit.done[1:] == [("front",), ("end",)]


def test_without_a_tray_there_is_nowhere_to_hide():
    shown, toolkit, _ = window(tray=False)
    shown.told({"do": "prefer", "close_to_tray": True})
    assert shown.may_close()
    assert toolkit.done == []


def test_the_tray_says_what_is_under_way():
    shown, toolkit, _ = window()
    deploying(shown, "shop/dev 1.2 (#42)")
    deploying(shown)
    assert toolkit.done == [("tray", "Deploying shop/dev 1.2 (#42)", 1), ("tray", "No deploy under way", 0)]


@pytest.mark.parametrize("away", [True, False])
def test_an_end_is_told_only_to_who_cannot_see_it(away):
    shown, toolkit, _ = window()
    toolkit.away = away
    shown.told({"do": "notify", "title": "shop 1.2 is live", "text": "dev"})
    assert (("notify", "shop 1.2 is live", "dev") in toolkit.done) == away


def test_told_to_end_it_asks_nobody():
    shown, toolkit, _ = window(tray=True)
    shown.told({"do": "prefer", "close_to_tray": True})
    deploying(shown, "shop/dev 1.2 (#42)")
    shown.told({"do": "quit"})
    assert shown.may_close()
    assert toolkit.done[-1] == ("end",)


def test_why_it_cannot_start_is_shown():
    shown, toolkit, _ = window()
    shown.told({"do": "fail", "why": "The key <is> missing."})
    assert "The key &lt;is&gt; missing." in toolkit.done[0][1]
    assert toolkit.done[1] == ("front",)


def test_every_item_of_the_menu_does_something():
    for item in items(ENGLISH):
        shown, toolkit, pipe = window()
        shown.chosen(item.id)
        assert toolkit.done or pipe.lines, item.id


def test_about_says_which_forge_this_is():
    shown, toolkit, _ = window()
    shown.chosen("about")
    assert __version__ in toolkit.done[0][1]
    assert "http://127.0.0.1:8400" in toolkit.done[0][2]


def test_links_that_lead_away_are_handed_on():
    shown, _, pipe = window()
    shown.outside("https://example.org/")
    shown.chosen("log")
    assert pipe.lines == [{"want": "open", "url": "https://example.org/"}, {"want": "log"}]


def test_what_is_not_known_is_left_alone():
    shown, toolkit, _ = window()
    shown.told({"do": "dance"})
    shown.told({})
    assert toolkit.done == []
