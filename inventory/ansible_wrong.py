"""Why Ansible refuses an inventory, by line and in words of our own: its own name neither the line nor what is right.

Only looked for once Ansible has refused the file, so what is not found here is told in Ansible's words. What follows
a host's or a variable's name is never repeated: it may be a password.
"""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

import yaml

_SECTION = re.compile(r"\[(?P<group>[^:\]\s]+)(?::(?P<kind>\w+))?\]\s*(?:[#;].*)?")
_KINDS = ("vars", "children", "hosts")
_GROUP_KEYS = ("hosts", "vars", "children")
_SECTIONS = "write [name], [name:vars] or [name:children]"


class Wrong(NamedTuple):
    """The first line that cannot be read, from 1 on."""

    line: int
    value: str
    wrong: str
    right: str


def wrong_in(text: str, plugin: str) -> Wrong | None:
    """What is wrong in an inventory for Ansible's plugin ``ini`` or ``yaml``; None where nothing is found."""
    return next(_in_yaml(text) if plugin == "yaml" else _in_ini(text), None)


def _in_ini(text: str) -> Iterator[Wrong]:
    kind, named, children = "hosts", {"all", "ungrouped"}, dict[str, int]()
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            section = _SECTION.fullmatch(line)
            if section is None:
                yield Wrong(number, line, "is no section", _SECTIONS)
                return
            kind = section["kind"] or "hosts"
            if kind not in _KINDS:
                yield Wrong(number, line, f"is no section: there is no {kind!r}", _SECTIONS)
            if kind != "vars":
                named.add(section["group"])
        elif kind == "children":
            children.setdefault(line.split("#")[0].strip(), number)
        else:
            yield from _ini_line(number, line, kind)
    for group, number in children.items():
        if group not in named:
            yield Wrong(number, group, "is not a group of this file", f"write a section [{group}], or leave it out")


def _ini_line(number: int, line: str, kind: str) -> Iterator[Wrong]:
    """A host with its variables, or one variable of a group."""
    first = line.split(maxsplit=1)[0].split("=", maxsplit=1)[0]
    if kind == "vars":
        if "=" not in line:
            yield Wrong(number, first, "is given no value", "write name=value, one on a line")
        return
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        yield Wrong(number, first, "is followed by a quotation mark that is never closed", "close it")
        return
    if any("=" not in word for word in words[1:]):
        right = "write host name=value name=value, without spaces around =, and quote a value that has spaces"
        yield Wrong(number, first, "is followed by a word that is no name=value", right)


def _in_yaml(text: str) -> Iterator[Wrong]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        yield Wrong(line, "", f"is no YAML: {error.problem}", "indent with spaces, the same for all of one level")
        return
    for name, group in _pairs(root):
        yield from _group(name, group)
    if root is not None and not isinstance(root, yaml.MappingNode):
        yield Wrong(1, "", "is not a mapping of groups", "begin with all: and, indented below it, hosts:")


def _group(name: yaml.ScalarNode, group: yaml.Node) -> Iterator[Wrong]:
    if _is_empty(group):
        return
    if not isinstance(group, yaml.MappingNode):
        yield Wrong(_line(name), name.value, "is no group", "give it hosts:, vars: or children:")
    for key, value in _pairs(group):
        if key.value not in _GROUP_KEYS:
            yield Wrong(_line(key), key.value, f"is nothing that group {name.value} has", "hosts, vars or children")
        elif not _is_empty(value) and not isinstance(value, yaml.MappingNode):
            right = f"write each below {key.value}: on a line of its own, with a colon after its name"
            yield Wrong(_line(key), key.value, "is not a mapping", right)
        elif key.value == "children":
            for child, below in _pairs(value):
                yield from _group(child, below)


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in {"", "~", "null"}


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
