"""Files that are read by a preset, for the command line: the same answer as ``inventory.read`` gives."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from inventory.presets import ASKED, Preset, Taking, check_target, label_of
from inventory.presets_read import check, read_exports, taking_of, unused
from inventory.presets_tables import Export
from inventory.read import Imported
from muster.crew import Crew
from muster.errors import InputError, Problem
from muster.fleet import Fleet


def read_defaults(words: Sequence[str]) -> Mapping[str, str]:
    """``sites.timezone=America/Vancouver`` and so on, by target.

    Raises:
        InputError: a word is not of that form.
        NotFound: there is no such column.
    """
    found: dict[str, str] = {}
    for word in words:
        target, sign, text = word.partition("=")
        if not sign or not text.strip():
            raise InputError(f"{word!r} gives no default", hint="such as sites.timezone=America/Vancouver")
        found[check_target(target.strip())] = text.strip()
    return found


def read_preset_files(
    paths: Sequence[Path], preset: Preset, defaults: Mapping[str, str], *, known: Fleet, known_crew: Crew
) -> Imported:
    """Read exports of one product.

    Raises:
        InputError: a file is none, has no column of the preset, or lacks what nobody has given a default for.
    """
    exports: list[tuple[Export, Taking]] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for path in paths:
        tables, wrong, said = read_exports(path, str(path))
        problems += wrong
        notes += said
        for export in tables:
            taking = taking_of(preset, export, defaults)
            _refuse_gaps(preset, taking, known)
            exports.append((export, taking))
            left = unused(export, taking)
            notes += [f"{export.source}: not used: {', '.join(left)}"] if left else []
    found = check(exports, known=known, known_crew=known_crew)
    return replace(found.imported, problems=(*problems, *found.problems), notes=tuple(notes))


def missing(taking: Taking) -> tuple[str, ...]:
    """What every machine needs, no column says, and nobody has given a default for."""
    told = taking.taken | {target for target, text in taking.defaults.items() if text}
    named = {"clients.name": "clients.id", "sites.name": "sites.id"}
    return tuple(one for one in ASKED if one not in told and named.get(one) not in told) if taking.is_combined else ()


def _refuse_gaps(preset: Preset, taking: Taking, known: Fleet) -> None:
    """Say what has to be given beside the export; a time zone only where sites may be new."""
    gaps = [one for one in missing(taking) if one != "sites.timezone" or not known.sites]
    if gaps:
        example = {"sites.timezone": "America/Vancouver", "hosts.os": "windows"}
        options = " ".join(f"--default {one}={example.get(one, 'NAME')}" for one in gaps)
        names = ", ".join(label_of(one) for one in gaps)
        raise InputError(f"an export of {preset.title} does not say: {names}", hint=f"give it: {options}")
