"""Names in few words, as ClusterShell writes them: ``web[01-20,22].example``, and back.

Names that hold a sign of this notation are written in double quotes, so that every list of names can be folded and
unfolded again.
"""

import json
import re
from collections.abc import Iterable, Iterator

from muster.errors import InputError

_SIGNS = re.compile(r"[\[\],\"\s]")
_NUMBER = re.compile(r"[0-9]+")
_PARTS = re.compile(r"([0-9]{1,15})")
_MOST_DIGITS = 15
_MOST_NAMES = 1_000_000
_ITEM = re.compile(r'"(?:[^"\\]|\\.)*"|(?:[^\[\],"\s]|\[[^\]]*\])+')
_RANGE = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def fold(names: Iterable[str]) -> str:
    """The names, each once, in natural order, with those that differ in one number drawn together.

    >>> fold(["web2", "web1", "db", "web3", "web05"])
    'db, web[1-3,05]'
    """
    groups: dict[tuple[str, str, bool], list[str]] = {}
    for name in sorted(set(names), key=natural):
        prefix, digits, suffix = _split(name)
        groups.setdefault((prefix, suffix, bool(digits)), []).append(digits)
    return ", ".join(
        f"{prefix}{_numbers_text(digits)}{suffix}" if numbered else _plain(prefix)
        for (prefix, suffix, numbered), digits in groups.items()
    )


def unfold(text: str) -> list[str]:
    """The names that a folded text stands for, in natural order.

    Raises:
        InputError: it cannot be read, or stands for more than a million names.
    """
    names: list[str] = []
    for item in _items(text):
        names += _expand(item, _MOST_NAMES - len(names))
    return sorted(set(names), key=natural)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts ``web9`` before ``web10``."""
    parts = _PARTS.split(name)
    return tuple((1, int(part), part) if index % 2 else (0, 0, part) for index, part in enumerate(parts))


def _split(name: str) -> tuple[str, str, str]:
    """The last number before the first point, else the last number; empty digits where nothing can be folded."""
    if not name or _SIGNS.search(name):
        return name, "", ""
    first, point, _ = name.partition(".")
    found = list(_NUMBER.finditer(first)) or (list(_NUMBER.finditer(name)) if point else [])
    if not found or len(found[-1].group()) > _MOST_DIGITS:
        return name, "", ""
    last = found[-1]
    return name[: last.start()], last.group(), name[last.end() :]


def _plain(name: str) -> str:
    return json.dumps(name, ensure_ascii=False) if not name or _SIGNS.search(name) else name


def _numbers_text(digits: list[str]) -> str:
    return digits[0] if len(digits) == 1 else f"[{','.join(_ranges(digits))}]"


def _ranges(digits: list[str]) -> Iterator[str]:
    """Ranges of numbers of one width each; numbers without leading zeros may grow in width."""
    padded = {len(text) for text in digits if len(text) > 1 and text.startswith("0")}
    plain = sorted(int(text) for text in digits if len(text) not in padded)
    yield from _spans(plain, 0)
    for width in sorted(padded):
        yield from _spans(sorted(int(text) for text in digits if len(text) == width), width)


def _spans(numbers: list[int], width: int) -> Iterator[str]:
    start = 0
    for index, number in enumerate(numbers):
        if index + 1 < len(numbers) and numbers[index + 1] == number + 1:
            continue
        first = str(numbers[start]).zfill(width)
        yield first if start == index else f"{first}-{str(number).zfill(width)}"
        start = index + 1


def _items(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        match = _ITEM.match(text, at)
        if not match or not match.group().strip():
            raise InputError(
                f"no list of hosts at {text[at : at + 20]!r}", hint="write names such as web[01-20,22], db1"
            )
        yield match.group()
        rest = re.compile(r"\s*(?:,\s*|$)").match(text, match.end())
        if not rest:
            raise InputError(f"no list of hosts at {text[match.end() : match.end() + 20]!r}", hint="part names with ,")
        at = rest.end()


def _expand(item: str, room: int) -> list[str]:
    if item.startswith('"'):
        return [str(json.loads(item))]
    prefix, bracket, rest = item.strip().partition("[")
    if not bracket:
        return [prefix]
    body, _, suffix = rest.partition("]")
    names: list[str] = []
    for part in body.split(","):
        match = _RANGE.fullmatch(part.strip())
        if not match:
            raise InputError(f"no range of numbers: {part!r}", hint="write numbers such as [01-20,22]")
        first, last = match[1], match[2] or match[1]
        if int(last) - int(first) >= room - len(names):
            raise InputError(f"{item!r} stands for more than a million hosts", hint="write a smaller range")
        names += [f"{prefix}{str(n).zfill(len(first))}{suffix}" for n in range(int(first), int(last) + 1)]
    return names
