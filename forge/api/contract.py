"""A handler's contract: what it takes and gives as types, checked on the way in, encoded on the way out."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from flask import Response, request
from werkzeug.datastructures import MultiDict

from forge import typed
from forge.api.errors import Unreadable, UnsupportedType
from forge.domain.errors import Invalid, Unavailable

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
YAML: Final = "application/yaml"
BACKUP: Final = "application/vnd.forge.backup"
TEXT: Final = "text/plain"
_LARGE: Final = 32 << 10  # bytes; less takes longer to pack than to send
AT_ONCE_ELSEWHERE: Final = 5  # of the threads that answer (forge.api.hub): the others are the board's
_PATIENCE: Final = 0.5  # seconds: a burst at what answers well is over by then
HIGHEST: Final = (1 << 53) - 1  # what JavaScript counts to

Id = Annotated[int, msgspec.Meta(ge=1, le=(1 << 31) - 1)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
View = Callable[..., Response]
T = TypeVar("T")


class Page(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Part of a list, the newest first: at most `limit`, those with an id below `before`."""

    before: Annotated[int, msgspec.Meta(ge=1, le=HIGHEST)] | None = None
    limit: Limit = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a handler takes and gives. `query` and `body` are types, `optional`: the body may be left out. `text_body`
    is the media type of a body that the handler reads itself, `text_or` a type that it takes as JSON instead. `answer`
    is the type of a `status` in each of `media`, None: nothing, or text. `refuses` are statuses of its own kind, beside
    those that any request can meet. `elsewhere`: the answer waits for a registry or another part, and is refused while
    too many do.
    """

    answer: Any = None
    status: int = 200
    query: Any = None
    body: Any = None
    optional: bool = False
    text_body: str | None = None
    text_or: Any = None
    media: tuple[str, ...] = (JSON,)
    refuses: tuple[int, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class At:
    """An answer, and the path where it is found from now on."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class AsOf:
    """An answer, and the place in the stream (of the topic state) from which on a reader has to follow."""

    place: str
    value: Any


def operation(contract: Operation) -> Callable[[Callable[..., Any]], View]:
    """Make a handler of a function that takes the path's parts, `query` and `body`, and gives the answer, At, None,
    or a Response as it stands.
    """

    def decorate(view: Callable[..., Any]) -> View:
        @wraps(view)
        def handle(**given: Any) -> Response:
            if contract.query is not None:
                given["query"] = read_query(contract.query)
            if contract.body is not None:
                given["body"] = read_body(contract.body, optional=contract.optional)
            with _elsewhere() if contract.elsewhere else nullcontext():
                return _answer(view(**given), contract.status)

        handle.__dict__["forge_operation"] = contract
        return handle

    return decorate


_asking = threading.BoundedSemaphore(AT_ONCE_ELSEWHERE)


@contextmanager
def _elsewhere() -> Iterator[None]:
    """At most AT_ONCE_ELSEWHERE at once: raise Unavailable rather than let what hangs hold every thread."""
    if not _asking.acquire(timeout=_PATIENCE):
        raise Unavailable(
            "Too many requests wait for answers of other programs just now: try again in a few seconds",
            code="busy",
            retry_after=5,
        )
    try:
        yield
    finally:
        _asking.release()


def contract_of(view: Callable[..., Any]) -> Operation | None:
    """The contract of a handler that has one."""
    found: Operation | None = getattr(view, "forge_operation", None)
    return found


def read_query(type_: type[T]) -> T:
    """The query as `type_`; raise Invalid, also for names that it does not have."""
    return _checked(lambda: typed.convert(_plain(request.args, type_), type_, strict=False))


def read_body(type_: type[T], *, optional: bool = False) -> T:
    """The JSON body as `type_`; raise Invalid, Unreadable or UnsupportedType."""
    body = request.get_data()
    if optional and not body:
        return type_()
    if request.mimetype != JSON:
        raise UnsupportedType(f"Send JSON, with the header Content-Type: {JSON}.")
    return _checked(lambda: typed.decode(body, type_))


def read_text() -> str:
    """The body as text; raise Unreadable."""
    try:
        return request.get_data().decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The text must be UTF-8.") from error


def domain(type_: type[T], body: msgspec.Struct, **more: Any) -> T:
    """`body`, and `more`, as a value of the domain; raise Invalid."""
    return _checked(lambda: typed.convert({**msgspec.to_builtins(body), **more}, type_))


def wire(type_: type[T], value: Any) -> T:
    """A value of ours as the type that goes out."""
    return typed.convert(value, type_, from_attributes=True)


def _answer(value: Any, status: int) -> Response:
    if isinstance(value, Response):
        return value
    headers = {}
    if isinstance(value, At):
        headers["Location"] = value.path
        value = value.value
    elif isinstance(value, AsOf):
        headers["Forge-Place"] = value.place
        value = value.value
    if status == 204:
        return Response(status=204)
    body = msgspec.json.encode(value)
    if len(body) > _LARGE and request.accept_encodings["gzip"]:
        body = gzip.compress(body, compresslevel=1)  # a fourteenth, in two milliseconds for a megabyte
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(body, status=status, headers=headers, content_type=JSON)


def _plain(args: MultiDict[str, str], type_: type[Any]) -> Mapping[str, Any]:
    hints = get_type_hints(type_)
    lists = {name for name, hint in hints.items() if _is_list(hint)}
    found: dict[str, Any] = {}
    for name, values in args.lists():
        found[name] = values if name in lists or len(values) > 1 else values[0]
    return found


def _is_list(hint: Any) -> bool:
    if get_origin(hint) in {Union, UnionType}:
        return any(_is_list(part) for part in get_args(hint) if part is not NoneType)
    return get_origin(hint) in {list, tuple}


_AT = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")


def _checked(read: Callable[[], T]) -> T:
    try:
        return read()
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unreadable("This is no JSON that can be read: look for a missing quote, comma or bracket.") from error


def _invalid(message: str) -> Invalid:
    found = _AT.search(message)
    path, what = (found["path"], message[: found.start()]) if found else ("", message)
    for pattern, said in ((_UNKNOWN, "unknown: leave it out"), (_MISSING, "missing")):
        if named := pattern.search(what):
            path, what = ".".join(part for part in (path, named["name"]) if part), said
    where = path[:200] or "the body"
    return Invalid(f"“{where}” is not as it should be: {what}", fields={where: what})
