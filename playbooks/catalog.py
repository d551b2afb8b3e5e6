"""The catalogue of fixes: which there are, and one of them made ready with a campaign's parameters."""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import cast

from muster.errors import FixError, NotFound
from muster.ids import FixName
from muster.ports import PreparedFix
from playbooks.contract import FIX_FILE, FixSpec, read_fix
from playbooks.scripted import ScriptedFix
from playbooks.values import read_values

Prepare = Callable[[FixSpec, Traversable, Mapping[str, str]], PreparedFix]
"""What ``prepare`` of a ``fix.yml`` names: takes the fix, its folder and every parameter's value."""


def fixes() -> tuple[FixName, ...]:
    """The names of all fixes, in order."""
    folders = [entry for entry in files("playbooks").iterdir() if entry.is_dir()]
    return tuple(sorted(FixName(folder.name) for folder in folders if (folder / FIX_FILE).is_file()))


def fix_spec(name: str) -> FixSpec:
    """What a fix says about itself: title, notice, parameters, steps.

    Raises:
        NotFound: there is no such fix; the message names those there are.
        FixError: its folder does not hold to the contract.
    """
    return read_fix(_folder(name))


def prepare_fix(name: str, parameters: Mapping[str, str]) -> PreparedFix:
    """A fix with a campaign's parameters put in, ready to be carried to hosts.

    Raises:
        NotFound: there is no such fix.
        FixError: its folder does not hold to the contract, or a parameter is wrong.
    """
    return prepare_folder(_folder(name), parameters)


def prepare_folder(folder: Traversable, parameters: Mapping[str, str]) -> PreparedFix:
    """The same for a folder that lies anywhere, such as a company's own fix.

    Raises:
        FixError: as for ``prepare_fix``.
    """
    spec = read_fix(folder)
    prepare = _entry(spec)
    return prepare(spec, folder, read_values(spec, parameters))


def _folder(name: str) -> Traversable:
    if name not in fixes():
        raise NotFound(f"there is no fix {name!r}; there are {', '.join(fixes())}")
    return files("playbooks") / name


def _entry(spec: FixSpec) -> Prepare:
    if not spec.prepare:
        return ScriptedFix
    module_name, _, function = spec.prepare.partition(":")
    try:
        return cast("Prepare", getattr(import_module(module_name), function))
    except (ImportError, AttributeError) as error:
        raise FixError(f"{spec.name}/{FIX_FILE}: prepare: {spec.prepare!r} cannot be imported: {error}") from None
