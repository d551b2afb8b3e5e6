"""The house itself: no clash of names, no address of a registry, no path of one machine, no stray folder."""

import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "inventory", "ledger", "muster", "partners", "playbooks", "push", "reports", "scheduler")
TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".sh", ".cfg", ".html", ".ini", ""}


def tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    yield from (ROOT / name for name in listed.splitlines() if (ROOT / name).is_file())


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_package_of_the_environment_has_the_name_of_one_of_ours(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"muster"}


def test_no_lock_file_names_an_address() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in file.read_text(encoding="utf-8"), file.name


def test_every_pin_of_a_lock_file_has_a_hash() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        pins = re.findall(r"^[\w.\[\]-]+==\S+ (\\)?$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert pins
        assert all(pins), f"{file.name} has a pin without a hash"


def test_no_file_holds_a_path_of_one_machine() -> None:
    forbidden = re.compile(r"(?<![\w.\"])/(work|home/\w+)/\w")
    wrong = [
        f"{file.relative_to(ROOT)}"
        for file in tracked()
        if file.suffix in TEXT and forbidden.search(file.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert wrong == []


def test_files_stay_small_enough_to_be_read_in_one_go() -> None:
    large = {
        str(file.relative_to(ROOT)): lines
        for file in tracked()
        if file.suffix == ".py" and (lines := len(file.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert large == {}
