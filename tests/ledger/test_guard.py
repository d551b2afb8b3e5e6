"""Words from hosts are cleaned before they are kept: of secrets, and of what a database cannot hold."""

from dataclasses import replace

from ledger.guard import Guard
from ledger.store import SqlLedger
from muster.outcomes import Evidence, Finding, HostStatus, Stage, Verdict
from muster.records import ProbeRecord
from muster.steps import Fact
from tests.ledger.conftest import Open
from tests.ledger.make import AT, BOB, CAMPAIGN, begin, claim, finish, ids, outcome, probe

SECRET = "hunter2-of-the-test"


def _redact(text: str) -> str:
    return text.replace(SECRET, "[secret]")


def _leaky_finding() -> Finding:
    facts = (Fact(f"layer {SECRET}", f"key {SECRET}", f"value {SECRET}"),)
    return Finding(Verdict.STALE, f"summary {SECRET}", facts, (f"advice {SECRET}",))


def _everything(ledger: SqlLedger) -> str:
    kept = []
    with ledger.database.reading() as connection:
        for table in ("events", "attempts", "outcomes", "host_states", "waves", "campaigns"):
            kept += [str(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]  # noqa: S608
    return "\n".join(kept)


def test_no_secret_in_a_hosts_words_is_kept_anywhere(url: str, opened: Open) -> None:
    ledger = opened(url, redact=_redact)
    begin(ledger)
    leaky = _leaky_finding()
    ledger.record_probes(
        CAMPAIGN,
        [ProbeRecord(ids(1)[0], HostStatus.STALE, leaky, Stage.FINISHED, f"cause {SECRET}", f"hint {SECRET}", AT)],
        by="ann",
    )
    end = replace(
        outcome(HostStatus.FAILED),
        cause=f"cause {SECRET}",
        hint=f"hint {SECRET}",
        evidence=Evidence(leaky, leaky, (f"changed {SECRET}",)),
    )
    leases = claim(ledger, ids(1))
    finish(ledger, leases, end)
    finish(ledger, [replace(leases[0], fence=99, runner_id=BOB)], end)
    ledger.note("x", by="ann", campaign_id=CAMPAIGN, data={SECRET: [{"deep": f"a {SECRET}"}]})
    ledger.stop(CAMPAIGN, by="ann", reason=f"reason {SECRET}")
    kept = _everything(ledger)
    assert kept.count("[secret]") > 15
    assert SECRET not in kept


def test_what_a_database_cannot_hold_is_replaced_on_both_the_same(ledger: SqlLedger) -> None:
    begin(ledger)
    odd = Finding(Verdict.STALE, "nul \0 and half a pair \ud83d", (Fact("a", "b", "ünï©ødé 🕐 \t\x07"),))
    probe(ledger, ids(1), odd)
    kept = ledger.hosts(CAMPAIGN)[0].finding
    assert kept is not None
    assert kept.summary.startswith("nul \ufffd and half a pair \ufffd")
    assert kept.facts == odd.facts


def test_a_secret_that_the_redactor_learns_later_is_taken_out_from_then_on(url: str, opened: Open) -> None:
    secrets: list[str] = []

    def redact(text: str) -> str:
        return "[secret]" if text in secrets else text

    ledger = opened(url, redact=redact)
    ledger.note("x", by="ann", data={"word": SECRET})
    secrets.append(SECRET)
    ledger.note("x", by="ann", data={"word": SECRET})
    assert [event.data["word"] for event in ledger.events()] == [SECRET, "[secret]"]


def test_values_that_json_does_not_know_become_text() -> None:
    assert Guard().plain({"a": object, 1: (True, None, 2.5, float("inf"))}) == {
        "a": "<class 'object'>",
        "1": [True, None, 2.5, "inf"],
    }
