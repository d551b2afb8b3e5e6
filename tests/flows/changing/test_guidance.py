"""New guidance in mid-campaign: what is done stays, what must be asked again is named, the plan keeps the new order."""

import json
from pathlib import Path

from flows.changes import accept, changes_of, propose
from flows.guidance import guidance
from muster.campaign_file import read_campaign_file
from muster.ids import HostId
from muster.outcomes import HostStatus
from push.ramp import changed_at
from tests.flows.changing.bound import CAMPAIGN, answer, binding, placed
from tests.flows.changing.conftest import Within
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING

ORDER = """
gates:
  order:
    - {first: {clients: [dana]}, then: {clients: [acme, borg]}, within: campaign}
"""
ACME = tuple(HostId(f"acme{number}") for number in range(1, 5))


def test_an_order_that_is_turned_round_is_kept_by_the_plan_and_names_what_was_done_too_early(
    within: Within, workspace: Path
) -> None:
    services = within()
    answer(services, ACME, HostStatus.RIGHT)
    (workspace / "campaign.yml").write_text(CAMPAIGN + ORDER)
    new = read_campaign_file(workspace / "campaign.yml").campaign
    revision = services.ledger.revision()
    found = guidance(services, new, source="KB931836", reason="calendars first")
    assert found.done == ACME
    assert found.again == ACME, "they were done before dana's"
    assert [one for one in found.differences if "gates.order: with" in one]
    proposal = propose(services, SPRING, found.edit)
    assert services.ledger.revision() == revision
    record = accept(services, proposal, by="mia")
    after = {str(visit).split("-")[1]: where for visit, where in placed(binding(services)).items()}
    assert after["borg"][1] >= after["dana"][2], "borg waits for dana"
    assert services.ledger.campaign(SPRING).gates.order == new.gates.order
    states = {one.host_id: one.status for one in services.ledger.hosts(SPRING)}
    assert all(states[host_id] is HostStatus.RIGHT for host_id in ACME), "what was done stays"
    (kept,) = changes_of(services, SPRING)
    assert (kept.by, kept.id) == ("mia", record.id)
    assert dict(kept.details)["source"] == "KB931836"
    assert "acme1" in dict(kept.details)["to be asked again"]


def test_other_parameters_have_everything_that_is_done_asked_again(within: Within, workspace: Path) -> None:
    services = within()
    answer(services, ACME, HostStatus.RIGHT)
    (workspace / "campaign.yml").write_text(CAMPAIGN.replace("2027-03-14T12", "2027-03-28T12"))
    new = read_campaign_file(workspace / "campaign.yml").campaign
    found = guidance(services, new, source="", reason="the date was moved")
    assert found.again == ACME
    again = guidance(services, services.ledger.campaign(SPRING), source="", reason="rev. 2", fix_changed=True)
    assert (again.again, again.differences) == (ACME, ("the fix itself is another one",))
    accept(services, propose(services, SPRING, again.edit), by="mia")
    assert changed_at(services.ledger, SPRING) is not None, "the ramp begins anew"
    assert found.differences == ("parameters.instants: 2027-03-28T12:00:00Z instead of 2027-03-14T12:00:00Z",)


def test_the_command_shows_and_binds_and_refuses_what_says_nothing_new(muster: Shell, workspace: Path) -> None:
    words = ("change", "guidance", "--reason", "calendars first", "--source", "KB931836")
    nothing = muster(workspace, *words)
    assert (nothing.returncode, "says what the campaign does already" in nothing.stderr) == (2, True)
    (workspace / "campaign.yml").write_text(CAMPAIGN + ORDER)
    said = muster(workspace, *words)
    assert said.returncode == 0, said.stderr
    assert "nothing is written yet" in said.stdout
    done = json.loads(muster(workspace, *words, "--accept", "--json").stdout)
    assert (done["done"], len(done["open"])) == ([], 16)
    assert done["accepted"]["kind"] == "guidance"
    (workspace / "campaign.yml").write_text(CAMPAIGN.replace("tzdata", "config_change"))
    assert muster(workspace, *words).returncode == 2
