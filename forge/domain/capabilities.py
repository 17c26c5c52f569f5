"""Linux capabilities: which of root's powers an instance's processes may have."""

from __future__ import annotations

from collections.abc import Iterable

from forge.domain.errors import Invalid

# What Docker gives by itself (its manual, “Runtime privilege and Linux capabilities”). Forge gives no more.
DOCKERS = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
# What Podman gives by itself (containers.conf, default_capabilities): common images run with these, and nothing can
# make devices, write into the machine's audit log, or forge the packets of its neighbours.
USUAL = tuple(name for name in DOCKERS if name not in {"AUDIT_WRITE", "MKNOD", "NET_RAW"})


def capabilities(names: Iterable[str]) -> tuple[str, ...]:
    """`names` as the kernel's headers have them, without CAP_, sorted; `NONE` stands for none at all. Raise Invalid for
    one that Docker would not give by itself.
    """
    found = {name.strip().upper().removeprefix("CAP_") for name in names} - {"NONE"}
    for name in sorted(found - set(DOCKERS)):
        raise Invalid(
            f"“{name[:40]}” is no capability that Forge gives: known are {', '.join(DOCKERS)}, or NONE",
            fields={"capabilities": name[:40]},
        )
    return tuple(sorted(found))
