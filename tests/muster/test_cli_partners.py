"""Partners from the command line: listed, vetted, signed, planned, shown, claimed, verified, paid."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from flows.partner_work import binding_plan
from flows.services import services_of
from flows.turns import whose_turn
from flows.visits import start_visit
from muster.cli.workspace import Workspace
from muster.errors import InputError
from muster.ids import HostId
from muster.outcomes import HostStatus
from push.release import RUN, Selection, candidates, scene_of
from tests.muster.partnering import (
    CAMPAIGN,
    CREW,
    ELIGIBLE,
    HOSTS,
    LIST,
    NOW,
    SITES,
    answer,
    good,
    make_eligible,
    planned,
)
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING, bring_in, copied, enrol, standing_at, typed
from tests.reports.printers import can_print


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six hosts that somebody must go to; a partner in the crew's file that nobody has vetted. Made once."""
    folder = tmp_path_factory.mktemp("partners")
    standing_at(folder, NOW, solve_seconds=1, company="Clockworks")
    (folder / "community.csv").write_text(LIST)
    tables = {
        "clients": "id,name,email\nacme,Acme,a@acme.example\nborg,Borg,b@borg.example\n",
        "sites": SITES,
        "hosts": HOSTS,
        "partners": "id,name\nnorthwest-it,Northwest IT\n",
        "crew": CREW,
    }
    bring_in(folder, CAMPAIGN, tables)
    answer(folder, enrol(folder), HostStatus.UNREACHABLE)
    services_of.cache_clear()
    return folder


