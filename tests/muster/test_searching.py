"""What stands beside the bar of a search."""

import io

import pytest
from rich.console import Console

from muster.cli.searching import searching
from scheduler.solve import Progress
from scheduler.solve_large import BOUNDING, COMPILING, GATHERING

STANDINGS = (
    (Progress(1, 3.0, 120.0, None, 9_960, 10_000), ["9,960 of 10,000 placed"]),
    (Progress(1, 9.0, 120.0, None, 9_960, 10_000, GATHERING), ["9,960 of 10,000 placed", GATHERING]),
    (Progress(1, 9.0, 120.0, 118.0, 9_960, 10_000), ["9,960 of 10,000 placed, gap 1.7% at most"]),
    (Progress(1, 9.0, 120.0, 118.0, 9_960, 10_000, BOUNDING), ["gap 1.7% at most", BOUNDING]),
    (Progress(1, 9.0, 120.0, 118.0, 9_960, 10_000, COMPILING), ["gap 1.7% at most", COMPILING]),
    (Progress(1, 9.0, 0.0, 0.0, 10_000, 10_000), ["10,000 of 10,000 placed"]),
)


@pytest.mark.parametrize(("standing", "said"), STANDINGS)
def test_it_fits_into_a_terminal_of_80_columns(
    standing: Progress, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("muster.cli.searching.console", Console(file=screen, force_terminal=True, width=80))
    with searching(60.0, quiet=False) as (watch, _):
        watch(standing)
    assert all(words in screen.getvalue() for words in said)
    assert "…" not in screen.getvalue()


def test_nothing_is_drawn_where_quiet_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("muster.cli.searching.console", Console(file=screen, force_terminal=True, width=80))
    with searching(60.0, quiet=True) as (watch, enough):
        watch(STANDINGS[0][0])
        assert not enough()
    assert screen.getvalue().strip() == ""
