"""Types commands in tests, and reads what they say."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.cli.app import main


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


class Shell:
    """Types commands, each as a new process would see it but in this one, which saves the seconds of starting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capfd = monkeypatch, capfd

    def __call__(self, folder: Path, *words: str) -> Done:
        self._monkeypatch.chdir(folder)
        self._monkeypatch.setattr(sys, "argv", ["muster", *words])
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capfd.readouterr()
        assert "Traceback" not in out + err
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, out, err)
