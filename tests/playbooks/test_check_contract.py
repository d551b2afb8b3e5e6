"""The step ``check``: what it says, and that a fix must declare it."""

from pathlib import Path

import pytest
import yaml

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.steps import StepName, read_output
from playbooks.catalog import prepare_folder
from tests.playbooks.test_catalog import GOOD


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "motd"
    folder.mkdir()
    for name in ("probe.sh", "lib.sh", "apply.sh"):
        (folder / name).write_text(f"# {name}\n")
    return folder


def write(folder: Path, **linux: object) -> None:
    families = {"linux": {"probe": {"scripts": ["probe.sh"]}, "apply": {"scripts": ["apply.sh"]}, **linux}}
    (folder / "fix.yml").write_text(yaml.safe_dump(GOOD | {"families": families}))


def test_what_a_check_would_change_is_read_with_its_diff() -> None:
    output = read_output("would\treplace /etc/motd\ndiff\t--- /etc/motd\ndiff\t-a\tb\ndiff\t\ndone\tcheck\n")
    assert output.would == ("replace /etc/motd",)
    assert output.diff == ("--- /etc/motd", "-a\tb", "")
    assert output.done is StepName.CHECK
    assert (output.changes, output.raw) == ((), ())


def test_a_fix_without_a_declared_check_has_none(folder: Path) -> None:
    write(folder)
    assert prepare_folder(folder, {"text": "x"}).step(StepName.CHECK, OsFamily.LINUX, timezone="Etc/UTC") is None


def test_the_scripts_of_a_check_are_told(folder: Path) -> None:
    write(folder, check={"scripts": ["muster:base.sh", "apply.sh"]})
    fix = prepare_folder(folder, {"text": "x"})
    check = fix.step(StepName.CHECK, OsFamily.LINUX, timezone="Etc/UTC")
    apply = fix.step(StepName.APPLY, OsFamily.LINUX, timezone="Etc/UTC")
    assert check is not None
    assert apply is not None
    assert check.arguments["MUSTER_CHECK"] == "1"
    assert "MUSTER_CHECK" not in apply.arguments
    assert check.arguments["MUSTER_BATCH"] == apply.arguments["MUSTER_BATCH"]
    assert "verdict()" in check.script


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            {"scripts": ["muster:gone.sh"]},
            "no shared script 'muster:gone.sh'; there are muster:base.sh, muster:change.sh",
        ),
        ({"scripts": ["apply.sh"], "payload": "text"}, "check.payload: 'text' is no parameter of type file"),
        ({"timeout_s": 5}, "a step needs a list 'scripts', a 'playbook', or both"),
    ],
)
def test_a_step_that_cannot_be_carried_out_is_refused(folder: Path, step: dict[str, object], words: str) -> None:
    write(folder, check=step)
    with pytest.raises(FixError) as raised:
        prepare_folder(folder, {"text": "x"})
    assert words in raised.value.message
