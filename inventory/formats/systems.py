"""Operating systems: the family from a name such as ``Microsoft Windows Server 2022`` or ``Ubuntu 22.04``."""

import re
from dataclasses import dataclass

from inventory.formats import BadValue
from inventory.formats.texts import parse_text
from muster.fleet import OsFamily

_WINDOWS = re.compile(r"\bwin(dows|32|64|10|11)?\b|\bwindows_|^windows")
_LINUX = re.compile(
    r"linux|ubuntu|debian|\bred ?hat\b|\brhel\b|centos|\brocky\b|\balma|fedora|\bsuse\b|opensuse|\bsles\b|\barch\b|"
    r"\balpine\b|\bgentoo\b|raspbian|proxmox|\bamazon\b"
)
_OTHER = re.compile(
    r"\bmac ?os|\bmac\b|\bmac_|os x|darwin|\bios\b|ipados|android|\besxi?\b|vmware|bsd\b|solaris|\baix\b|hp-?ux|"
    r"junos|fortios|routeros|chrome ?os|\bnms_|\bcloud_|printer|switch|firewall|pfsense|synology|qnap"
)


@dataclass(frozen=True, slots=True)
class SystemName:
    """A family, and the version where the text says more than the family."""

    family: OsFamily
    version: str = ""


def parse_system(text: str) -> SystemName:
    """The family of a system's name; the whole name is the version where it is more than the family's word.

    Raises:
        BadValue: no family can be read from it. It is never guessed: a wrong family is the wrong fix.
    """
    word = text.casefold()
    if word in set(OsFamily):
        return SystemName(OsFamily(word))
    for family, pattern in ((OsFamily.LINUX, _LINUX), (OsFamily.WINDOWS, _WINDOWS), (OsFamily.OTHER, _OTHER)):
        if pattern.search(word):
            return SystemName(family, parse_text(text))
    raise BadValue("is no system whose family is known", "write linux, windows or other")
