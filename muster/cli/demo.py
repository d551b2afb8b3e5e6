"""The command ``muster demo``."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    hosts: Annotated[int, typer.Option(min=8, max=2000, help="How many hosts the demo's fleet has.")] = 24,
    folder: Annotated[
        Path, typer.Option(help="Where the demo's workspace is made; an earlier one is replaced.")
    ] = Path("demo"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the hosts on until Ctrl-C, to try commands yourself.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another fleet.")] = 7,
) -> None:
    """Run a whole campaign against real SSH hosts that are started on this machine. Needs no root, no server, no file.

    Example: muster demo --hosts 200
    """
    from muster.cli.story import tell

    tell(folder, hosts=hosts, seed=seed, keep=keep)
