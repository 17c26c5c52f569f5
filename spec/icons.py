"""The icon in the formats of three systems, all made from ui/static/favicon.svg."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "ui/static/favicon.svg"
Render = Callable[[int], bytes]  # pixels of a side → a PNG file

_ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
_ICNS_KINDS = {b"icp4": 16, b"icp5": 32, b"icp6": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024}


def write(folder: Path) -> None:
    """forge.png, forge.ico and forge.icns."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "forge.png").write_bytes(png(512))
    (folder / "forge.ico").write_bytes(ico(png))
    (folder / "forge.icns").write_bytes(icns(png))


def png(size: int) -> bytes:
    from resvg_py import svg_to_bytes  # noqa: PLC0415  only a build needs it

    return bytes(svg_to_bytes(svg_string=SOURCE.read_text("utf-8"), width=size, height=size))


def ico(render: Render) -> bytes:
    """Windows' format (ICONDIR, then one entry a size), with PNG images as it allows since Vista."""
    images = [render(size) for size in _ICO_SIZES]
    directory = struct.pack("<HHH", 0, 1, len(images))
    offset = len(directory) + 16 * len(images)
    for size, image in zip(_ICO_SIZES, images, strict=True):
        side = size % 256  # 0 means 256
        directory += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(image), offset)
        offset += len(image)
    return directory + b"".join(images)


def icns(render: Render) -> bytes:
    """MacOS' format: `icns`, its length, then each image behind its kind and length."""
    chunks = b""
    for kind, size in _ICNS_KINDS.items():
        image = render(size)
        chunks += kind + struct.pack(">I", len(image) + 8) + image
    return b"icns" + struct.pack(">I", len(chunks) + 8) + chunks
