"""In which hours machines may be touched, and what sort of place a site is, as files say it."""

from datetime import time

from muster.hours import WeekSpan
from tests.inventory.conftest import ReadText

HEADER = "id,client_id,name,timezone,kind,maintenance\n"


def test_hours_may_run_past_midnight(read_text: ReadText) -> None:
    imported = read_text({"sites.csv": HEADER + "s1,acme,Mill,UTC,mill,Fri 22:00-04:00\ns2,acme,Shop,UTC,,always\n"})
    first, second = sorted(imported.fleet.sites, key=lambda site: site.id)
    assert imported.problems == ()
    assert (first.kind, first.maintenance) == ("mill", (WeekSpan(4, time(22), time(4)),))
    assert (second.kind, second.maintenance) == ("", ())


def test_hours_that_cannot_be_read_are_named_with_what_would_be_right(read_text: ReadText) -> None:
    imported = read_text({"sites.csv": HEADER + "s1,acme,Mill,UTC,mill,Fri 22-25\n"})
    (problem,) = imported.problems
    assert (problem.place, problem.column, problem.value) == ("sites.csv line 2", "maintenance", "Fri 22-25")
    assert problem.wrong == "holds no time of day at '25:00'"
    assert "Mon-Fri 22:00-04:00" in problem.right
