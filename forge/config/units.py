"""Durations and sizes as people write them: 5m, 512MiB."""

from __future__ import annotations

import re

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_PLAIN = re.compile(rf"{_NUMBER}(?:e[+-]?[0-9]{{1,2}})?", re.IGNORECASE)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(rf"(?:{_NUMBER}(?:ms|[dhms])\s*)+")
_PART = re.compile(rf"({_NUMBER})(ms|[dhms])")
_BYTES = {
    "TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10,
    "TB": 10**12, "GB": 10**9, "MB": 10**6, "KB": 10**3, "B": 1,
}  # fmt: skip
_BY_LOWER = {unit.lower(): size for unit, size in _BYTES.items()}
_SIZE = re.compile(rf"({_NUMBER})\s*([A-Za-z]+)")


def parse_number(text: str) -> float:
    """A number as it is written. Raise ValueError with a sentence; there is no infinity and no NaN."""
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"“{text[:40]}” is no number")
    return float(text)


def parse_duration(text: str) -> float:
    """Seconds, from `90`, `500ms`, `5m`, `1h30m`, `2d`. Raise ValueError with a sentence."""
    stripped = text.strip()
    if _PLAIN.fullmatch(stripped):
        return float(stripped)
    if not _DURATION.fullmatch(stripped):
        raise ValueError(f"“{text[:40]}” is no duration: write it as 30s, 5m, 1h30m, 2d, or a number of seconds")
    return sum(
        float(number) / 1000 if unit == "ms" else float(number) * _SECONDS[unit]
        for number, unit in _PART.findall(stripped)
    )


def parse_size(text: str) -> int:
    """Bytes, from `1048576`, `512MiB`, `1.5GiB`, `2GB`. Raise ValueError with a sentence."""
    stripped = text.strip()
    if re.fullmatch(r"[0-9]{1,18}", stripped):
        return int(stripped)
    found = _SIZE.fullmatch(stripped)
    unit = _BY_LOWER.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(f"“{text[:40]}” is no size: write it as 512MiB, 1.5GiB, or a number of bytes")
    return int(float(found[1]) * unit)


def write_duration(seconds: float) -> str | float:
    """The shortest way to write it that reads back as the same; a number where no unit fits."""
    if seconds == 0 or seconds != int(seconds):
        return 0 if seconds == 0 else seconds
    unit, length = next((unit, length) for unit, length in _SECONDS.items() if seconds % length == 0)
    return f"{int(seconds) // length}{unit}"


def write_size(size: int) -> str | int:
    """The same for bytes: 536870912 → 512MiB."""
    found = next((unit for unit in ("TiB", "GiB", "MiB", "KiB") if size and size % _BYTES[unit] == 0), None)
    return f"{size // _BYTES[found]}{found}" if found else size
