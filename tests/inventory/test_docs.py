"""docs/fleet-files.md names every column and alias, and its examples import."""

import re
from pathlib import Path

import pytest

from inventory.columns import COLUMNS, Column
from inventory.read import read_files
from inventory.tables import Word
from muster.crew import Crew
from muster.fleet import Fleet

PAGE = (Path(__file__).parents[2] / "docs" / "fleet-files.md").read_text(encoding="utf-8")


def _section(word: Word) -> str:
    return PAGE.split(f"## {word.value.capitalize()}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("word", list(Word))
def test_every_column_is_documented_where_its_word_is(word: Word) -> None:
    section = _section(word)

    def row(column: Column) -> str:
        name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
        return f"| {name} | {column.meaning} |"

    assert [column.name for column in COLUMNS[word] if row(column) not in section] == []
    aliases = [alias for column in COLUMNS[word] for alias in column.aliases]
    assert [alias for alias in aliases if f"`{alias}`" not in section] == []


def test_the_examples_import_together(tmp_path: Path) -> None:
    examples = re.findall(r"```(?:csv|ini) (\S+)\n(.*?)```", PAGE, re.DOTALL)
    assert {name for name, _ in examples} == {*(f"{word}.csv" for word in Word), "hosts.ini"}
    for name, text in examples:
        (tmp_path / name).write_text(text)
    imported = read_files([tmp_path / name for name, _ in examples], known=Fleet(), known_crew=Crew())
    assert imported.problems == ()
    assert len(imported.fleet.hosts) == 6
