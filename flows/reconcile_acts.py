"""From what is due to what is done: each kind of duty is one act, which ends with a word on how it went."""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from flows.engine import CarryOut, Parameter
from flows.reconcile_duties import Duties
from flows.reconcile_rules import Due, Duty, DutyKind, due
from flows.reconcile_view import view_of
from flows.services import Services
from muster.clock import SystemClock
from muster.errors import ApprovalNeeded, CampaignStopped, MusterError
from muster.fleet import Fleet, Host
from muster.ids import CampaignId, HostId
from muster.records import Standing
from muster.words import count
from push.offline import Doors
from push.runners import this_runner

BY = "reconciler"
"""Who asks, where nobody sits at a keyboard."""
MESSAGES_AT_ONCE = 200
LOGGER = logging.getLogger("muster.reconcile")
REAL_TIME = SystemClock()
AT_HOSTS = frozenset({DutyKind.PUSH, DutyKind.VERIFY, DutyKind.KNOCK})
"""After these, the log says how the campaign stands."""


class Reconciler:
    """Looks once, takes what is due, and hands it out as calls that carry it to its end."""

    def __init__(self, services: Services, workspace: str, act: CarryOut, *, forecast_hour: int) -> None:
        self._services = services
        self._workspace = workspace
        self._act = act
        self._forecast_hour = forecast_hour
        self._duties = Duties(services.ledger, services.book, services.clock, REAL_TIME, this_runner())
        self._acts: Mapping[DutyKind, Callable[[Due, CampaignId], bool]] = {
            DutyKind.PUSH: self._push,
            DutyKind.VERIFY: self._verify,
            DutyKind.KNOCK: self._knock,
            DutyKind.FORECAST: self._forecast,
            DutyKind.TELL: self._tell,
        }

    def begin(self) -> Iterator[Callable[[], None]]:
        """Take everything that is due; each call that is given does one thing from its beginning to its end."""
        view = view_of(self._services, lease_now=REAL_TIME.now(), forecast_hour=self._forecast_hour)
        seen = {one.campaign.id: one.duties for one in view.campaigns}
        for wanted in due(view, self._services.clock.now()):
            if wanted.campaign_id is None:
                yield self._deliver
                continue
            duty = self._duties.take(wanted, seen[wanted.campaign_id].get(wanted.kind))
            if duty is not None:
                LOGGER.info("%s %s: %s", wanted.campaign_id, wanted.kind.value, wanted.why)
                yield partial(self._carry_out, wanted, duty)

    def _carry_out(self, wanted: Due, duty: Duty) -> None:
        said, in_vain = "it broke off", True
        try:
            with self._duties.kept_alive(duty):
                said, in_vain = "", not self._acts[wanted.kind](wanted, duty.campaign_id)
        except (ApprovalNeeded, CampaignStopped) as error:
            said, in_vain = error.message, False
        except MusterError as error:
            said = error.message
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise
        finally:
            LOGGER.info("%s %s ended%s", duty.campaign_id, duty.kind.value, f": {said}" if said else "")
            self._duties.end(duty, said=said, in_vain=in_vain)
        if duty.kind in AT_HOSTS:
            LOGGER.info("%s: %s", duty.campaign_id, standing_words(self._services.ledger.standing(duty.campaign_id)))

    def _push(self, wanted: Due, campaign_id: CampaignId) -> bool:
        """Let the hosts of open visits loose; whether anybody was touched."""
        del wanted
        before = self._attempts(campaign_id)
        self._flow("waves", campaign_id, {"ahead": False, "retry": False, "by": BY, "by_itself": True})
        return self._attempts(campaign_id) > before

    def _verify(self, wanted: Due, campaign_id: CampaignId) -> bool:
        self._flow("probe", campaign_id, {"host_ids": [str(host_id) for host_id in wanted.host_ids]})
        return True

    def _knock(self, wanted: Due, campaign_id: CampaignId) -> bool:
        """Ask the hosts that answer a knock how they stand; where no knock of ours reaches, all of them."""
        fleet = self._services.ledger.fleet()
        hosts = [fleet.host[host_id] for host_id in wanted.host_ids]
        near = [host for host in hosts if _is_near(host, fleet)]
        there: list[HostId] = [host.id for host in hosts if not _is_near(host, fleet)]
        there += Doors(fleet).knock(near)
        if there:
            self._flow("probe", campaign_id, {"host_ids": [str(host_id) for host_id in there]})
        return True

    def _forecast(self, wanted: Due, campaign_id: CampaignId) -> bool:
        from flows.forecast import forecast_campaign

        del wanted
        forecast_campaign(self._services, campaign_id)
        return True

    def _tell(self, wanted: Due, campaign_id: CampaignId) -> bool:
        from flows.notices import queue_notices

        del wanted
        queue_notices(self._services, campaign_id, by=BY)
        return True

    def _deliver(self) -> None:
        from flows.delivery import deliver_due

        deliver_due(self._services, limit=MESSAGES_AT_ONCE)

    def _flow(self, flow: str, campaign_id: CampaignId, parameters: Mapping[str, Parameter]) -> None:
        self._services.renew(campaign_id)  # hosts may have been imported, or a stop lifted, since it was made
        self._act(flow, {"workspace": self._workspace, "campaign_id": str(campaign_id), **parameters})

    def _attempts(self, campaign_id: CampaignId) -> int:
        return sum(state.attempts for state in self._services.ledger.hosts(campaign_id))


def standing_words(standing: Standing) -> str:
    """Such as ``30 of 40 hosts protected; 7 needs the fix, 2 unknown, 1 failed``."""
    hosts, left = standing.by_status, {one: n for one, n in standing.by_status.items() if n and not one.protected}
    shown = ", ".join(f"{number:,} {one.value}" for one, number in sorted(left.items(), key=lambda each: -each[1]))
    words = f"{sum(hosts.values()) - sum(left.values()):,} of {count(sum(hosts.values()), 'host')} protected"
    return f"{words}; {shown}" if shown else words


def _is_near(host: Host, fleet: Fleet) -> bool:
    return not fleet.site[host.site_id].reach