@pytest.fixture(scope="session")
def made_eligible(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the partner vetted, insured, signed and approved: five commands that few tests are about."""
    folder = shutil.copytree(made, tmp_path_factory.mktemp("eligible"), dirs_exist_ok=True)
    typed(folder, "partner", "import", "community.csv", code=1)
    for words in ELIGIBLE:
        typed(folder, "partner", *words)
    services_of.cache_clear()
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Path]:
    """Six hosts that somebody must go to; a partner in the crew's file that nobody has vetted."""
    yield copied(made, tmp_path, NOW)
    services_of.cache_clear()


@pytest.fixture
def eligible(made_eligible: Path, tmp_path: Path) -> Iterator[Path]:
    """The same with a partner that may be given work."""
    yield copied(made_eligible, tmp_path, NOW)
    services_of.cache_clear()


def test_a_list_is_taken_in_and_every_bad_row_is_named(muster: Shell, workspace: Path) -> None:
    done = muster(workspace, "partner", "import", "community.csv")
    assert done.returncode == 1
    assert "1 partner taken in" in done.stdout
    assert "line 3, email: 'not an address'" in done.stderr
    assert "line 4, name: is empty" in done.stderr
    assert "passed over: Stars" in done.stdout
    again = muster(workspace, "partner", "import", "community.csv")
    assert "0 partners taken in" in again.stdout, "the same list changes nothing"


def test_nobody_is_planned_before_being_vetted_insured_and_signed(muster: Shell, workspace: Path) -> None:
    muster(workspace, "partner", "import", "community.csv")
    assert planned(muster, workspace) == []
    shown = json.loads(good(muster(workspace, "partner", "show", "northwest-it", "--json")))
    assert not shown["eligible"]
    assert {one["rule"] for one in shown["reasons"]} == {"vetting", "insurance", "agreement"}
    plan = json.loads(good(muster(workspace, "plan", "show", "--json")))
    said = good(muster(workspace, "plan", "explain", plan["unplaced"][0]["visit"]))
    assert "it has not been judged for skill" in said


def test_the_whole_way_from_a_list_to_a_payment(muster: Shell, workspace: Path) -> None:
    make_eligible(muster, workspace)
    visits = planned(muster, workspace)
    assert {one["person"] for one in visits} <= {"nils", "nora"}
    assert len(visits) == 2
    good(muster(workspace, "dispatch"))
    early = json.loads(good(muster(workspace, "partner", "tasks", "northwest-it", "--json")))
    assert {str(one["visit"]) for one in early["visits"]} == {str(one["visit"]) for one in visits}
    assert all(set(one["machines"][0]) == {"name", "os", "role"} for one in early["visits"]), "no address, no login"
    assert "never taken" not in early["conduct"]["A significant problem"]
    listed = json.loads(good(muster(workspace, "partner", "disclosures", "--client", "acme", "--json")))
    assert [one["partner"] for one in listed] == ["northwest-it"]
    ends = max(datetime.fromisoformat(str(one["ends_at"])) for one in visits)
    standing_at(workspace, ends + timedelta(minutes=5))
    for one in visits:
        good(muster(workspace, "partner", "claim", str(one["visit"])))
    answer(workspace, [HostId(f"h{n}") for n in range(1, 6)], HostStatus.RIGHT)
    answer(workspace, [HostId("h6")], HostStatus.STALE)
    settled = {one["visit"]: one["state"] for one in json.loads(good(muster(workspace, "partner", "settle", "--json")))}
    assert sorted(settled.values()) == ["held", "verified"]
    held = next(visit for visit, state in settled.items() if state == "held")
    (learned,) = [
        one
        for one in json.loads(good(muster(workspace, "estimate", "--json")))["estimates"]
        if (one["mode"], one["family"]) == ("onsite", "linux")
    ]
    assert learned["measured_hosts"] > 0, "what a probe has verified feeds the estimate, what is held does not"
    paying = json.loads(good(muster(workspace, "partner", "pay", "--approve", "--json")))
    assert {one["state"] for one in paying} == {"held", "payable"}
    good(muster(workspace, "partner", "claim", held))
    answer(workspace, [HostId("h6")], HostStatus.RIGHT)
    good(muster(workspace, "partner", "settle"))
    good(muster(workspace, "partner", "pay", "--approve"))
    paid = json.loads(good(muster(workspace, "partner", "pay", "--paid", "SEPA 17", "--json")))
    assert {one["state"] for one in paid} == {"paid"}
    minutes = {str(one["visit"]): _minutes(one) for one in visits}
    gross = {visit: round(7000 * count / 60) for visit, count in minutes.items()}
    net = {visit: cents - (round(cents * 20 / 300) if visit == held else 0) for visit, cents in gross.items()}
    assert {one["visit"]: one["to pay"] for one in paid} == {v: f"{c / 100:,.2f} EUR" for v, c in net.items()}
    good(muster(workspace, "partner", "feedback", held, "5", "--by", "Bo"))
    card = json.loads(good(muster(workspace, "partner", "scorecard", "northwest-it", "--json")))
    assert card["verified at the first try"] == "5 of 6 (83.3 %)"
    assert card["machines with rework"] == "1 of 6 (16.7 %)"
    assert card["on time"] == "2 of 2 (100.0 %)"
    assert card["we paid when due"] == "2 of 2 (100.0 %)"
    assert card["clients' feedback"] == "5.0 of 5"


def _minutes(one: dict[str, object]) -> int:
    span = datetime.fromisoformat(str(one["ends_at"])) - datetime.fromisoformat(str(one["starts_at"]))
    return round(span / timedelta(minutes=1))


def test_a_plan_is_rejected_when_the_partner_is_suspended_before_dispatch(muster: Shell, eligible: Path) -> None:
    planned(muster, eligible)
    good(muster(eligible, "partner", "suspend", "northwest-it", "--reason", "a complaint of Acme"))
    done = muster(eligible, "dispatch")
    assert done.returncode == 1
    assert "suspended" in done.stderr
    assert "a complaint of Acme" in done.stderr
    assert muster(eligible, "partner", "tasks", "northwest-it").returncode == 2, "and nothing is shown"
    good(muster(eligible, "partner", "suspend", "northwest-it", "--lift"))
    good(muster(eligible, "dispatch"))


def test_visits_of_a_partner_that_is_suspended_after_dispatch_are_not_begun_and_go_to_others(
    muster: Shell, eligible: Path
) -> None:
    (eligible / "clients.csv").write_text(
        "id,name,email,preferred\nacme,Acme,a@acme.example,nils\nborg,Borg,b@borg.example,nils\n"
    )
    good(muster(eligible, "import", "clients.csv"))
    answer(eligible, [HostId(f"h{n}") for n in range(1, 7)], HostStatus.STALE)
    assert {one["person"] for one in planned(muster, eligible)} & {"nils", "nora"}
    good(muster(eligible, "dispatch"))

    def let_go() -> tuple[set[HostId], list[str]]:
        opened = Workspace(eligible)
        services, campaign = opened.services, opened.campaign(None)
        turn = whose_turn(services, campaign, ahead=True, retry_lost=False, only=None)
        scene = scene_of(services.context(SPRING), campaign)
        plan = binding_plan(services, SPRING)
        pushed = {host.id for host in candidates(scene, plan, Selection(RUN, ahead=True), frozenset())}
        assert pushed == set(turn.hosts), "what is said is what is done"
        theirs = [one.visit_id for one in plan.assignments if one.person_id in {"nils", "nora"}]
        told = [group.headline for group in turn.held]
        if told:
            with pytest.raises(InputError, match="a complaint"):
                start_visit(services, SPRING, theirs[0], by="nils")
        opened.close()
        services_of.cache_clear()
        return pushed, told

    before, nothing = let_go()
    assert (len(before), nothing) == (6, [])
    good(muster(eligible, "partner", "suspend", "northwest-it", "--reason", "a complaint of Acme"))
    after, told = let_go()
    assert after < before
    assert "a complaint of Acme" in " ".join(told)
    shown = good(muster(eligible, "change", "suspend", "northwest-it", "--reason", "a complaint of Acme"))
    assert "concerns partner northwest-it (ops@nw.example)" in shown
    assert "it is suspended since" in " ".join(shown.split()), "the cause is told"
    again = ("change", "suspend", "northwest-it", "--reason", "a complaint of Acme", "--accept", "--json")
    good(muster(eligible, *again))
    opened = Workspace(eligible)
    people = {one.person_id for one in binding_plan(opened.services, SPRING).assignments}
    queued = opened.ledger.messages(kind="visits changed")
    (letter,) = [one.message.content for one in queued if one.message.to == "ops@nw.example"]
    assert not any(word in f"{letter.subject} {letter.text}" for word in ("Acme", "Borg", "acme", "borg", "complaint"))
    opened.close()
    assert people == {"anna"}
    services_of.cache_clear()
    assert let_go()[1] == [], "nobody is held any more"


def test_calling_a_visit_off_too_late_costs_its_share_and_the_partner_is_not_given_it_again(
    muster: Shell, eligible: Path
) -> None:
    first, *_ = visits = sorted(planned(muster, eligible), key=lambda one: str(one["starts_at"]))
    assert {one["person"] for one in visits} <= {"nils", "nora"}
    good(muster(eligible, "dispatch"))
    starts = datetime.fromisoformat(str(first["starts_at"]))
    assert starts - NOW < timedelta(hours=24), "or the notice would be long enough"
    words = ("partner", "cancel", str(first["visit"]), "--reason", "the client wants our own people")
    half = Decimal(round(7000 * _minutes(first) / 60)) / 200
    fee = f"{half.quantize(Decimal('0.01'), ROUND_HALF_UP):,.2f} EUR"
    shown = good(muster(eligible, *words))
    assert f"northwest-it: fee {fee}, owed by us" in shown
    assert muster(eligible, "partner", "fees").stdout.strip() == "nothing is owed beside the work"
    done = json.loads(good(muster(eligible, *words, "--accept", "--json")))
    assert done["accepted"]["kind"] == "cancel"
    now = {
        one["visit"]: one["person"]
        for one in json.loads(good(muster(eligible, "plan", "show", "--json")))["assignments"]
    }
    assert now.get(first["visit"]) not in {"nils", "nora"}
    again = {one["visit"]: one["person"] for one in planned(muster, eligible)}
    assert again.get(first["visit"]) not in {"nils", "nora"}, "nor in any later plan"
    (row,) = json.loads(good(muster(eligible, "partner", "fees", "--json")))
    assert (row["which"], row["fee"], row["owed by"]) == (first["visit"], fee, "us")
    made = json.loads(
        good(muster(eligible, "partner", "introduction", "northwest-it", "acme", "--expected", "1000", "--json"))
    )
    assert (made["fee"], made["owed_to_us"]) == ("200.00 EUR", True)
    found = json.loads(good(muster(eligible, "money", "profit", "--seconds", "0.3", "--json")))["statements"]
    by_name = {one["name"]: one for one in found}
    actual, planned_then = by_name["with partners, actual"], by_name["with partners, planned"]
    assert actual["cancellations"] == f"-{fee.removesuffix(' EUR')}"
    assert actual["introductions"] == "200.00"
    assert (planned_then["cancellations"], planned_then["introductions"]) == ("0.00", "0.00")
    assert "gives no partner" in muster(eligible, "partner", "cancel", "V-none", "--reason", "x").stderr


def test_terms_weaker_than_the_clients_bar_the_partner_and_name_the_term(muster: Shell, eligible: Path) -> None:
    good(muster(eligible, "partner", "client", "acme", "--owner", "ada", "--sla", "response_minutes=30"))
    good(muster(eligible, "partner", "client", "borg", "--unwanted", "northwest-it"))
    assert planned(muster, eligible) == []
    plan = json.loads(good(muster(eligible, "plan", "show", "--json")))
    said = "".join(good(muster(eligible, "plan", "explain", one["visit"])) for one in plan["unplaced"])
    words = " ".join(said.split())
    assert "response_minutes: the client was promised at most 30, and the agreement says 60" in words
    assert "client borg does not want Northwest IT" in words


def test_a_swap_is_asked_decided_by_another_and_dispatched(muster: Shell, eligible: Path) -> None:
    visits = planned(muster, eligible)
    good(muster(eligible, "dispatch"))
    one = visits[0]
    other = "nora" if one["person"] == "nils" else "nils"
    asking = ("--reason", "ill", "--by", "nils")
    good(muster(eligible, "partner", "swap", str(one["visit"]), other, *asking))
    assert "cannot decide it" in muster(eligible, "partner", "decide", "swap-1", "--by", "nils").stderr
    done = muster(eligible, "partner", "decide", "swap-1", "--by", "ada")
    if [v for v in visits if v["person"] == other and v["starts_at"] == one["starts_at"]]:
        assert f"{other} cannot do" in done.stderr, "the other is busy: the rules hold for swaps, too"
    else:
        made = json.loads(good(muster(eligible, "plan", "show", "--json")))["assignments"]
        assert done.returncode == 0, done.stderr
        now = next(v for v in made if v["visit"] == one["visit"])
        assert (now["person"], now["starts_at"]) == (other, one["starts_at"])
        assert "was approved already" in muster(eligible, "partner", "decide", "swap-1", "--by", "ada").stderr
    refused = muster(eligible, "partner", "swap", str(one["visit"]), "anna", "--reason", "ill")
    assert "is not one of northwest-it's people" in refused.stderr


def test_incidents_and_referrals_have_an_owner_and_a_state(muster: Shell, workspace: Path) -> None:
    muster(workspace, "partner", "import", "community.csv")
    lost = muster(workspace, "partner", "incident", "northwest-it", "acme", "the server did not start")
    assert "would belong to nobody" in lost.stderr
    good(muster(workspace, "partner", "client", "acme", "--owner", "ada"))
    good(muster(workspace, "partner", "incident", "northwest-it", "acme", "the server did not start"))
    good(muster(workspace, "partner", "incident", "northwest-it", "acme", "wants new screens", "--referral"))
    good(muster(workspace, "partner", "matters", "--move", "incident-1", "--to", "closed", "--text", "a new disk"))
    found = json.loads(good(muster(workspace, "partner", "matters", "--json")))
    assert [(one["id"], one["state"], one["owner"]) for one in found] == [
        ("incident-1", "closed", "ada"),
        ("referral-1", "open", "ada"),
    ]
    assert "is closed" in muster(workspace, "partner", "matters", "--move", "incident-1").stderr


def test_an_agreement_becomes_a_document_that_says_it_needs_counsel(muster: Shell, eligible: Path) -> None:
    good(muster(eligible, "partner", "document", "northwest-it", "A-1"))
    text = (eligible / "reports" / "A-1.html").read_text()
    assert "DRAFT. This document was made from data and needs counsel" in text
    for words in ("Clockworks", "Northwest IT", "70.00 EUR for every hour", "minutes of 1 March, item 2", "20 %"):
        assert words in text
    assert "<script" not in text


@pytest.mark.skipif(not can_print(), reason="neither Pango nor Chromium is here")
def test_an_agreement_becomes_a_pdf(muster: Shell, eligible: Path) -> None:
    said = good(muster(eligible, "partner", "document", "northwest-it", "A-1", "--format", "pdf"))
    assert "A-1.pdf" in said
    assert (eligible / "reports" / "A-1.pdf").read_bytes()[:5] == b"%PDF-"


def test_two_people_and_a_reason_override_what_falls_short(muster: Shell, workspace: Path) -> None:
    muster(workspace, "partner", "import", "community.csv")
    words = ("partner", "override", "northwest-it", "credit", "--until", "2027-06-30", "--by", "kim")
    assert "cannot be the second person" in muster(workspace, *words, "--reason", "x", "--second", "Kim").stderr
    assert "without a reason" in muster(workspace, *words, "--reason", " ", "--second", "ada").stderr
    good(muster(workspace, *words, "--reason", "pays in advance", "--second", "ada"))
    said = good(muster(workspace, "partner", "show", "northwest-it"))
    assert "pays in advance (kim and ada)" in said
    assert "judged for credit" not in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "nobody"), "there is no partner 'nobody'"),
        (("vet", "northwest-it", "skill=9", "--evidence", "x"), "points go from 1 to 5"),
        (("vet", "northwest-it", "skill", "--evidence", "x"), "is not of the form"),
        (("vet", "northwest-it", "taste=4", "--evidence", "x"), "is no criterion of vetting"),
        (("agree", "northwest-it", "A", "--rate", "mile=3", "--until", "2027-12-31"), "is not what is paid for"),
        (("agree", "northwest-it", "A", "--rate", "hour=3", "--until", "soon"), "is not a date"),
        (("sign", "northwest-it", "A-9", "--ours", "Ada"), "has no agreement 'A-9'"),
        (("suspend", "northwest-it"), "without a reason"),
        (("client", "nobody"), "the fleet has no client"),
        (("client", "acme", "--sla", "kindness=3"), "is no term of service"),
        (("claim", "V-1"), "has no plan that binds"),
    ],
)
def test_wrong_words_are_answered_with_a_sentence(
    muster: Shell, workspace: Path, words: tuple[str, ...], told: str
) -> None:
    muster(workspace, "partner", "import", "community.csv")
    done = muster(workspace, "partner", *words)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr


