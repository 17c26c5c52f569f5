"""The log: lines for people or JSON for programs, with every secret taken out."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
import time
from typing import TextIO
from urllib.parse import quote

from forge.domain.secret import Secret

HIDDEN = "•••"
_SHORTEST = 6  # hiding shorter values would eat ordinary words
_QUIET = ("urllib3", "requests", "waitress", "docker")
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != ord("\t")} | {
    10: "\\n",
    13: "\\r",
}

_HEADER = r"\b((?:proxy-)?authorization|x-registry-auth|(?:set-)?cookie)"
_VALUE = r"""(\\?["']?\s*[:=]\s*)(?:b?\\?"[^"\r\n]*"|b?'[^'\r\n]*'|[^"'\r\n]+)"""
_PROSE = r"(?!(?:auth\w*|realm|login|challenge|tokens?|credentials?)\b)"  # “Basic authentication” is no secret
_QUERY = r"\b((?:access_|refresh_|id_|identity)?token|password|passwd|(?:client_)?secret|api_?key)"

# What looks like a secret wherever it stands: pattern, and what to put in its place.
_LOOKS = (
    (re.compile(_HEADER + _VALUE, re.IGNORECASE), rf"\1\2{HIDDEN}"),
    (re.compile(rf"\b(basic|bearer)\s+{_PROSE}[\w.~+/=-]{{6,}}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"([a-z][a-z0-9+.-]{0,20}://)[^\s/?#\"']*@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (re.compile(r"(/api/webhook/)(?!receipts\b)[^\s/?#\"'&]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf"{_QUERY}=[^\s&\"']+", re.IGNORECASE), rf"\1={HIDDEN}"),
)


class _Hidden:
    """The values that were named as secrets, as one pattern."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def add(self, values: set[str]) -> None:
        with self._lock:
            if not values <= self._values:
                self._values |= values
                longest_first = sorted(self._values, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def take_out(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


_hidden = _Hidden()


def hide(secret: Secret) -> None:
    """From now on `secret` is shown in no line, plain or as URLs, JSON and Python write it.

    Values under six characters are not looked for: they would eat ordinary words.
    """
    value = secret.reveal()
    if len(value.strip()) >= _SHORTEST:
        forms = {value, value.strip(), quote(value, safe=""), quote(value)}
        forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
        _hidden.add(forms)


def redact(text: str) -> str:
    """`text` without the values that were hidden, and without what looks like a login, token or webhook secret."""
    text = _hidden.take_out(text)
    for pattern, into in _LOOKS:
        text = pattern.sub(into, text)
    return text


class TextLines(logging.Formatter):
    """`2026-01-31 12:00:00 warning forge.watch: …`, local time; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        # a line break from outside must not look like a line of ours
        message = redact(record.getMessage()).translate(_CONTROL)
        return f"{at} {record.levelname.lower()} {record.name}: {message}" + _below(_trouble(self, record))


class JsonLines(logging.Formatter):
    """One object a line: at (unix seconds), level, logger, message, and traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        trouble = _trouble(self, record)
        return json.dumps(line | ({"traceback": trouble} if trouble else {}), ensure_ascii=False)


class _Lines(logging.StreamHandler[TextIO]):
    """Logging's own answer to a line that cannot be written is to print its arguments, secrets and all."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        error = sys.exc_info()[0]
        said = error.__name__ if error else "an error"
        with contextlib.suppress(OSError, ValueError):  # the stream itself may be gone: then there is nobody to tell
            self.stream.write(f"{record.name}, {record.filename}:{record.lineno}: a line cannot be shown: {said}\n")


def set_up(level: str = "info", format: str = "text", stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error; nowhere if there is none): `level` debug, info, warning or error, `format`
    text or json. What libraries say below a warning is left out. Calling it again replaces what was set up.
    """
    where = stream or sys.stderr  # None in a windowed program
    handler = _Lines(where) if where else logging.NullHandler()
    handler.setFormatter(JsonLines() if format == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a burst of streams is no reason to worry


def _trouble(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
    parts += [record.stack_info] if record.stack_info else []
    return redact("\n".join(parts))


def _below(text: str) -> str:
    return f"\n{text}" if text else ""
