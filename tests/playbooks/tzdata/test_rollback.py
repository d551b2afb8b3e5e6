"""Roll back puts back what was there, and touches nothing that somebody else has changed since."""

from pathlib import Path

from muster.ports import PreparedFix
from muster.steps import StepName
from tests.playbooks.tzdata.conftest import MakeFix
from tests.playbooks.tzdata.place import VANCOUVER, Place


def without_state(place: Place) -> dict[str, str | bytes]:
    return {path: data for path, data in place.tree().items() if not path.startswith("var/lib/muster")}


def test_everything_is_as_before_and_a_second_time_changes_nothing(place: Place, fix: PreparedFix) -> None:
    place.lives_in(VANCOUVER, by="named copy")
    before = without_state(place)
    place.run(fix, StepName.APPLY)
    assert without_state(place) != before
    output = place.run(fix, StepName.ROLLBACK)
    assert output.changes == (
        "restored /etc/localtime",
        "restored /usr/share/zoneinfo/America/Vancouver",
        "restored /usr/share/zoneinfo/Canada/Pacific",
    )
    assert without_state(place) == before
    again = place.run(fix, StepName.ROLLBACK)
    assert (again.changes, again.notes) == ((), ("everything is as it was before",))


def test_a_host_that_was_never_touched_is_not_touched(place: Place, fix: PreparedFix) -> None:
    before = place.tree()
    output = place.run(fix, StepName.ROLLBACK)
    assert (output.changes, output.notes) == ((), ("nothing was ever changed here",))
    assert place.tree() == before


def test_services_are_started_again_with_the_old_rules(place: Place, fix: PreparedFix) -> None:
    place.serves("cron")
    place.run(fix, StepName.APPLY)
    assert place.run(fix, StepName.ROLLBACK).changes[-1] == "restarted cron"


def test_a_file_that_was_not_there_is_removed(place: Place, fix: PreparedFix) -> None:
    place.lives_in("Etc/UTC")
    place.zone().unlink()
    place.run(fix, StepName.APPLY)
    assert place.zone().exists()
    assert "removed /usr/share/zoneinfo/America/Vancouver" in place.run(fix, StepName.ROLLBACK).changes
    assert not place.zone().exists()


def test_what_somebody_else_put_there_since_is_left_alone(place: Place, fix: PreparedFix) -> None:
    place.run(fix, StepName.APPLY)
    place.zone().write_bytes(b"TZif of a later package")
    output = place.run(fix, StepName.ROLLBACK)
    assert place.zone().read_bytes() == b"TZif of a later package"
    assert any("was changed by somebody else since" in note for note in output.notes)


def test_the_backup_is_the_original_whatever_was_pushed_in_between(
    place: Place, fix: PreparedFix, make_fix: MakeFix, stale: Path
) -> None:
    place.run(fix, StepName.APPLY)
    # a second campaign takes the change back: its source is the stale one
    place.run(make_fix(source=str(stale)), StepName.APPLY)
    place.run(fix, StepName.APPLY)
    place.run(fix, StepName.ROLLBACK)
    assert place.zone().read_bytes() == (stale / VANCOUVER).read_bytes()


def test_what_a_package_brought_in_between_is_a_new_original(place: Place, fix: PreparedFix, stale: Path) -> None:
    place.run(fix, StepName.APPLY)
    brought = (stale / "America/Los_Angeles").read_bytes()
    place.zone().write_bytes(brought)
    place.run(fix, StepName.APPLY)
    place.run(fix, StepName.ROLLBACK)
    assert place.zone().read_bytes() == brought
