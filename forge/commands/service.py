"""service: what makes systemd run Forge."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from forge.commands.state import Command, State, pass_state
from forge.domain.errors import Invalid

_SYSTEM = """\
# Forge as a service of this machine. To set it up, as root:
#   useradd --system --home-dir /var/lib/{account} --shell /usr/sbin/nologin {account}
#   forge service > /etc/systemd/system/forge.service
#   systemctl daemon-reload && systemctl enable --now forge
# Its command line: sudo -u {account} forge --data {data} status
[Unit]
Description=Forge, a deploy tool
Wants=network-online.target
After=network-online.target docker.service

[Service]
{service}
User={account}
SupplementaryGroups={group}
StateDirectory={folder}
StateDirectoryMode=0700
CacheDirectory={folder}
CacheDirectoryMode=0700
# where the one file unpacks itself: /tmp and /run may be small, or forbid programs
Environment=TMPDIR=/var/cache/{folder}

# Whoever may speak with Docker could be root by way of it; what is taken from Forge here is everything else.
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
CapabilityBoundingSet=
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
{hardening}

[Install]
WantedBy=multi-user.target
"""

_USER = """\
# Forge as a service of your own. To set it up:
#   forge service --user > ~/.config/systemd/user/forge.service
#   systemctl --user daemon-reload && systemctl --user enable --now forge
#   loginctl enable-linger      so that it runs while you are not logged in
[Unit]
Description=Forge, a deploy tool

[Service]
{service}
{hardening}

[Install]
WantedBy=default.target
"""

# NotifyAccess: the one file is a loader and its child, and it is the child that tells.
_SERVICE = """\
Type=notify
NotifyAccess=all
ExecStart={command}
Restart=on-failure
RestartSec=2
# what another start would not mend: see `forge --help`; 255 is a file that could not unpack itself
RestartPreventExitStatus=2 20 21 22 23 24 25 26 255
TimeoutStartSec=300
# deploys under way reach a safe step first
TimeoutStopSec=90
KillMode=mixed
WatchdogSec=60
LimitNOFILE=65536
UMask=0077"""

_HARDENING = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native"""


@click.command("service", cls=Command)
@click.option("--user", is_flag=True, help="A service of your own account, on its data folder.")
@click.option("--account", default="forge", show_default=True, help="Who the machine's service runs as.")
@click.option("--group", default="docker", show_default=True, help="The group that may speak with Docker.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", help="Port to listen on.")
@pass_state
def service(state: State, /, user: bool, account: str, group: str, **flags: str | None) -> None:
    """Print the unit by which systemd runs this very file. Windows and macOS: docs/install.md."""
    state.settings(**flags)  # a mistake is said now, not at the first start
    words = [*this_program(), "serve"]
    for name, value in flags.items():
        words += [f"--{name}", value] if value is not None else []
    data = None if state.data is None else str(Path(state.data).absolute())
    click.echo(own_unit(words, data) if user else machine_unit(words, data, account, group), nl=False)


def own_unit(words: list[str], data: str | None) -> str:
    """A unit of the user's manager, which can take away less: most of that needs root."""
    command = exec_line([*words, *([] if data is None else ["--data", data])])
    return _USER.format(service=_SERVICE.format(command=command), hardening=_HARDENING)


def machine_unit(words: list[str], data: str | None, account: str, group: str) -> str:
    """A unit of the machine's manager; raise Invalid for data that is not below /var/lib."""
    folder = state_folder(data)
    command = exec_line([*words, "--data", f"/var/lib/{folder}"])
    home = "read-only" if words[0].startswith(("/home/", "/root/")) else "yes"  # the program itself may be there
    return _SYSTEM.format(
        service=_SERVICE.format(command=command), hardening=_HARDENING, account=account, group=group,
        folder=folder, data=f"/var/lib/{folder}", home=home,
    )  # fmt: skip


def this_program() -> list[str]:
    """The words by which this Forge is started: the one file, or this Python."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "forge"]


def state_folder(data: str | None) -> str:
    """The folder below /var/lib that systemd makes for the service; raise Invalid for one that is elsewhere."""
    if data is None:
        return "forge"
    found = os.path.normpath(data)
    if not found.startswith("/var/lib/"):
        raise Invalid(
            f"The machine's service keeps its data below /var/lib, not in {data}: name a folder there, or use --user",
            fields={"data": "not below /var/lib"},
        )
    return found.removeprefix("/var/lib/")


def exec_line(words: list[str]) -> str:
    """Words as ExecStart= takes them; systemd.syntax(7): `%` and `$` mean something, and blanks separate."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if text != word or any(sign in word for sign in " '\t") else word
