"""A drawn picture as PNG, without a browser or a system library; its words are in a font that this machine has."""

from collections.abc import Sequence

from resvg_py import svg_to_bytes

from muster.errors import MusterError
from scheduler.pictures.svg import FONT

MOST_PIXELS = 12_000
FAMILIES = (
    "DejaVu Sans", "Liberation Sans", "Noto Sans", "Open Sans", "Roboto", "FreeSans",
    "Arial", "Helvetica", "Segoe UI", "Verdana",
)  # fmt: skip
"""What stands for a picture's ``sans-serif``: resvg takes a family by its name and puts no other in its place."""

LETTER = f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text {FONT} x="2" y="16">{{}}</text></svg>'


def png_of(drawn: str, families: Sequence[str] = FAMILIES) -> bytes:
    """The picture at twice its size, so that small words can be read on paper; smaller where that would be huge.

    Raises:
        MusterError: this machine has none of the families, and a picture without its words would mislead.
    """
    family = next((one for one in families if _writes(one)), None)
    if family is None:
        raise MusterError(
            "this machine has no font to write into a PNG", hint="apt install fonts-dejavu-core; or draw an .svg"
        )
    width, height = (float(part) for part in drawn.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split())
    return _png(drawn, family, zoom=max(1, min(2, int(MOST_PIXELS / max(width, height)))))


def _writes(family: str) -> bool:
    return _png(LETTER.format("M"), family) != _png(LETTER.format(""), family)


def _png(drawn: str, family: str, zoom: float = 1.0) -> bytes:
    return bytes(svg_to_bytes(svg_string=drawn, zoom=zoom, font_family=family, sans_serif_family=family))
