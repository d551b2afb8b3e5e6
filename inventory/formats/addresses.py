"""Addresses of hosts: an IP address or a host name."""

import ipaddress
import re

from inventory.formats import BadValue

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBERS_ONLY = re.compile(r"[\d.]+")
_EXAMPLE = "write an IP address or a host name, such as 10.20.0.7 or web01.example.com"


def parse_address(text: str) -> str:
    """An IPv4 or IPv6 address (its brackets are dropped), or a host name; nothing is looked up.

    A list of IP addresses, as some exports have it, is read as its first entry.
    """
    first, *others = (entry.removeprefix("[").removesuffix("]") for entry in re.split(r"[\s,;]+", text.strip()))
    if others and not all(is_ip(entry) for entry in (first, *others) if entry):
        raise BadValue("is not an address", _EXAMPLE)
    if is_ip(first) or is_name(first):
        return first
    if not first.isascii():
        raise BadValue("is not an address", _ascii_hint(first))
    if "://" in first or "/" in first:
        raise BadValue("is not an address", f"{_EXAMPLE}, without a scheme or a path")
    raise BadValue("is not an address", _EXAMPLE)


def is_ip(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_name(text: str) -> bool:
    """Whether it has the shape of a host name; underscores are allowed, as Windows names have them."""
    labels = text.removesuffix(".").split(".")
    return len(text) <= 253 and not _NUMBERS_ONLY.fullmatch(text) and all(_LABEL.fullmatch(label) for label in labels)


def _ascii_hint(text: str) -> str:
    try:
        return f"write the name as DNS has it: {text.encode('idna').decode('ascii')}"
    except UnicodeError:
        return _EXAMPLE
