"""A screen without a monitor (Xvfb), of which every pixel can be read, with a person's keyboard."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.live import until
from tests.parts.process import PartMissing

WIDTH, HEIGHT = 1400, 900
Colour = tuple[int, int, int]
_HEADER = (
    ">25I"  # X11/XWDFile.h; the numbers that are used: 0 header size, 4 width, 5 height, 12 bytes a line, 19 colours
)


class Picture:
    """What is on the screen at one moment."""

    def __init__(self, dump: bytes) -> None:
        numbers = struct.unpack_from(_HEADER, dump)
        self.width, self.height, self._line = numbers[4], numbers[5], numbers[12]
        self._pixels = dump[numbers[0] + 12 * numbers[19] :][: self._line * self.height]

    def counted(self, step: int = 3) -> Counter[Colour]:
        """The colours of a grid of points, and how many have each."""
        points = memoryview(self._pixels).cast("I")  # blue, green, red and one of no use
        wide = self._line // 4
        found: Counter[int] = Counter()
        for y in range(0, self.height, step):
            found.update(points[y * wide : y * wide + self.width : step].tolist())
        return Counter({(p >> 16 & 255, p >> 8 & 255, p & 255): count for p, count in found.items()})

    def share(self, colour: Colour) -> float:
        """How much of it has `colour`."""
        counted = self.counted()
        return counted[colour] / counted.total()

    def save(self, file: Path) -> None:
        """As PNG, to be looked at."""
        lines = bytearray()
        for y in range(self.height):
            row = self._pixels[y * self._line : y * self._line + 4 * self.width]
            rgb = bytearray(3 * self.width)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            lines += b"\0" + rgb
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(lines), 6)), (b"IEND", b""))
        png = b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + png)


class Screen:
    """`environment` shows a program the way here; use it as a context."""

    def __init__(self) -> None:
        for program in ("Xvfb", "xdotool", "dbus-daemon"):
            if shutil.which(program) is None:
                raise PartMissing(f"The window's tests need {program}: run `make parts`.")
        self._folder = tempfile.TemporaryDirectory(prefix="forge-screen-")
        self._process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        told, tells = os.pipe()
        size = ("-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", self._folder.name)
        self._process = subprocess.Popen(
            ["Xvfb", *size, "-nolisten", "tcp", "-displayfd", str(tells)], pass_fds=(tells,), stderr=subprocess.DEVNULL
        )
        os.close(tells)
        with os.fdopen(told) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start."
        self.environment = {"DISPLAY": f":{number}"}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()

    def picture(self) -> Picture:
        return Picture((Path(self._folder.name) / "Xvfb_screen0").read_bytes())

    def windows(self) -> list[str]:
        """The numbers of Forge's windows that can be seen."""
        found = self._do("search", "--onlyvisible", "--name", "^Forge$")
        return found.stdout.split()

    def shape(self) -> dict[str, int]:
        """X, Y, WIDTH and HEIGHT of the window."""
        (window,) = self.windows()
        lines = self._do("getwindowgeometry", "--shell", window).stdout.splitlines()
        return {name: int(value) for name, _, value in (line.partition("=") for line in lines)}

    def move(self, x: int, y: int, width: int, height: int) -> None:
        (window,) = self.windows()
        self._do("windowmove", window, str(x), str(y), "windowsize", window, str(width), str(height))

    def dialogs(self) -> list[str]:
        """The numbers of what is in front of the window."""
        found = self._do("search", "--onlyvisible", "--class", "forge").stdout.split()
        return [window for window in found if window not in self.windows()]

    def press(self, keys: str, window: str = "") -> None:
        """`ctrl+q`, in Forge's window if none is said."""
        if not window:
            until(lambda: len(self.windows()) == 1, "there is a window")
            (window,) = self.windows()
        self._do("windowfocus", "--sync", window, "key", "--clearmodifiers", keys)

    def type(self, text: str, window: str) -> None:
        self._do("windowfocus", "--sync", window, "key", "ctrl+a", "type", "--delay", "5", text)

    def _do(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            ["xdotool", *words], env=environment, capture_output=True, text=True, timeout=20, check=False
        )
