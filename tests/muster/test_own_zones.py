"""Muster's own clock changes are right even on a machine whose zone data are not."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

ASK = (
    "import muster, datetime, zoneinfo; at = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC); "
    "print(at.astimezone(zoneinfo.ZoneInfo('America/Vancouver')).utcoffset().total_seconds() / 3600)"
)


def test_vancouver_stays_on_summer_time_in_this_process() -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC).astimezone(ZoneInfo("America/Vancouver"))
    assert at.strftime("%z") == "-0700"


def test_a_path_of_zone_data_that_was_given_on_purpose_is_used(tmp_path: Path) -> None:
    zones = tmp_path / "America"
    zones.mkdir()
    berlin = files("tzdata") / "zoneinfo" / "Europe" / "Berlin"
    (zones / "Vancouver").write_bytes(berlin.read_bytes())
    said = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, "PYTHONTZPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "1.0"
