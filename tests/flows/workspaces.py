"""A workspace with a running demo fleet behind it, made ready by the command line's own commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from muster.cli.app import app
from muster.cli.story import write_workspace
from muster.demo.fleet import DemoFleet


def muster(folder: Path, *words: str) -> None:
    """A command as it would be typed in the workspace."""
    app(["-C", str(folder), *words], standalone_mode=False)


@contextmanager
def workspace_with_fleet(folder: Path, *, hosts: int, seed: int = 7) -> Iterator[DemoFleet]:
    """The demo's fleet and workspace in ``folder``, the fleet files imported."""
    with DemoFleet.start(folder, hosts=hosts, seed=seed) as fleet:
        write_workspace(folder)
        muster(folder, "import", str(fleet.files))
        yield fleet
