"""The diffs in the results of Ansible's modules, as the lines of ``diff`` that a check says. Pure."""

import difflib
from collections.abc import Iterator, Mapping

MOST_LINES = 200
CONTEXT_LINES = 1


def diff_lines(result: Mapping[str, object]) -> list[str]:
    """Unified diffs of one task's result, those of a loop's items one after another; cut at ``MOST_LINES``."""
    lines: list[str] = []
    for one in _diffs(result):
        prepared = one.get("prepared")
        lines += str(prepared).splitlines() if prepared else _unified(one)
    return lines[:MOST_LINES]


def _diffs(result: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    said = result.get("diff")
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, Mapping):
            yield one
    items = result.get("results")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, Mapping):
            yield from _diffs(item)


def _unified(one: Mapping[str, object]) -> list[str]:
    before, after = one.get("before"), one.get("after")
    if before == after:
        return []
    name = str(one.get("before_header") or one.get("after_header") or "")
    return list(
        difflib.unified_diff(_lines(before), _lines(after), name, name, n=CONTEXT_LINES, lineterm=""),
    )


def _lines(value: object) -> list[str]:
    """Text as it is; of what modules say of rights and states, a line for each."""
    if isinstance(value, Mapping):
        return [f"{key}: {content}" for key, content in value.items()]
    return str(value or "").splitlines()
