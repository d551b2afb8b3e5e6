"""A change whose plan has to be approved: what happened is written at once, the plan binds after the yes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows.absences import AWAY
from flows.approvals import decide
from flows.change_kinds import sick
from flows.changes import accept, propose
from flows.planning import dispatch_plan
from muster.approvals import ApprovalPolicy, ApprovalRule
from muster.errors import ApprovalNeeded
from tests.flows.changing.bound import NOW, binding
from tests.flows.changing.conftest import Within
from tests.muster.worlds import SPRING


def test_what_happened_is_written_and_the_plan_waits_for_its_approval(within: Within) -> None:
    services = within()
    before = binding(services)
    policy = ApprovalPolicy(money=ApprovalRule(("ada",)), money_over_cents=0)
    services.ledger.open_campaign(replace(services.ledger.campaign(SPRING), approvals=policy), (), by="test")
    person = before.assignments[0].person_id
    edit = sick(services, person, NOW, NOW + timedelta(days=9), reason="ill", by="mia")
    record = accept(services, propose(services, SPRING, edit), by="mia")
    (waits,) = record.waits_for
    assert record.plan_after is not None
    assert record.told == (), "nobody is told of what does not bind yet"
    assert binding(services).id == before.id
    assert [kept.value.person_id for kept in services.book.papers(AWAY)] == [person], "ill is ill"
    with pytest.raises(ApprovalNeeded):
        dispatch_plan(services, record.plan_after, by="mia")
    decide(services, waits, approved=True, person="ada")
    dispatch_plan(services, record.plan_after, by="mia")
    assert binding(services).id == record.plan_after
