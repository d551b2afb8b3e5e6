"""The catalogue: which fixes there are, and what makes a folder one."""

from pathlib import Path

import pytest
import yaml

from muster.errors import FixError, NotFound
from muster.fleet import OsFamily
from muster.outcomes import Verdict
from muster.steps import StepName, StepOutput, read_output
from playbooks.catalog import fix_spec, fixes, prepare_fix, prepare_folder
from playbooks.contract import read_fix

GOOD = {
    "name": "motd",
    "title": "A message of the day",
    "clients_notice": "Nothing.",
    "parameters": {"text": {"description": "What it says.", "example": "Hello"}},
    "families": {"linux": {"probe": {"scripts": ["probe.sh"]}, "apply": {"scripts": ["lib.sh", "apply.sh"]}}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "motd"
    folder.mkdir()
    for name in ("probe.sh", "lib.sh", "apply.sh"):
        (folder / name).write_text(f"# {name}\n")
    (folder / "fix.yml").write_text(yaml.safe_dump(GOOD))
    return folder


def test_tzdata_is_there_and_holds_to_the_contract() -> None:
    assert "tzdata" in fixes()
    for name in fixes():
        spec = fix_spec(name)
        assert spec.title
        assert spec.clients_notice


def test_a_fix_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(NotFound, match=r"no fix 'tzdate'; there are .*tzdata"):
        prepare_fix("tzdate", {})


def test_a_fix_without_python_hands_its_parameters_to_its_scripts(folder: Path) -> None:
    fix = prepare_folder(folder, {"text": "Hello  there"})
    step = fix.step(StepName.APPLY, OsFamily.LINUX, timezone="America/Vancouver")
    assert step is not None
    assert step.script == "# lib.sh\n\n# apply.sh\n"
    batch = step.arguments["MUSTER_BATCH"]
    assert len(batch) == 12
    assert step.arguments == {
        "MUSTER_TEXT": "Hello there",
        "MUSTER_TIMEZONE": "America/Vancouver",
        "MUSTER_STEP": "apply",
        "MUSTER_FIX": "motd",
        "MUSTER_BATCH": batch,
    }
    assert fix.step(StepName.ROLLBACK, OsFamily.LINUX, timezone="America/Vancouver") is None
    assert fix.step(StepName.APPLY, OsFamily.WINDOWS, timezone="America/Vancouver") is None
    verify = fix.step(StepName.VERIFY, OsFamily.LINUX, timezone="America/Vancouver")
    assert verify is not None
    assert verify.script == "# probe.sh\n"


@pytest.mark.parametrize(
    ("said", "verdict", "summary"),
    [
        ("fact\tfix\tverdict\tright\nfact\tfix\tsummary\tall well", Verdict.RIGHT, "all well"),
        ("fact\tfix\tverdict\tstale", Verdict.STALE, "stale"),
        ("fact\tfix\tverdict\tperhaps", Verdict.UNSUPPORTED, "the probe gave no verdict"),
        ("error\tno such file", Verdict.UNSUPPORTED, "no such file"),
        ("", Verdict.UNSUPPORTED, "the probe gave no verdict"),
    ],
)
def test_a_probe_without_python_says_its_verdict(folder: Path, said: str, verdict: Verdict, summary: str) -> None:
    output: StepOutput = read_output(said)
    finding = prepare_folder(folder, {"text": "x"}).judge(output, timezone="Etc/UTC")
    assert (finding.verdict, finding.summary) == (verdict, summary)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("name", "other", "name: 'other' is not the name of its folder; write 'motd'"),
        ("title", "", "title: string should have at least 1 character"),
        ("titel", "x", "titel: extra inputs are not permitted"),
        ("families", {}, "families: dictionary should have at least 1 item"),
        ("families", {"solaris": GOOD["families"]}, "families.solaris"),
        ("families", {"linux": {"probe": {"scripts": ["probe.sh"]}}}, "families.linux.apply: field required"),
        (
            "families",
            {"linux": {"probe": {"scripts": ["gone.sh"]}, "apply": {"scripts": ["apply.sh"]}}},
            "families.linux.probe.scripts: there is no file 'gone.sh' in the folder",
        ),
        ("parameters", {"a": {"description": "x", "type": "choice"}}, "a parameter of type choice needs a list"),
        ("prepare", "nowhere.at.all:prepare", "prepare: 'nowhere.at.all:prepare' cannot be imported"),
        ("prepare", "no colon", "prepare: string should match pattern"),
    ],
)
def test_what_does_not_hold_to_the_contract_is_named(folder: Path, key: str, value: object, words: str) -> None:
    (folder / "fix.yml").write_text(yaml.safe_dump(GOOD | {key: value}))
    with pytest.raises(FixError) as raised:
        prepare_folder(folder, {})
    assert raised.value.message.startswith("motd/fix.yml: ")
    assert words in raised.value.message


def test_a_folder_without_the_file_and_a_file_that_is_no_yaml(folder: Path) -> None:
    (folder / "fix.yml").write_text("a: [")
    with pytest.raises(FixError, match=r"motd/fix\.yml: cannot be read"):
        read_fix(folder)
    (folder / "fix.yml").unlink()
    with pytest.raises(FixError, match=r"motd/fix\.yml: is not there"):
        read_fix(folder)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "tzdata: parameters.instants: is missing"),
        ({"instants": ""}, "parameters.instants: is empty"),
        ({"instants": "2026-11-22T12:00:00"}, "'2026-11-22T12:00:00' does not say its zone"),
        ({"instants": "soon"}, "parameters.instants: invalid isoformat string: 'soon'"),
        ({"zone": "America/Vancouver"}, "parameters.zone: there is no such parameter; there are zones, instants"),
        ({"package": "always"}, "parameters.package: 'always' is not one of auto, never"),
        ({"layers": "system java"}, "parameters.layers: 'java' is not one of system, localtime"),
        ({"source": "/nowhere"}, "parameters.source: there is no folder '/nowhere'"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(parameters: dict[str, str], words: str) -> None:
    usual = {"instants": "2026-11-22T12:00:00Z"} if parameters else {}
    with pytest.raises(FixError) as raised:
        prepare_fix("tzdata", usual | parameters)
    assert words.lower() in raised.value.message.lower()