def test_money_from_an_offer_to_the_page_for_the_board(muster: Shell, eligible: Path) -> None:
    good(muster(eligible, "money", "offer", "list", "--host", "100", "--site", "20", "--contract", "borg=50"))
    quotes = json.loads(good(muster(eligible, "money", "quote", "list", "--json")))
    assert {one["client"]: one["total"] for one in quotes} == {"acme": "320.00 EUR", "borg": "160.00 EUR"}
    assert "no quote in spring" in muster(eligible, "money", "sign", "nobody", "--by", "Bo").stderr
    good(muster(eligible, "money", "sign", "acme", "--by", "Bo Acme"))
    assert "was signed already" in muster(eligible, "money", "sign", "acme", "--by", "Bo").stderr
    good(muster(eligible, "money", "sign", "borg", "--no"))
    assert "signed: 320.00 EUR" in good(muster(eligible, "money", "quotes"))
    assert "has no plan that binds" in muster(eligible, "money", "profit").stderr
    visits = planned(muster, eligible)
    good(muster(eligible, "dispatch"))
    found = json.loads(good(muster(eligible, "money", "profit", "--seconds", "1", "--json")))
    by_name = {one["name"]: one for one in found["statements"]}
    cents = sum(round(7000 * _minutes(one) / 60) for one in visits)
    assert by_name["with partners, planned"]["revenue"] == "320.00", "of the signed client only"
    assert by_name["with partners, planned"]["partners"] == f"{-cents / 100:.2f}"
    assert by_name["without partners, planned"]["revenue"] == "0.00", "nobody else can do it"
    assert found["missed_without_partners"] == {"acme": 3, "borg": 3}
    assert (found["protected_with_partners"], found["protected_without_partners"]) == (6, 0)
    today = json.loads(good(muster(eligible, "what-if", "overtime 5", "--seconds", "0.2", "--json")))["scenarios"][0]
    assert (today["margin"], today["currency"]) == (by_name["with partners, planned"]["profit"], "EUR")
    page, book = (Path(file) for file in found["files"])
    assert "6 of 6 machines are right in time, without them 0" in page.read_text()
    assert book.read_bytes()[:2] == b"PK"


