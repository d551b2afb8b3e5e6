"""Taking a line of ``cmd`` apart, as far as ``winrm_stub`` understands it."""

import re
from collections.abc import Mapping

_TOKEN = re.compile(r'"[^"]*"|&&|&|[^"&]+')


def parts(line: str) -> list[tuple[str, str]]:
    """Cut at ``&`` and ``&&`` outside quotes; a batch file's ``echo`` keeps its own."""
    found, joint, current = [], "", ""
    for token in _TOKEN.findall(line):
        if token in {"&", "&&"}:
            found.append((joint, current))
            joint, current = token, ""
        else:
            current += token
    return [*found, (joint, current)]


def redirections(part: str) -> tuple[str, str, str, bool]:
    """The command without its redirections: command, input file, output file, whether to append."""
    source = target = ""
    append = False
    pattern = re.compile(r'(>>|>|<)\s*("[^"]+"|[^\s"<>]+)')
    quoted = [match.span() for match in re.finditer(r'"[^"]*"', part)]
    spans = []
    for match in pattern.finditer(part):
        if any(low < match.start() < high for low, high in quoted):
            continue
        word = match.group(2).strip('"')
        if part[max(0, match.start() - 1)] == "2" and match.group(1) != "<":
            spans.append((match.start() - 1, match.end()))
            continue
        if match.group(1) == "<":
            source = word
        else:
            target, append = word, match.group(1) == ">>"
        spans.append(match.span())
    for low, high in reversed(spans):
        part = part[:low] + part[high:]
    return part, source, target, append


def expand(line: str, environment: Mapping[str, str]) -> str:
    """Put in what ``%NAME%`` stands for; ``%NAME:a=b%`` with every a as b."""

    def stands_for(match: re.Match[str]) -> str:
        value = environment.get(match.group(1).upper())
        if value is None:
            return match.group(0)
        return value.replace(match.group(2), match.group(3) or "") if match.group(2) else value

    return re.sub(r"%(\w+)(?::([^=%]+)=([^%]*))?%", stands_for, line)


def key_of(name: str) -> str:
    """A name without its quotes and its case."""
    return name.strip().strip('"').lower()
