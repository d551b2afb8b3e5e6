"""Late clients: yes or no, at what price, with every promise kept; taken in as a whole or not at all."""

import json
from decimal import Decimal
from pathlib import Path

from muster.ids import ClientId
from partners.papers import QUOTES
from reports.notices.told import read_told
from tests.flows.changing.bound import NOW, binding, clients_csv, hosts_csv, placed, sites_csv
from tests.flows.changing.conftest import Within
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING

LATE = ("late/clients.csv", "late/sites.csv", "late/hosts.csv")


def late(folder: Path, names: tuple[str, ...], *, each: int = 3, os: str = "linux") -> None:
    (folder / "late").mkdir(exist_ok=True)
    (folder / "late" / "clients.csv").write_text(clients_csv(names))
    (folder / "late" / "sites.csv").write_text(sites_csv(names))
    (folder / "late" / "hosts.csv").write_text(hosts_csv(names, each, os))


def dollars(sums: list[str]) -> Decimal:
    return sum((Decimal(one.split()[0].replace(",", "")) for one in sums), Decimal(0))


def test_a_late_client_is_answered_without_a_word_written_and_taken_in_as_a_whole(
    muster: Shell, workspace: Path, within: Within
) -> None:
    late(workspace, ("ella", "finn"))
    assert muster(workspace, "money", "offer", "list", "--host", "100", "--site", "20").returncode == 0
    before, revision = binding(within()), within().ledger.revision()
    asked = muster(workspace, "join", *LATE, "--json")
    assert asked.returncode == 0, asked.stderr
    found = json.loads(asked.stdout)
    assert within().ledger.revision() == revision, "nothing is written by asking"
    assert (found["yes"], found["broken_promises"], found["moved"]) == (True, [], [])
    assert [one["client"] for one in found["clients"]] == ["ella", "finn"]
    for one in found["clients"]:
        assert one["price"] == "320.00"
        assert Decimal(one["margin"]) == Decimal("320.00") - dollars(one["cost"])
        assert one["done_by"] > NOW.isoformat()
    words = muster(workspace, "join", *LATE).stdout
    assert words.startswith("yes")
    assert "nothing is written yet" in words
    done = muster(workspace, "join", *LATE, "--accept", "--signed-by", "Bo", "--json")
    assert done.returncode == 0, done.stderr
    services = within()
    after = binding(services)
    assert after.id == json.loads(done.stdout)["accepted"]["plan_after"]
    assert placed(before).items() <= placed(after).items(), "no promised visit has moved"
    assert {"ella1", "finn3"} <= {str(one.host_id) for one in services.ledger.hosts(SPRING)}
    quotes = {one.value.client_id: one.value for one in services.book.papers(QUOTES, campaign_id=SPRING)}
    assert {key: (one.state, one.signed_by) for key, one in quotes.items()} == {
        "ella": ("signed", "Bo"),
        "finn": ("signed", "Bo"),
    }
    told = read_told(services.ledger, SPRING).announced(after)
    assert {after.visit[one].client_id for one in told} >= {"ella", "finn"}, "they know when somebody comes"
    again = muster(workspace, "join", *LATE)
    assert (again.returncode, "nobody joins" in again.stderr) == (2, True)


def test_no_says_why_and_writes_nothing_even_when_it_is_accepted(
    muster: Shell, workspace: Path, within: Within
) -> None:
    late(workspace, ("ella",), os="windows")
    revision = within().ledger.revision()
    done = muster(workspace, "join", *LATE, "--accept", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    (one,) = found["clients"]
    assert (found["yes"], one["placed"], one["hosts"], one["done_by"]) == (False, 0, 3, None)
    assert "windows" in " ".join(one["why_not"])
    assert (found["accepted"], within().ledger.revision()) == (None, revision)
    assert ClientId("ella") not in within().ledger.fleet().client


def test_a_client_that_cannot_be_told_is_not_half_taken_in(muster: Shell, workspace: Path, within: Within) -> None:
    late(workspace, ("ella",))
    (workspace / "late" / "clients.csv").write_text("id,name,email\nella,Ella,\n")
    revision = within().ledger.revision()
    done = muster(workspace, "join", *LATE, "--accept")
    assert done.returncode == 1
    assert "no e-mail address" in " ".join(done.stderr.split())
    assert within().ledger.revision() == revision
    good = muster(workspace, "join", *LATE, "--accept", "--without-notice", "told by telephone")
    assert good.returncode == 0, good.stderr
    assert ClientId("ella") in within().ledger.fleet().client


def test_bad_rows_are_named_and_nobody_is_taken_in(muster: Shell, workspace: Path, within: Within) -> None:
    late(workspace, ("ella",))
    with (workspace / "late" / "hosts.csv").open("a") as file:
        file.write("odd,nowhere,pc,127.0.0.9,linux,none\n")
    revision = within().ledger.revision()
    asked = muster(workspace, "join", *LATE)
    assert asked.returncode == 1
    assert "nowhere" in asked.stderr
    refused = muster(workspace, "join", *LATE, "--accept")
    assert refused.returncode == 2
    assert within().ledger.revision() == revision


def test_a_client_that_grows_is_asked_only_for_what_is_more(muster: Shell, workspace: Path, within: Within) -> None:
    assert muster(workspace, "money", "offer", "list", "--host", "100", "--site", "20").returncode == 0
    assert muster(workspace, "money", "quote", "list").returncode == 0
    assert muster(workspace, "money", "sign", "acme", "--by", "Bo").returncode == 0
    (workspace / "more.csv").write_text(
        "id,site_id,name,address,os,transport\nacme9,acme-hq,pc9,127.0.0.9,linux,none\n"
    )
    (workspace / "more").mkdir()
    (workspace / "more.csv").rename(workspace / "more" / "hosts.csv")
    before = binding(within())
    found = json.loads(muster(workspace, "join", "more/hosts.csv", "--accept", "--json").stdout)
    (one,) = found["clients"]
    assert (one["client"], one["hosts"], one["price"]) == ("acme", 1, "100.00")
    after = binding(within())
    assert placed(before).items() <= placed(after).items()
    kept = within().book.find(QUOTES, "spring/acme")
    assert kept is not None
    assert (kept.value.state, kept.value.hosts) == ("signed", 4), "what was signed stays until more is signed"


def test_more_than_there_is_time_for_is_answered_no_with_how_many_fit(muster: Shell, workspace: Path) -> None:
    each = 60
    late(workspace, ("ella", "finn", "gina"), each=each)
    found = json.loads(muster(workspace, "join", *LATE, "--json").stdout)
    assert not found["yes"]
    assert found["broken_promises"] == []
    fit = sum(one["placed"] for one in found["clients"])
    assert 0 < fit < 3 * each