def test_make_or_buy_says_which_client_goes_to_whom_and_writes_nothing(muster: Shell, eligible: Path) -> None:
    good(muster(eligible, "money", "offer", "list", "--host", "100", "--site", "20"))
    good(muster(eligible, "money", "quote", "list"))
    good(muster(eligible, "money", "sign", "acme", "--by", "Bo Acme"))
    before = Workspace(eligible)
    revision = before.ledger.revision()
    found = json.loads(good(muster(eligible, "money", "make-or-buy", "--seconds", "0.3", "--json")))
    acme, borg = found["clients"]
    assert (acme["partner"], borg["partner"]) == ("northwest-it", "northwest-it"), "Anna's half hours do for neither"
    assert (acme["revenue_cents"], borg["revenue_cents"]) == (32_000, 0), "of the signed client only"
    assert acme["at_risk_cents"] == 3_200, "nothing is known of the partner: nine of ten"
    assert (found["planned"]["hosts_placed"], found["left_out"], found["proved"]) == (6, [], True)
    cost = acme["cost_cents"] + borg["cost_cents"]
    assert found["planned"]["margin"] == f"{(32_000 - cost) / 100:.2f}", "the agreement's price, planned as asked"
    ours, theirs = found["exposure"]
    assert (ours["clients"], theirs["clients_percent"], theirs["revenue_percent"]) == (0, 100.0, 100.0)
    limited = json.loads(good(muster(eligible, "money", "make-or-buy", "--clients", "50", "--seconds", "0", "--json")))
    assert (len(limited["clients"]), len(limited["left_out"]), limited["planned"]) == (1, 1, None)
    assert limited["clients"][0]["client"] == "acme", "as many machines, and more money"
    said = good(muster(eligible, "money", "make-or-buy", "--all-clients", "50", "--seconds", "0"))
    assert "1 client left out" in said
    assert "expected profit" in said
    assert before.ledger.revision() == revision
    before.close()


