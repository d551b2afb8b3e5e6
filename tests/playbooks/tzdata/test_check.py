"""The check says what apply would do, and does none of it."""

from muster.ports import PreparedFix
from muster.steps import StepName
from tests.playbooks.tzdata.place import VANCOUVER, WINTER, Place


def test_a_check_says_what_apply_then_does_and_changes_nothing(place: Place, fix: PreparedFix) -> None:
    place.serves("cron")
    before = place.tree()
    said = place.run(fix, StepName.CHECK)
    assert place.tree() == before
    assert said.done is StepName.CHECK
    files = (f"/usr/share/zoneinfo/{VANCOUVER}", "/usr/share/zoneinfo/Canada/Pacific")
    assert said.would == (*(f"install {VANCOUVER} at {file}" for file in files), "restart cron")
    assert said.diff[:4] == (
        f"--- /usr/share/zoneinfo/{VANCOUVER}",
        f"+++ /usr/share/zoneinfo/{VANCOUVER}",
        f"-{VANCOUVER} {WINTER} -0800",
        f"+{VANCOUVER} {WINTER} -0700",
    )
    applied = place.run(fix, StepName.APPLY)
    assert applied.changes == (*(f"installed {VANCOUVER} at {file}" for file in files), "restarted cron")


def test_a_right_host_would_not_be_changed(place: Place, fix: PreparedFix) -> None:
    place.run(fix, StepName.APPLY)
    said = place.run(fix, StepName.CHECK)
    assert (said.would, said.diff) == ((), ())
    assert said.notes == ("every zone file is right already",)
