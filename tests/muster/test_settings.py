from pathlib import Path

import pytest

from muster.errors import SettingsError
from muster.settings import Settings, load_settings


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.workspace == tmp_path
    assert settings.model_dump(exclude={"workspace"}) == Settings().model_dump(exclude={"workspace"})


def test_the_file_wins_over_the_default_and_the_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "muster.yml").write_text("parallel_hosts: 7\nbatch_hosts: 11\n")
    monkeypatch.setenv("MUSTER_BATCH_HOSTS", "13")
    settings = load_settings(tmp_path)
    assert (settings.parallel_hosts, settings.batch_hosts) == (7, 13)


def test_relative_paths_are_taken_from_the_workspace(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.path(settings.known_hosts) == tmp_path / "known_hosts"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("parallel_hosts: many\n", "parallel_hosts"),
        ("paralel_hosts: 3\n", "paralel_hosts"),
        ("parallel_hosts: 0\n", "parallel_hosts"),
        ("- a\n", "list"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "muster.yml").write_text(text)
    with pytest.raises(SettingsError, match=named) as raised:
        load_settings(tmp_path)
    assert "muster.yml" in raised.value.message


def test_every_wrong_setting_is_named_at_once_and_a_mistyped_one_with_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "muster.yml").write_text("sover_seconds: 3\nbatch_hosts: 0\n")
    with pytest.raises(SettingsError) as raised:
        load_settings(tmp_path)
    lines = raised.value.message.splitlines()
    assert any(line.endswith("sover_seconds: is no setting; did you mean solve_seconds?") for line in lines)
    assert any("batch_hosts: input should be greater than" in line for line in lines)


def test_a_wrong_variable_is_named_as_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_PARALLEL_HOSTS", "none")
    with pytest.raises(SettingsError, match="MUSTER_PARALLEL_HOSTS"):
        load_settings(tmp_path)
