"""Prefect tasks: one per batch of hosts. What happened at each host is in the ledger, never in Prefect."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, wait

from flows.acts import Act
from flows.limits import Batch, cut, limits_of_hosts, make_known, room_for
from flows.services import Services, services_of
from muster.ids import CampaignId, HostId
from muster.steps import StepName
from push.attempts import push_batch
from push.checking import check_hosts
from push.probing import probe_hosts


@task(name="probe", task_run_name="probe {label}", cache_policy=NO_CACHE, persist_result=False)
def probe_hosts_of_batch(workspace: str, campaign_id: str, host_ids: list[str], limits: list[str], label: str) -> int:
    """Ask a batch of hosts; how many could be judged."""
    del label
    context = services_of(workspace).context(CampaignId(campaign_id))
    with room_for(len(host_ids), limits):
        return probe_hosts(context, [HostId(host_id) for host_id in host_ids])


@task(name="check", task_run_name="check {label}", cache_policy=NO_CACHE, persist_result=False)
def check_hosts_of_batch(workspace: str, campaign_id: str, host_ids: list[str], limits: list[str], label: str) -> int:
    """Ask a batch of hosts what apply would change; how many answered."""
    del label
    context = services_of(workspace).context(CampaignId(campaign_id))
    with room_for(len(host_ids), limits):
        return check_hosts(context, [HostId(host_id) for host_id in host_ids])


@task(name="visit", task_run_name="{step} and verify {label}", cache_policy=NO_CACHE, persist_result=False)
def push_hosts_of_batch(
    workspace: str, campaign_id: str, host_ids: list[str], wave: int, step: str, limits: list[str], label: str
) -> dict[str, int]:
    """Carry out the visits of a batch: a step at each host, and a probe of it in a new session.

    Both are one task, because a host is verified while others are still being pushed; how many ended in which status.
    """
    del label
    context = services_of(workspace).context(CampaignId(campaign_id))
    with room_for(len(host_ids), limits):
        result = push_batch(context, [HostId(host_id) for host_id in host_ids], wave=wave, step=StepName(step))
    return dict(Counter(status.value for status in result.ended.values()))


@task(name="close", cache_policy=NO_CACHE, persist_result=False)
def close_run(workspace: str, campaign_id: str) -> dict[str, int]:
    """Write down that a run has come to its end, and how the campaign's hosts stand then."""
    context = services_of(workspace).context(CampaignId(campaign_id))
    standing = dict(Counter(state.status.value for state in context.ledger.hosts(context.campaign_id)))
    context.ledger.note("run ended", by=context.runner_id, campaign_id=context.campaign_id, data={"hosts": standing})
    return standing


def carry_out_here(workspace: str, campaign_id: str, host_ids: Sequence[HostId], act: Act) -> None:
    """Do an act at these hosts from this process: one task run for each batch, some beside each other."""
    made = _batches(services_of(workspace), CampaignId(campaign_id), host_ids)
    wait_for_all([_submit(workspace, campaign_id, batch, label, act) for batch, label in labelled(made)])


def _batches(services: Services, campaign_id: CampaignId, host_ids: Sequence[HostId]) -> list[Batch]:
    counts_against = limits_of_hosts(services.ledger, campaign_id, host_ids, services.limits)
    made = list(cut(host_ids, services.batch_hosts, counts_against, services.limits))
    make_known({name: services.limits[name] for batch in made for name in batch.limits})
    return made


def _submit(workspace: str, campaign_id: str, batch: Batch, label: str, act: Act) -> PrefectFuture[Any]:
    host_ids, limits = [str(host_id) for host_id in batch.host_ids], list(batch.limits)
    if act.what == "probe":
        return probe_hosts_of_batch.submit(workspace, campaign_id, host_ids, limits, label)
    if act.what == "check":
        return check_hosts_of_batch.submit(workspace, campaign_id, host_ids, limits, label)
    return push_hosts_of_batch.submit(workspace, campaign_id, host_ids, act.wave, act.step.value, limits, label)


def labelled(batches: Sequence[Batch]) -> Iterator[tuple[Batch, str]]:
    """Each with its label for Prefect's screens, such as ``hosts 101-200 of 640``."""
    total, begun = sum(len(batch.host_ids) for batch in batches), 0
    for batch in batches:
        yield batch, f"hosts {begun + 1}-{begun + len(batch.host_ids)} of {total}"
        begun += len(batch.host_ids)


def wait_for_all(futures: Sequence[PrefectFuture[Any]]) -> None:
    """Wait until every batch has ended; only then raise what the first of them raised, if any did."""
    wait(list(futures))
    for future in futures:
        future.result()
