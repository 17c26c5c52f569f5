"""What the window shows until the board is there, or when it cannot be."""

from __future__ import annotations

from html import escape

from forge.desktop.words import Words

# The board's own grounds (--bg), so that nothing flashes when it takes over.
DARK, LIGHT = "#0d0e11", "#f7f8f9"

_ANVIL = (
    '<svg viewBox="0 0 32 32" width="72" height="72" aria-hidden="true"><rect width="32" height="32" rx="7" '
    'fill="#ff8a3d"/><path d="M6 12h14l6-3v3c0 3-3 5-6 5h-2v3l4 4H10l4-4v-3c-4 0-8-1.500-8-5z" fill="#16181d"/></svg>'
)
_PAGE = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Forge</title><style>
html {{ background: {ground}; color: {text}; color-scheme: {scheme}; height: 100%; cursor: default }}
body {{ margin: 0; height: 100%; display: grid; place-items: center; font: 14px/1.6 system-ui, sans-serif;
  -webkit-user-select: none }}
main {{ text-align: center; max-width: 34rem; padding: 2rem; animation: come .25s ease-out both }}
h1 {{ font-size: 17px; font-weight: 600; margin: 1.1rem 0 .4rem }}
p {{ margin: 0; color: {quiet}; -webkit-user-select: text; overflow-wrap: anywhere }}
i {{ display: block; width: 132px; height: 3px; margin: 1.4rem auto 0; border-radius: 2px; overflow: hidden;
  background: {line} }}
i::after {{ content: ""; display: block; width: 40%; height: 100%; border-radius: 2px; background: #ff8a3d;
  animation: go 1.3s ease-in-out infinite }}
@keyframes go {{ from {{ transform: translateX(-100%) }} to {{ transform: translateX(350%) }} }}
@keyframes come {{ from {{ opacity: 0 }} }}
@media (prefers-reduced-motion: reduce) {{ main, i::after {{ animation: none }} }}
</style></head><body><main>{anvil}{inside}</main></body></html>"""


def starting(words: Words, *, dark: bool) -> str:
    """Forge is on its way."""
    return _page(words, f"<h1>Forge</h1><p>{escape(words.starting)}</p><i></i>", dark=dark)


def failed(words: Words, why: str, *, dark: bool) -> str:
    """Forge cannot start, and what to do."""
    said = f'<h1>{escape(words.cannot_start)}</h1><p role="alert">{escape(why)}</p>'
    return _page(words, said, dark=dark)


def ground(*, dark: bool) -> str:
    """The colour of an empty window."""
    return DARK if dark else LIGHT


def menu_style(*, dark: bool) -> str:
    """GTK's CSS: the menu bar on the ground of the board's rail, questions on that of its cards."""
    rail, text, line = ("#090a0d", "#c4c7cd", "#1d1f23") if dark else ("#f1f2f4", "#3c4048", "#dfe1e4")
    card = "#15171b" if dark else "#ffffff"
    return (
        f"menubar {{ background: {rail}; color: {text}; border-bottom: 1px solid {line}; box-shadow: none; "
        f"font-size: 12px; padding: 1px 4px }} menu {{ background: {card}; border: 1px solid {line}; padding: 4px 0 }} "
        f"messagedialog {{ background: {card} }}"
    )


def _page(words: Words, inside: str, *, dark: bool) -> str:
    shades = ("#f2f3f5", "#93979e", "#282a2f", "dark") if dark else ("#191c22", "#61656d", "#dfe1e4", "light")
    text, quiet, line, scheme = shades
    return _PAGE.format(
        language=words.language, ground=ground(dark=dark), text=text, quiet=quiet, line=line, scheme=scheme,
        anvil=_ANVIL, inside=inside,
    )  # fmt: skip
