"""Every bad row is named with its line, its column, its value and what would be right; the good ones are in."""

import pytest

from muster.errors import ImportRejected
from muster.fleet import OsFamily, TransportName
from tests.inventory.conftest import KNOWN, KNOWN_CREW, ReadText


def test_all_problems_of_all_files_come_at_once_and_good_rows_are_in(read_text: ReadText) -> None:
    imported = read_text(
        {
            "clients.csv": "id,name,email,priority\nb,Bakery,nonsense,9\nc,Cafe,c@cafe.example,1\n",
            "sites.csv": "id,client_id,name,timezone\ns1,c,Main,America/Vancover\ns2,c,Second,Europe/Berlin\n",
            "hosts.csv": "id,site_id,name,address,port,os\nh1,s2,H1,999.1.1.1,70000,plan9\nh2,s2,H2,10.0.0.2,,linux\n",
        }
    )
    assert [client.id for client in imported.fleet.clients] == ["c"]
    assert [site.id for site in imported.fleet.sites] == ["s2"]
    assert [host.id for host in imported.fleet.hosts] == ["h2"]
    assert {(p.place, p.column, p.value) for p in imported.problems} == {
        ("clients.csv line 2", "email", "nonsense"),
        ("clients.csv line 2", "priority", "9"),
        ("sites.csv line 2", "timezone", "America/Vancover"),
        ("hosts.csv line 2", "address", "999.1.1.1"),
        ("hosts.csv line 2", "port", "70000"),
        ("hosts.csv line 2", "os", "plan9"),
    }
    assert all(problem.wrong and problem.right for problem in imported.problems)
    assert "America/Vancouver" in next(p.right for p in imported.problems if p.column == "timezone")


def test_problems_come_line_by_line(read_text: ReadText) -> None:
    rows = "".join(f"h{number},s1,{'' if number % 2 else 'N'},10.0.0.1,x\n" for number in range(12))
    imported = read_text({"hosts.csv": "id,site_id,name,address,port\n" + rows})
    lines = [int(problem.place.rpartition(" ")[2]) for problem in imported.problems]
    assert lines == sorted(lines)
    assert len(lines) > len(set(lines)) == 12, "lines with two problems are among them"


