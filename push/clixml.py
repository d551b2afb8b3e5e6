"""CLIXML, in which PowerShell writes errors to a pipe, into the words that a person would have seen."""

import re
import xml.etree.ElementTree as ET

MARK = "#< CLIXML"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """The text with every CLIXML block in it replaced by its errors and warnings; other text stays as it is.

    What cannot be read as CLIXML (cut off by the cap, say) is kept as it came: nothing is hidden.
    """
    if MARK not in text:
        return text
    before, *blocks = text.split(MARK)
    return before + "".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    xml, closing, after = block.strip().partition("</Objs>")
    try:
        root = ET.fromstring(xml + closing) if "<!" not in xml else None  # noqa: S314 - no entities are let in
    except ET.ParseError:
        root = None
    if root is None:
        return f"{MARK}{block}"
    words = "".join(_unescaped(node.text or "") for node in root if node.tag.endswith("}S") or node.tag == "S")
    lines = [line.rstrip() for line in _COLOURS.sub("", words).splitlines()]
    said = "\n".join(line for line in lines if line)
    return f"{said}\n{after.lstrip()}" if said else after.lstrip()


def _unescaped(text: str) -> str:
    """``_x000D__x000A_`` is how CLIXML writes a line end; ``_x005F_`` is the underscore itself."""
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
