"""From which network a site's machines are pushed, as files say it."""

from tests.inventory.conftest import ReadText

HEADER = "id,client_id,name,timezone,reach\n"


def test_a_site_names_the_network_from_which_alone_it_is_reached(read_text: ReadText) -> None:
    imported = read_text({"sites.csv": HEADER + "s1,acme,Mill,UTC,acme.north-2\ns2,acme,Shop,UTC,\n"})
    assert imported.problems == ()
    assert {site.id: site.reach for site in imported.fleet.sites} == {"s1": "acme.north-2", "s2": ""}


def test_what_cannot_be_a_queues_name_is_refused(read_text: ReadText) -> None:
    imported = read_text({"sites.csv": HEADER + "s1,acme,Mill,UTC,acme/north %\n"})
    (problem,) = imported.problems
    assert (problem.column, problem.value) == ("reach", "acme/north %")
