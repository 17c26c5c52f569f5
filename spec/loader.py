"""What the one file says when it cannot unpack itself: a sentence that says what to do.

No code of ours runs before that, so PyInstaller's loader speaks. On Linux, where a small or forbidding TMPDIR is
common, its words are replaced in the built file, each by one that is no longer. A signed file (macOS) may not be
changed.
"""

from __future__ import annotations

from pathlib import Path

_WITHIN = 1 << 17  # bytes from the beginning: the loader, not what is packed behind it
_NO_ROOM = b"No room to unpack Forge, set TMPDIR elsewhere: "  # the system's own word follows
SENTENCES = {
    b"[PYI-%d:%s] ": b"",
    b"[PYI-%d:ERROR] ": b"",
    b"Could not create temporary directory!\n": b"Forge needs a TMPDIR it can write to.\n",
    b"Failed to create parent directory structure.\n": b"Forge cannot unpack: set TMPDIR elsewhere.\n",
    b"Failed to extract %s: failed to open target file!\n": _NO_ROOM,
    b"Failed to extract %s: failed to write data chunk!\n": _NO_ROOM,
    b"Failed to extract %s: decompression resulted in return code %d!\n": (
        b"Forge has no room to unpack: set TMPDIR to where 60 MB are free\n"
    ),
    b"Failed to extract entry: %s.\n": b"",  # said after one of those above
    # The cause, the second word, is kept: it may also be a system that is too old.
    b"Failed to load Python shared library '%s': %s\n": b"Set TMPDIR to where programs may run:%.0s %s\n",
}


def speak(executable: Path) -> None:
    """Put the sentences into it; ends the build if PyInstaller's words are others by now."""
    text = executable.read_bytes()
    loader, rest = text[:_WITHIN], text[_WITHIN:]
    for words, ours in SENTENCES.items():
        if loader.count(words + b"\0") != 1 or len(ours) > len(words):
            raise SystemExit(f"PyInstaller's loader no longer says {words!r}: see spec/loader.py.")
        loader = loader.replace(words + b"\0", ours.ljust(len(words) + 1, b"\0"))
    with executable.open("r+b") as file:  # its mode is kept
        file.write(loader + rest)
