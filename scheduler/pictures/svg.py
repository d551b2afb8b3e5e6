"""A few words of SVG: shapes with a title, escaped, in the colours of the house."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

FONT = "font-family='system-ui, sans-serif'"
INK, PALE, GRID, ALARM = "#1d2733", "#6b7785", "#dfe4ea", "#c0392b"
COLOURS = ("#2f6fb0", "#d9822b", "#3d9970", "#8e5ea2", "#b5485d", "#4a9aa8", "#8a7a2f", "#5f6caf")
"""For people and clients, in turn; told apart by most colour-blind readers beside each other."""


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole picture with its title, on white."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}" role="img" aria-label={quoteattr(title)} {FONT}>\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def text(
    x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", colour: str = INK, bold: bool = False
) -> str:
    """Words with their base line at ``y``."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(words)}</text>"
    )


def box(x: float, y: float, width: float, height: float, colour: str, *, title: str = "", opacity: float = 1.0) -> str:
    """A filled box; the title is shown when the pointer rests on it."""
    faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0.5))}" height="{_n(height)}"'
    shape = f'<rect {place} rx="2" fill="{colour}"{faint}'
    return f"{shape}><title>{escape(title)}</title></rect>" if title else f"{shape}/>"


def line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1.0) -> str:
    """A straight line."""
    ends = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{_n(width)}"/>'


def path(points: Iterable[tuple[float, float]], colour: str, width: float = 1.5) -> str:
    """A line through points."""
    places = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    return (
        f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{_n(width)}" stroke-opacity="0.8"/>'
    )


def dot(x: float, y: float, radius: float, colour: str, *, title: str = "") -> str:
    """A filled circle."""
    shape = f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{colour}" stroke="white"'
    return f"{shape}><title>{escape(title)}</title></circle>" if title else f"{shape}/>"


def shorter(words: str, most: int) -> str:
    """Words that fit, with dots where something is left out."""
    return words if len(words) <= most else words[: max(1, most - 1)] + "…"


def _n(value: float) -> str:
    """A number without needless digits."""
    return f"{value:.1f}".rstrip("0").rstrip(".")