def test_problems_can_be_raised_together(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": "id,name,email\na,A,x\nb,B,y\n"})
    with pytest.raises(ImportRejected) as caught:
        imported.raise_problems()
    assert caught.value.problems == imported.problems
    read_text({"clients.csv": "id,name\na,A\n"}).raise_problems()


def test_a_reference_to_nothing_is_refused_with_a_near_id(read_text: ReadText) -> None:
    imported = read_text({"hosts.csv": "id,site_id,name\nh1,vann,h1\n"})
    (problem,) = imported.problems
    assert (problem.column, problem.value) == ("site_id", "vann")
    assert "did you mean 'van'" in problem.right


def test_rows_that_wait_for_a_refused_one_are_named_together_with_its_place(read_text: ReadText) -> None:
    imported = read_text(
        {
            "sites.csv": "id,client_id,name,timezone\ns1,acme,Main,Nowhere/Land\n",
            "hosts.csv": "id,site_id,name\nh1,s1,h1\nh2,s1,h2\nh3,van,h3\nh4,s1,h4\n",
        }
    )
    assert [host.id for host in imported.fleet.hosts] == ["h3"]
    waiting = imported.problems[1]
    assert waiting.place == "hosts.csv lines 2-3, 5"
    assert "sites.csv line 2" in waiting.wrong


def test_a_refused_row_of_something_known_leaves_what_is_known_and_what_refers_to_it(read_text: ReadText) -> None:
    imported = read_text(
        {
            "sites.csv": "id,client_id,name,timezone\nvan,acme,Main,Nowhere/Land\n",
            "hosts.csv": "id,site_id,name\nh1,van,h1\n",
        }
    )
    assert [problem.place for problem in imported.problems] == ["sites.csv line 2"]
    assert [host.id for host in imported.fleet.hosts] == ["h1"]
    assert imported.fleet.sites == ()


def test_an_id_that_is_there_twice_is_named_with_both_lines(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": "id,name\na,A\nb,B\na,Again\n", "clients2.csv": "id,name\nb,Again\n"})
    assert [client.name for client in imported.fleet.clients] == ["A", "B"]
    assert [(p.place, p.wrong) for p in imported.problems] == [
        ("clients.csv line 4", "is there already in clients.csv line 2"),
        ("clients2.csv line 2", "is there already in clients.csv line 3"),
    ]


def test_an_unknown_column_is_named_with_a_near_one_and_rows_are_read_all_the_same(read_text: ReadText) -> None:
    imported = read_text({"sites.csv": "id,client_id,name,timezone,acess,x_mine\ns1,acme,Main,UTC,x,y\n"})
    (problem,) = imported.problems
    assert (problem.place, problem.column) == ("sites.csv line 1", "acess")
    assert "did you mean 'access'" in problem.right
    assert len(imported.fleet.sites) == 1


def test_a_required_column_that_is_missing_is_named_once_and_cells_are_checked_all_the_same(
    read_text: ReadText,
) -> None:
    imported = read_text({"sites.csv": "id,client_id,name,latitude\ns1,acme,Main,95\ns2,acme,Second,\n"})
    assert imported.fleet.sites == ()
    assert [(p.place, p.column, p.wrong.split()[0]) for p in imported.problems] == [
        ("sites.csv line 1", "timezone", "is"),
        ("sites.csv line 2", "latitude", "is"),
    ]


def test_a_column_that_is_there_twice_is_named(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": "id,name,Name\na,First,Second\n"})
    assert "is there twice" in imported.problems[0].wrong
    assert imported.fleet.clients[0].name == "First"


def test_a_column_that_is_missing_keeps_what_is_known_and_an_empty_cell_empties_it(read_text: ReadText) -> None:
    imported = read_text({"hosts.csv": "id,site_id,name,role\ndc1,van,New name,\n"})
    (host,) = imported.fleet.hosts
    assert (host.name, host.role) == ("New name", "")
    assert (host.address, host.port, host.tags) == ("10.0.0.1", 2222, ("pilot",))


def test_the_same_rows_again_change_nothing(read_text: ReadText) -> None:
    text = "id,name,email,priority,partners_allowed\nacme,Acme Dental,a@acme.example,2,No\n"
    assert read_text({"clients.csv": text}).fleet.clients == KNOWN.clients


def test_an_update_of_a_person_keeps_what_the_file_does_not_tell(read_text: ReadText) -> None:
    imported = read_text({"crew.csv": "id,name,timezone,shifts\nkim,Kim Lee,America/Vancouver,Mon 08:00-12:00\n"})
    (person,) = imported.crew.engineers
    assert (person.name, person.email) == ("Kim Lee", KNOWN_CREW.engineers[0].email)


def test_names_of_columns_and_words_are_read_in_any_case_and_with_spaces(read_text: ReadText) -> None:
    imported = read_text(
        {"Hosts.CSV": " ID , Site ID,NAME,Address, OS,Transport\n h9 , van , H9 ,10.0.0.9,LINUX,SSH\n"}
    )
    (host,) = imported.fleet.hosts
    assert (host.id, host.name, host.os, host.transport) == ("h9", "H9", OsFamily.LINUX, TransportName.SSH)


def test_a_host_without_an_address_is_reached_by_its_name_if_that_can_be_one(read_text: ReadText) -> None:
    imported = read_text(
        {"hosts.csv": "id,site_id,name,transport\nh1,van,web01,ssh\nh2,van,Front desk,ssh\nh3,van,Front desk,none\n"}
    )
    assert [(host.id, host.address) for host in imported.fleet.hosts] == [("h1", "web01"), ("h3", "")]
    assert [(p.place, p.column) for p in imported.problems] == [("hosts.csv line 3", "address")]


def test_secrets_are_refused_and_never_repeated(read_text: ReadText) -> None:
    imported = read_text(
        {"hosts.csv": "id,site_id,name,credential,password\nh1,van,h1,hunter2,s3cret\nh2,van,h2,agent:,\n"}
    )
    assert [host.id for host in imported.fleet.hosts] == ["h2"]
    said = "".join(str(problem) for problem in imported.problems)
    assert "hunter2" not in said
    assert "s3cret" not in said
    assert {problem.column for problem in imported.problems} == {"credential", "password"}


def test_a_spreadsheets_errors_are_not_taken_for_texts(read_text: ReadText) -> None:
    (problem,) = read_text({"clients.csv": "id,name\na,#REF!\n"}).problems
    assert (problem.value, problem.wrong) == ("#REF!", "is a spreadsheet's error")


def test_half_a_place_is_refused(read_text: ReadText) -> None:
    imported = read_text({"sites.csv": "id,client_id,name,timezone,latitude,longitude\ns1,acme,Main,UTC,49.2,\n"})
    assert [(p.column, p.wrong) for p in imported.problems] == [("longitude", "is empty while latitude is not")]


PARTNERS = "id,name,vetted,vetted_by,vetted_on,vetted_until,agreement_signed_on,agreement_until,agreement_clients\n"


def test_a_partner_carries_its_vetting_and_its_agreement(read_text: ReadText) -> None:
    row = "p,Pro IT,yes,Kim,2026-09-01,2027-08-31,2026-09-02,2027-08-31,acme\n"
    (partner,) = read_text({"partners.csv": PARTNERS + row}).crew.partners
    assert partner.vetting is not None
    assert partner.agreement is not None
    assert (partner.vetting.passed, partner.vetting.judged_by, partner.agreement.clients) == (True, "Kim", ("acme",))


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("p,P,yes,,2026-09-01,2027-08-31,,,", "vetted_by"),
        ("p,P,yes,Kim,2026-09-01,,,,", "vetted_until"),
        ("p,P,yes,Kim,2026-09-01,2026-08-31,,,", "vetted_until"),
        ("p,P,,,,,2026-09-01,,", "agreement_until"),
        ("p,P,,,,,,,acme", "agreement_signed_on"),
        ("p,P,,,,,2026-09-01,2027-01-01,nobody", "agreement_clients"),
    ],
)
def test_half_a_vetting_or_agreement_is_refused(read_text: ReadText, row: str, column: str) -> None:
    imported = read_text({"partners.csv": f"{PARTNERS}{row}\n"})
    assert imported.crew.partners == ()
    assert column in {problem.column for problem in imported.problems}


def test_a_person_of_an_unknown_partner_is_refused(read_text: ReadText) -> None:
    text = "id,name,timezone,shifts,partner_id\nx,X,UTC,Mon 08:00-12:00,nv\ny,Y,UTC,Mon 08:00-12:00,nw\n"
    imported = read_text({"crew.csv": text})
    assert [person.id for person in imported.crew.engineers] == ["y"]
    assert [(p.column, p.value) for p in imported.problems] == [("partner_id", "nv")]


def test_a_bad_absence_is_named(read_text: ReadText) -> None:
    text = "id,name,timezone,shifts,absences\nx,X,UTC,Mon 08:00-12:00,2026-10-30..2026-10-26\n"
    (problem,) = read_text({"crew.csv": text}).problems
    assert (problem.column, problem.value) == ("absences", "2026-10-30..2026-10-26")


def test_near_values_are_searched_for_the_first_wrong_ones_only_so_that_a_wrong_column_costs_no_minutes(
    read_text: ReadText,
) -> None:
    rows = "".join(f"h{n},van,h{n},America/Vancouve{n}\n" for n in range(150))
    imported = read_text({"hosts.csv": f"id,site_id,name,timezone\n{rows}"})
    near = ["did you mean" in problem.right for problem in imported.problems]
    assert near == [True] * 100 + [False] * 50
    assert all(problem.right for problem in imported.problems)