def test_a_partner_that_is_added_to_see_what_then_is_held_to_the_clients_rules(muster: Shell, eligible: Path) -> None:
    good(muster(eligible, "partner", "suspend", "northwest-it", "--reason", "a complaint"))
    good(muster(eligible, "partner", "client", "borg", "--unwanted", "northwest-it"))
    alone = json.loads(good(muster(eligible, "money", "make-or-buy", "--seconds", "0", "--json")))
    assert sorted(alone["left_out"]) == ["acme", "borg"]
    words = ("money", "make-or-buy", "--if", "add partner northwest-it", "--seconds", "0", "--json")
    found = json.loads(good(muster(eligible, *words)))
    assert {one["client"]: one["partner"] for one in found["clients"]} == {"acme": "northwest-it"}
    assert found["left_out"] == ["borg"], "it does not want that partner, added or not"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("offer", "list", "--host", "much"), "is not an amount of money"),
        (("offer", "list", "--host", "1", "--site", "2 CAD"), "one offer, one currency"),
        (("offer", "list", "--host", "1", "--discount", "10=150"), "lies between 0 and 100"),
        (("offer", "list", "--host", "1", "--discount", "ten"), "is not of the form"),
        (("quote", "nothing"), "there is no offer 'nothing'"),
        (("profit",), "has no plan that binds"),
    ],
)
def test_wrong_words_about_money_are_answered_with_a_sentence(
    muster: Shell, workspace: Path, words: tuple[str, ...], told: str
) -> None:
    done = muster(workspace, "money", *words)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
