"""`python -m tests.browser.pictures [NAME …]`: every screen into docs/pictures, dark, light and on a phone."""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.chromium import Person, chromium
from tests.browser.screens import SCREENS
from tests.browser.town_process import Town

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST = 150_000  # bytes
WIDE, PHONE = {"width": 1400, "height": 840}, {"width": 390, "height": 800}
LOOKS = {
    "dark": {"color_scheme": "dark", "viewport": WIDE},
    "light": {"color_scheme": "light", "viewport": WIDE},
    "phone": {"color_scheme": "light", "viewport": PHONE, "has_touch": True, "is_mobile": True},
}


def main(wanted: list[str]) -> int:
    """1 if a picture would be too large."""
    FOLDER.mkdir(exist_ok=True)
    screens = [screen for screen in SCREENS if (screen.name in wanted if wanted else screen.picture)]
    large = []
    with tempfile.TemporaryDirectory() as folder, Town(Path(folder) / "data", "acme") as town, chromium() as browser:
        for look, more in LOOKS.items():
            calm = {**more, "reduced_motion": "reduce"}
            owner, guest = town.person(browser, **calm), Person(browser, town.url, **calm)
            for screen in screens:
                window = (guest if screen.guest else owner).window()
                screen.open(window, town.url, town.places)
                window.wait_for_timeout(300)  # sparks, bars and the last font
                file = FOLDER / f"{screen.name}-{look}.webp"
                file.write_bytes(taken(window))
                print(f"{file.name} {file.stat().st_size // 1024} KB", flush=True)
                if file.stat().st_size > LARGEST:
                    large.append(file.name)
                window.close()
            owner.leave()
            guest.leave()
    for name in large:
        print(f"{name} is too large to commit: show less on it", file=sys.stderr)
    return 1 if large else 0


def taken(window: Page) -> bytes:
    """WebP: a third of what PNG takes."""
    debugger = window.context.new_cdp_session(window)
    picture = debugger.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    return base64.b64decode(picture["data"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
