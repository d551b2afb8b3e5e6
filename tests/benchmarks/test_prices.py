"""Prices that are kept prove their bound again, and those of something else are refused."""

import json
from pathlib import Path

import pytest

from benchmarks import schedule_contestants
from benchmarks.instances import Recipe, make
from benchmarks.prices import FOLDER, Kept
from scheduler.search.at_prices import prove_at
from scheduler.tour import Touring

SMALL = ["plan", "--visits", "60", "--people", "8", "--seconds", "0.3"]


def rows_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, int | float]]:
    schedule_contestants.main([*SMALL, *arguments])
    rows: list[dict[str, int | float]] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return rows


def test_a_bound_that_was_looked_for_is_proved_again_at_its_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prices.npz"
    (looked_for,) = rows_of(capsys, "--bound-seconds", "2", "--keep-prices", str(file))
    (again,) = rows_of(capsys, "--prices", str(file))
    assert again["bound"] == looked_for["bound"] > 0
    assert again["gap_to_bound_percent"] > 0


@pytest.mark.parametrize(
    ("file", "recipe", "said"),
    [
        ("of_another.npz", Recipe(60, 8, 2), "prices for 60 visits, 8 people, seed 1, .* has 60 visits, 8 people, se"),
        ("broken.npz", Recipe(60, 8, 1), "broken.npz holds no prices as"),
        ("none.npz", Recipe(60, 8, 1), "none.npz holds no prices as"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, file: str, recipe: Recipe, said: str) -> None:
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    schedule_contestants.main([*SMALL, "--bound-seconds", "1", "--keep-prices", str(tmp_path / "of_another.npz")])
    with pytest.raises(ValueError, match=said):
        Kept.read(tmp_path / file, recipe)


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        rows_of(capsys, "--prices", str(tmp_path / "none.npz"))
    assert "none.npz holds no prices as benchmarks.schedule --keep-prices writes them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "at_least_cents"),
    [
        (Recipe(500, 50, 1), 12_397_000),
        (Recipe(2000, 150, 1), 38_807_000),
        pytest.param(Recipe(10_000, 500, 1), 116_190_000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
    ids=["500", "2000", "10000"],
)
def test_the_bounds_of_the_documents_are_proved_anew(recipe: Recipe, at_least_cents: int) -> None:
    file = FOLDER / f"visits-{recipe.visits}-people-{recipe.people}-seed-{recipe.seed}.npz"
    kept = Kept.read(file, recipe)
    assert prove_at(Touring(make(recipe)), kept.prices, kept.thought, 2).cents >= at_least_cents
