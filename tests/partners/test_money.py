"""Sums: exact to the cent, currencies apart, equal to a recalculation in pandas that shares no code with ours."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from muster.errors import InputError
from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, VisitId
from partners.agreement import Cancellation as CancellationClause
from partners.agreement import Rate, RateUnit
from partners.booking import Booked, booked
from partners.errors import CurrencyMismatch, Refused
from partners.fees import Cancellation, Introduction, cancellation_fee, introduction_fee
from partners.file import ClientTerms
from partners.money import Money, parse_money, total
from partners.offers import ContractPrice, Offer, Quote, QuoteState, VolumeDiscount, declined, quote, signed
from partners.profit import Comparison, Facts, LineKind, Stage, Statement, shares, statement
from partners.work import HostWork, HostWorkState, Payable, Work, price_of
from reports.profit_page import profit_html
from reports.profit_workbook import profit_xlsx, statement_rows
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from tests.partners.make import DAY, agreement, clauses, days_after, euros
from tests.scheduler.problems import random_problem

NOW = datetime(2026, 10, 26, 12, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 1, tzinfo=UTC)
CENT = Decimal("0.01")


def cents(number: Fraction) -> Decimal:
    """Half up, away from nothing, by exact fractions."""
    sign = -1 if number < 0 else 1
    return sign * Decimal(int(abs(number) * 100 + Fraction(1, 2))) / 100


def random_facts(seed: int, *, foreign: bool = False) -> Facts:
    dice = Random(seed)  # noqa: S311 - a game
    clients = {ClientId(f"c{n}"): dice.randint(1, 30) for n in range(dice.randint(1, 6))}
    hosts = {c: tuple(HostId(f"{c}-{n}") for n in range(count)) for c, count in clients.items()}
    visits: list[Booked] = []
    works: dict[VisitId, Work] = {}
    protected = {h for ids in hosts.values() for h in ids if dice.random() < 0.5}
    for client_id, ids in hosts.items():
        rest = list(ids)
        while rest and dice.random() < 0.8:
            mine, rest = rest[: dice.randint(1, 9)], rest[9:]
            starts = NOW + timedelta(hours=dice.randint(-100, 100))
            partner = dice.choice([None, PartnerId("north"), PartnerId("south")])
            visit = VisitId(f"V-{client_id}-{len(visits)}")
            minutes = dice.randint(10, 240)
            one = Booked(
                visit, client_id, PersonId("p"), partner, tuple(mine), starts, starts + timedelta(minutes=minutes),
                f"2026-W{starts.isocalendar().week}", minutes, True,  # noqa: FBT003 - its own field
                dice.randint(0, 30_000), dice.randint(0, 5_000), dice.choice([0, 0, dice.randint(1, 4_000)]),
            )  # fmt: skip
            visits.append(one)
            if partner is not None and dice.random() < 0.5:
                works[visit] = _work(one, partner, dice)
    offer = Offer("o", CampaignId("tz"), "o", euros("12.35"), euros(40), euros(150))
    quotes = {c: quote(offer, c, hosts=n, sites=1, valid_until=DAY) for c, n in clients.items() if dice.random() < 0.9}
    rates = {"north": (RateUnit.HOST, "7.77"), "south": (RateUnit.HOUR, "66.66")}
    called_off = [
        Cancellation(
            CampaignId("tz"), VisitId(f"V-off-{n}"), PartnerId("north"), dice.choice(list(clients)), PersonId("p"),
            "north", NOW + timedelta(hours=dice.randint(-100, 100)), NOW, "",
            euros(str(Decimal(dice.randint(0, 20_000)) / 100)),
            ours=dice.random() < 0.7,
        )
        for n in range(dice.randint(0, 3))
    ]  # fmt: skip
    introduced = [
        Introduction(
            f"i{n}", PartnerId("south"), dice.choice(list(clients)), "south", euros(1000), euros(dice.randint(0, 300)),
            owed_to_us=dice.random() < 0.5, on=days_after(dice.randint(-9, 9)), by="Kim",
        )
        for n in range(dice.randint(0, 2))
    ]  # fmt: skip
    return Facts(
        currency="EUR",
        now=dice.choice([NOW, DEADLINE + timedelta(days=1)]),
        deadline=DEADLINE,
        deadline_week="2026-W44",
        first_week="2026-W42",
        clients=hosts,
        protected=frozenset(protected),
        booked=tuple(sorted(visits, key=lambda one: one.starts_at)),
        quotes={c: signed(q, by="Bo", on=DAY) if dice.random() < 0.8 else q for c, q in quotes.items()},
        terms={c: ClientTerms(c, penalty_per_host=euros("25.50")) for c in clients if dice.random() < 0.6},
        agreements={
            PartnerId(name): agreement(
                id=name,
                clauses=clauses(
                    rate=Rate(unit, Money(Decimal(price), "USD" if foreign and name == "south" else "EUR"))
                ),
            )
            for name, (unit, price) in rates.items()
        },
        works=works,
        cancellations=tuple(called_off),
        introductions=tuple(introduced),
    )


def _work(one: Booked, partner: PartnerId, dice: Random) -> Work:
    host = HostWork(one.host_ids[0], HostWorkState.VERIFIED, NOW, NOW)
    gross = euros(str(Decimal(dice.randint(1000, 40_000)) / 100))
    payable = Payable(gross, gross.times(Decimal("0.1")), "Kim", DAY, DAY)
    return Work(
        CampaignId("tz"), one.visit_id, partner, one.client_id, one.person_id, "north", one.starts_at, one.minutes,
        one.starts_at, one.ends_at, (host,), payable=payable,
    )  # fmt: skip


def recalculated(facts: Facts, stage: Stage) -> dict[str, Decimal]:
    """Profit by kind, from plain tables, fractions and pandas."""
    table = pd.DataFrame(
        [
            {
                "visit": b.visit_id, "client": b.client_id, "partner": b.partner_id or "", "n": len(b.host_ids),
                "right": len(set(b.host_ids) & facts.protected),
                "over": b.ends_at <= facts.now or set(b.host_ids) <= facts.protected,
                "minutes": b.minutes, "labour": b.labour_cents, "travel": b.travel_cents, "overtime": b.overtime_cents,
            }
            for b in facts.booked
        ],
        columns=["visit", "client", "partner", "n", "right", "over", "minutes", "labour", "travel", "overtime"],
    )  # fmt: skip
    told = dict.fromkeys(LineKind, Decimal(0))
    as_planned = (
        table["over"].map(lambda over: stage is Stage.PLANNED or (stage is Stage.FORECAST and not over)).astype(bool)
    )
    counted = table["over"].astype(bool) | as_planned
    own = table[(table["partner"] == "") & counted]
    for kind in (LineKind.LABOUR, LineKind.TRAVEL, LineKind.OVERTIME):
        told[kind] = -Decimal(int(own[kind.value].sum())) / 100
    for row in table[table["partner"] != ""].itertuples():
        work = facts.works.get(VisitId(str(row.visit)))
        if stage is not Stage.PLANNED and work is not None and work.payable is not None:
            told[LineKind.PARTNER] -= work.payable.gross.amount
            told[LineKind.REWORK] += work.payable.rework.amount
        elif stage is not Stage.ACTUAL:
            north = row.partner == "north"
            price = Fraction("7.77") * int(str(row.n)) if north else Fraction("66.66") * int(str(row.minutes)) / 60
            told[LineKind.PARTNER] -= cents(price)
    table["earned"] = table["n"].where(as_planned, table["right"])
    earned = table.groupby("client")["earned"].sum()
    in_visits = {h for b in facts.booked for h in b.host_ids}
    for client_id, ids in facts.clients.items():
        loose = [h for h in ids if h not in in_visits]
        good = sum(h in facts.protected for h in loose)
        made = facts.quotes.get(client_id)
        if made is not None and made.state is QuoteState.SIGNED:
            of = sum((line.sum.amount for line in made.lines), Decimal(0))
            total_hosts = min(made.hosts, good + int(earned.get(client_id, 0)))
            told[LineKind.REVENUE] += cents(Fraction(of) * total_hosts / made.hosts)
        if client_id in facts.terms:
            lost = len(loose) - good
            if stage is Stage.FORECAST:
                over = {h for b in facts.booked if b.client_id == client_id
                        and (b.ends_at <= facts.now or set(b.host_ids) <= facts.protected) for h in b.host_ids}  # fmt: skip  # noqa: E501 - it is read as a whole
                lost += len(over - facts.protected)
            if stage is Stage.ACTUAL:
                lost = sum(h not in facts.protected for h in ids) if facts.now >= facts.deadline else 0
            told[LineKind.PENALTY] -= Decimal("25.50") * lost
    told |= _fees(facts) if stage is not Stage.PLANNED else {}
    return {kind.value: amount for kind, amount in told.items()}


def _fees(facts: Facts) -> dict[LineKind, Decimal]:
    owed = pd.DataFrame(
        [("cancellations", -one.fee.amount if one.ours else one.fee.amount) for one in facts.cancellations]
        + [("introductions", one.fee.amount if one.owed_to_us else -one.fee.amount) for one in facts.introductions],
        columns=["kind", "sum"],
    )
    kinds = (LineKind.CANCELLATION, LineKind.INTRODUCTION)
    return {kind: sum(owed[owed["kind"] == kind.value]["sum"], Decimal(0)) for kind in kinds}


@pytest.mark.parametrize(("minutes", "price"), [(5, "5.56"), (25, "27.78"), (60, "66.66"), (65, "72.22"), (7, "7.78")])
def test_half_a_cent_of_an_hours_share_is_rounded_up(minutes: int, price: str) -> None:
    hourly = agreement(clauses=clauses(rate=Rate(RateUnit.HOUR, euros("66.66"))))
    assert price_of(hourly, hosts=1, minutes=minutes) == euros(price)


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.sampled_from(Stage))
@example(2294, Stage.PLANNED)
def test_every_sum_equals_a_recalculation_in_pandas_to_the_cent(seed: int, stage: Stage) -> None:
    facts = random_facts(seed)
    made = statement("x", stage, facts)
    expected = recalculated(facts, stage)
    assert {kind.value: made.total(kind).amount for kind in LineKind} == expected
    assert made.profit.amount == sum(expected.values())
    for key in (lambda line: line.client_id, lambda line: line.week, lambda line: line.partner_id or "own"):
        assert sum((one.amount for one in made.by(key).values()), Decimal(0)) == made.profit.amount


def comparison(seed: int, *, foreign: bool = False) -> Comparison:
    facts = random_facts(seed, foreign=foreign)
    alone = replace(facts, booked=tuple(one for one in facts.booked if one.partner_id is None))
    return Comparison(
        "Clocks <&> =cmd",
        statement("with partners, planned", Stage.PLANNED, facts),
        statement("with partners, forecast", Stage.FORECAST, facts),
        statement("with partners, actual", Stage.ACTUAL, facts),
        statement("without partners, planned", Stage.PLANNED, alone),
        {ClientId("c0"): 3},
        90,
        60,
        100,
    )


def evaluated(book: openpyxl.Workbook, lines: pd.DataFrame, title: str) -> list[tuple[str, Decimal]]:
    """Every SUMIFS of a sheet worked out by pandas from the sheet ``lines``, by the words of the formula itself."""
    sheet, found = book[title], []
    for row in sheet.iter_rows():
        for cell in row:
            text = str(cell.value)
            if not text.startswith("=SUMIFS("):
                continue
            rows = lines
            summed = r"=SUMIFS\(lines!\$(\w)\$(\d+):\$\w\$(\d+)(.*)\)"
            column, first, last, rest = re.match(summed, text).groups()  # type: ignore[union-attr]
            assert (column, first, int(last)) == ("F", "2", len(lines) + 1), text
            for letter, wanted in re.findall(r'lines!\$(\w)\$\d+:\$\w\$\d+,(\$?\w\$?\d+|"\w+")', rest):
                value = wanted.strip('"') if wanted.startswith('"') else sheet[wanted.replace("$", "")].value
                rows = rows[rows[letter] == value]
            found.append(
                (f"{title}!{cell.coordinate}", sum((Decimal(str(a)) for a in rows["F"]), Decimal(0)).quantize(CENT))
            )
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_formulas_of_the_workbook_come_to_what_stands_in_them(seed: int) -> None:
    made = comparison(seed, foreign=seed == 3)
    data = profit_xlsx(made)
    live, shown = openpyxl.load_workbook(io.BytesIO(data)), openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    rows = list(shown["lines"].iter_rows(min_row=2, values_only=True))
    lines = pd.DataFrame(rows, columns=list("ABCDEFG"))
    assert len(lines) == sum(len(one.lines) + len(one.other) for one in made.statements)
    checked = 0
    for title in ("summary", "by client", "by partner", "by week"):
        for place, amount in evaluated(live, lines, title):
            cell = shown[title][place.split("!")[1]]
            assert Decimal(str(cell.value)).quantize(CENT) == amount, place
            checked += 1
    assert checked > 40
    profit = {one.name: one.profit.amount for one in made.statements}
    for title in ("by client", "by partner", "by week"):
        sheet = shown[title]
        last = next(row for row in sheet.iter_rows(values_only=True) if row[0] == "all")
        assert [Decimal(str(cell)).quantize(CENT) for cell in last[1:5]] == list(profit.values())
    for one in live.worksheets:
        assert not [c for row in one.iter_rows() for c in row if c.data_type == "e"]


def test_sums_of_another_currency_are_shown_and_never_added() -> None:
    made = next(one for one in (comparison(seed, foreign=True) for seed in range(50)) if one.planned.other)
    assert {line.sum.currency for line in made.planned.other} == {"USD"}
    assert all(line.sum.currency == "EUR" for line in made.planned.lines)
    assert "USD are not in these figures" in profit_html(made)
    told = statement_rows(made.planned)
    assert {row[-1] for row in told} == {"EUR", "USD"}
    with pytest.raises(CurrencyMismatch):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")


def test_the_page_fetches_nothing_runs_nothing_and_escapes_everything() -> None:
    text = profit_html(comparison(1))
    assert "Clocks &lt;&amp;&gt;" in text
    assert "<script" not in text
    assert not re.search(r"""(src|href)=|url\(|@import""", text)


@given(st.decimals(0, 10**7, places=2), st.lists(st.integers(0, 50), max_size=20), st.integers(0, 60))
def test_what_is_shared_out_is_all_there_to_the_cent(amount: Decimal, parts: Sequence[int], more: int) -> None:
    given_ = Money(amount, "EUR")
    of = sum(parts) + more
    found = shares(given_, parts, of)
    reached = given_.times(Decimal(sum(parts)) / of) if of else euros(0)
    assert sum((one.amount for one in found), Decimal(0)) == (reached.amount if parts else 0)
    assert all(one.amount >= 0 for one in found)


def test_a_quote_has_its_lines_in_order_and_adds_up() -> None:
    offer = Offer(
        "o", CampaignId("tz"), "o", euros("12.35"), euros(40), euros(150),
        (VolumeDiscount(100, Decimal(10)), VolumeDiscount(10, Decimal(5))), (ContractPrice(ClientId("c1"), Decimal(50)),),  # noqa: E501 - it is read as a whole
    )  # fmt: skip
    small = quote(offer, ClientId("c0"), hosts=3, sites=1, valid_until=DAY)
    assert [line.sum.amount for line in small.lines] == [Decimal("37.05"), Decimal(40), Decimal("72.95")]
    assert small.total == euros(150), "the minimum"
    large = quote(offer, ClientId("c0"), hosts=120, sites=2, valid_until=DAY)
    assert large.total == euros("1405.80"), "ten per cent off 1,562.00"
    bound = quote(offer, ClientId("c1"), hosts=120, sites=2, valid_until=DAY)
    assert bound.total == euros("702.90")
    assert "50 % of it are paid" in bound.lines[-1].text


def test_a_quote_is_answered_once_and_in_time() -> None:
    offer = Offer("o", CampaignId("tz"), "o", euros(1), euros(1), euros(0))
    open_ = quote(offer, ClientId("c0"), hosts=3, sites=1, valid_until=DAY)
    yes: Quote = signed(open_, by="Bo", on=DAY)
    with pytest.raises(Refused, match="was signed already"):
        signed(yes, by="Bo", on=DAY)
    with pytest.raises(Refused, match="was valid until"):
        signed(open_, by="Bo", on=days_after(1))
    with pytest.raises(Refused, match="by nobody"):
        signed(open_, by=" ", on=DAY)
    with pytest.raises(Refused):
        declined(yes)
    with pytest.raises(InputError, match="nothing to quote"):
        quote(offer, ClientId("c0"), hosts=0, sites=1, valid_until=DAY)


def test_money_is_read_and_written_exactly() -> None:
    assert parse_money("62,5", "EUR") == euros("62.50")
    assert parse_money("7 cad", "EUR") == Money(Decimal(7), "CAD")
    assert str(euros("1234567.891")) == "1,234,567.89 EUR"
    assert euros("0.005").amount == Decimal("0.005").quantize(CENT, ROUND_HALF_UP) == Decimal("0.01")
    assert [str(one) for one in total([euros(1), Money(Decimal(2), "CAD"), euros(3)])] == ["2.00 CAD", "4.00 EUR"]
    for wrong in ("", "1.234,50", "abc", "1 EURO", "nan"):
        with pytest.raises(InputError):
            parse_money(wrong, "EUR")


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_the_visits_of_any_plan_cost_together_what_the_plan_says(seed: int) -> None:
    problem = random_problem(seed)
    plan = solve(problem, MaxIterations(3), 1)
    made = booked(problem, plan, "UTC")
    assert sum(one.cents for one in made) == plan.cost.total_cents
    assert len(made) == len(plan.assignments)
    assert sum(one.leads for one in made) == len({one.visit_id for one in plan.assignments})


@settings(max_examples=60)
@given(
    st.integers(-200, 200), st.integers(0, 72), st.decimals(0, 100, places=1), st.integers(1, 20), st.integers(5, 240),
    st.sampled_from(RateUnit),
)  # fmt: skip
def test_calling_off_costs_its_share_of_the_price_when_the_notice_is_too_short_and_else_nothing(
    hours: int, notice: int, percent: Decimal, hosts: int, minutes: int, unit: RateUnit
) -> None:
    bound = agreement(
        clauses=clauses(rate=Rate(unit, euros("61.37")), cancellation=CancellationClause(notice, percent))
    )
    found = cancellation_fee(bound, planned_start=NOW + timedelta(hours=hours), at=NOW, hosts=hosts, minutes=minutes)
    times = {RateUnit.HOST: Fraction(hosts), RateUnit.VISIT: Fraction(1), RateUnit.HOUR: Fraction(minutes, 60)}[unit]
    price = cents(Fraction("61.37") * times)
    late = 0 < hours < notice
    assert found.amount == (cents(Fraction(price) * Fraction(percent) / 100) if late else 0)


def test_an_introduction_costs_the_agreed_share_of_a_first_year() -> None:
    assert introduction_fee(agreement(), euros("12345.67")) == euros("2469.13")
    with pytest.raises(Refused):
        introduction_fee(agreement(), euros(-1))


def test_a_statement_without_lines_is_nothing() -> None:
    assert Statement("x", "EUR", ()).profit == euros(0)
