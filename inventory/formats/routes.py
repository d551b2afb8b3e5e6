"""The way to a site: machines that are gone through, and how much may be sent."""

import re
from collections.abc import Sequence
from dataclasses import replace

from inventory.formats import BadValue
from inventory.formats.addresses import is_ip, is_name
from inventory.formats.credentials import parse_credential
from inventory.formats.numbers import parse_port
from muster.fleet import Jump

_HOP = re.compile(r"(?:(?P<user>[^@\s\[\]]+)@)?(?:\[(?P<ip>[^\]\s]+)\]|(?P<name>[^@\s:\[\]]+))(?::(?P<port>\d+))?")
_EXAMPLE = "write it as OpenSSH's ProxyJump, such as ops@gate.acme.example:2222 or gate.acme.example, 10.1.0.1"
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMG]?)(B/s|Bps|bit/s|bps)?", re.IGNORECASE)
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


def parse_jumps(text: str) -> tuple[Jump, ...]:
    """Machines to go through, the first one first, separated by commas: ``ops@gate.example:2222, [fd00::1]``."""
    return tuple(_hop(part.strip()) for part in text.split(",") if part.strip())


def format_jumps(jumps: Sequence[Jump]) -> str:
    """The machines as ``parse_jumps`` reads them; their credentials are another column."""
    return ", ".join(str(jump) for jump in jumps)


def parse_references(text: str) -> tuple[str, ...]:
    """Credential references separated by ``;``; an empty place means the default."""
    parts = [part.strip() for part in text.split(";")]
    return tuple(parse_credential(part) if part else "" for part in parts)


def format_references(references: Sequence[str]) -> str:
    """One reference where all are the same, else each in its place."""
    return references[0] if len(set(references)) == 1 else "; ".join(references)


def with_references(jumps: tuple[Jump, ...], references: tuple[str, ...]) -> tuple[Jump, ...]:
    """Each machine with its credential; one credential is for all of them.

    Raises:
        BadValue: there are not as many as machines.
    """
    if len(references) == 1:
        references *= len(jumps)
    if references and len(references) != len(jumps):
        right = f"write one reference for all, or {len(jumps)} separated by ;"
        raise BadValue(f"does not fit {len(jumps)} jump hosts", right)
    each = references or ("",) * len(jumps)
    return tuple(replace(jump, credential=own) for jump, own in zip(jumps, each, strict=True))


def parse_rate(text: str) -> int:
    """Bytes a second: ``250000``, ``250 kB/s`` or ``2 Mbit/s``; thousands, not 1,024."""
    match = _RATE.fullmatch(text)
    if not match:
        raise BadValue("is not a number of bytes a second", "write one such as 250000, 250 kB/s or 2 Mbit/s")
    number, scale, unit = match.groups()
    bits = (unit or "").lower() in {"bit/s", "bps"} and unit != "Bps"
    return round(float(number) * _SCALE[scale.lower()] / (8 if bits else 1))


def _hop(text: str) -> Jump:
    match = _HOP.fullmatch(text)
    address = (match["ip"] or match["name"]) if match else ""
    if match is None or not (is_ip(address) if match["ip"] else is_ip(address) or is_name(address)):
        if is_ip(text):  # an IPv6 address without brackets
            return Jump(text)
        raise BadValue("is not a jump host", _EXAMPLE)
    return Jump(address, parse_port(match["port"] or "0"), match["user"] or "")
