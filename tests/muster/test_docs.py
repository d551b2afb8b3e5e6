"""Every command and every setting is documented, and what README.md tells people to type is there."""

import re
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer

from muster.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def commands(command: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - Typer's own classes are not public
    found = {name: command}
    for sub, below in getattr(command, "commands", {}).items():
        found |= commands(below, f"{name} {sub}")
    return found


COMMANDS = commands(typer.main.get_command(app), "muster")
GROUPS = {"muster", "muster fix", "muster hosts", "muster partner", "muster money", "muster visit"} | {
    f"muster portal {name}" for name in ("accounts", "link", "token")
}


def test_the_pages_about_commands_and_settings_are_those_of_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - GROUPS))
def test_every_command_has_a_help_with_an_example_that_begins_with_its_name(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert f"Example: {name}" in text


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - GROUPS))
def test_every_example_can_be_typed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"^ *Example: (muster .+)$", COMMANDS[name].help or "", flags=re.MULTILINE)
    assert examples
    for example in examples:
        parse(example)


def test_every_line_that_a_page_has_people_type_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen = 0
    for page in (*PAGES, *(ROOT / "docs" / "adr").glob("*.md")):
        text = re.sub(r"\\\n\s*", " ", page.read_text(encoding="utf-8"))
        for line in re.findall(r"^(?:    |\$ )(muster .+)$", text, flags=re.MULTILINE):
            if not re.search(r"\.\.\.|…", line):
                parse(line)
                seen += 1
    assert seen > 200


def parse(line: str) -> None:
    """Hand a line to the commands that it names, as far as these look at it before they do anything."""
    line = re.sub(r"\$\([^)]*\)", "word", line)
    words = shlex.split(re.split(r"\s+(?:[|>#]|&&)\s?|\s{3,}", line)[0])
    command, context = COMMANDS["muster"], None
    while command is not None:
        with suppress(typer.Exit):  # such as of --version
            context = command.make_context(words[0], words[1:], parent=context)
        words = context._protected_args + context.args if context else []
        command = command.get_command(context, words[0]) if words else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    typed = re.findall(
        r"(?:^    |`|\$ )muster((?: [a-z][a-z-]*)+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    for words in typed:
        first = " ".join(["muster", words.split()[0]])
        assert first in COMMANDS, f"{page.name} names {first!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
