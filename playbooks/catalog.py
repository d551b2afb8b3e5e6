"""The catalogue of fixes: which there are, and one of them made ready with a campaign's parameters.

Fixes come with Muster, or lie in the folder ``fixes/`` of a workspace: a company's own.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import cast

from muster.errors import FixError, NotFound
from muster.ids import FixName
from muster.ports import PreparedFix
from playbooks.contract import FIX_FILE, FixSpec, read_fix
from playbooks.scripted import ScriptedFix
from playbooks.values import read_values

Prepare = Callable[[FixSpec, Traversable, Mapping[str, str]], PreparedFix]
"""What ``prepare`` of a ``fix.yml`` names: takes the fix, its folder and every parameter's value."""
OWN_FOLDER = "fixes"
"""The folder of a workspace that holds a company's own fixes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder of the catalogue; ``problem`` says why it is none that can be used, and ``spec`` is then None."""

    name: FixName
    folder: Traversable
    own: bool
    spec: FixSpec | None
    problem: FixError | None = None


def entries(workspace: Path | None = None) -> tuple[Entry, ...]:
    """Every fix, also the broken ones: those of Muster first, then the workspace's own; never raises."""
    built_in = [_entry(folder, own=False) for folder in _folders(files("playbooks")) if (folder / FIX_FILE).is_file()]
    taken = {entry.name for entry in built_in}
    return (*built_in, *(_own_entry(folder, taken) for folder in _own_folders(workspace)))


def fixes(workspace: Path | None = None) -> tuple[FixName, ...]:
    """The names of all fixes that can be used, in order."""
    return tuple(sorted(entry.name for entry in entries(workspace) if entry.spec))


def fix_spec(name: str, workspace: Path | None = None) -> FixSpec:
    """What a fix says about itself: title, notice, parameters, steps.

    Raises:
        NotFound: there is no such fix; the message names those there are.
        FixError: its folder does not hold to the contract.
    """
    return read_fix(find(name, workspace).folder)


def prepare_fix(name: str, parameters: Mapping[str, str], *, workspace: Path | None = None) -> PreparedFix:
    """A fix with a campaign's parameters put in, ready to be carried to hosts.

    Raises:
        NotFound: there is no such fix.
        FixError: its folder does not hold to the contract, or a parameter is wrong.
    """
    return prepare_folder(find(name, workspace).folder, parameters, base=workspace)


def prepare_folder(folder: Traversable, parameters: Mapping[str, str], *, base: Path | None = None) -> PreparedFix:
    """The same for a folder that lies anywhere; ``base`` is where relative files of parameters are taken from.

    Raises:
        FixError: as for ``prepare_fix``.
    """
    spec = read_fix(folder)
    prepare = _function(spec, folder)
    return prepare(spec, folder, read_values(spec, parameters, base=base or Path()))


def find(name: str, workspace: Path | None = None) -> Entry:
    """The entry of this name, one that can be used.

    Raises:
        NotFound: there is no such fix; the message names those there are.
        FixError: it is there and does not hold to the contract.
    """
    there = entries(workspace)
    found = [entry for entry in there if entry.name == name]
    if not found:
        hint = "muster fix new NAME makes one of your own" if workspace else ""
        names = ", ".join(sorted(entry.name for entry in there))
        raise NotFound(f"there is no fix {name!r}; there are {names}", hint=hint)
    for entry in found:
        if entry.problem:
            raise entry.problem
    return found[0]


def _folders(place: Traversable) -> list[Traversable]:
    return sorted((entry for entry in place.iterdir() if entry.is_dir()), key=lambda entry: entry.name)


def _own_folders(workspace: Path | None) -> list[Traversable]:
    place = workspace / OWN_FOLDER if workspace else None
    if place is None or not place.is_dir():
        return []
    return [folder for folder in _folders(place) if not folder.name.startswith((".", "_"))]


def _own_entry(folder: Traversable, taken: set[FixName]) -> Entry:
    name = FixName(folder.name)
    if name in taken:
        problem = FixError(
            f"{OWN_FOLDER}/{name}: Muster has a fix of this name already",
            hint="Give the folder, and 'name:' in its fix.yml, another name.",
        )
        return Entry(name, folder, own=True, spec=None, problem=problem)
    return _entry(folder, own=True)


def _entry(folder: Traversable, *, own: bool) -> Entry:
    try:
        return Entry(FixName(folder.name), folder, own, read_fix(folder))
    except FixError as error:
        return Entry(FixName(folder.name), folder, own, None, error)


def _function(spec: FixSpec, folder: Traversable) -> Prepare:
    if not spec.prepare:
        return ScriptedFix
    module_name, _, function = spec.prepare.partition(":")
    try:
        module = _own_module(folder, module_name) if module_name.endswith(".py") else import_module(module_name)
        return cast("Prepare", getattr(module, function))
    except Exception as error:  # noqa: BLE001 - a company's own module may raise anything while it is read
        why = " ".join(str(error).split()) or type(error).__name__
        raise FixError(f"{spec.name}/{FIX_FILE}: prepare: {spec.prepare!r} cannot be imported: {why}") from None


def _own_module(folder: Traversable, file: str) -> ModuleType:
    """A module that lies in the fix's folder, under a name that no other module has."""
    path = Path(str(folder)) / file
    name = f"muster_own_fix_{folder.name.replace('-', '_')}_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    return module
