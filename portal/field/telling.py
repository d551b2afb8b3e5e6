"""What the company's people are told at once of what is said in the field: alerts, queued with what they are about."""

from flows.alerts import alert_messages
from flows.services import Services
from muster.ids import CampaignId, VisitId
from muster.messages import Alert, Message, Severity

WHERE = "it stands in the portal under Inbox"


def alert_of(
    services: Services,
    kind: str,
    severity: Severity,
    sentence: str,
    *,
    campaign_id: CampaignId,
    visit_id: VisitId,
    about: str,
) -> tuple[Message, ...]:
    """The messages of an alert about a visit; ``about`` makes it this one, so that it is told once."""
    alert = Alert(
        kind=kind,
        severity=severity,
        sentence=sentence,
        campaign_id=campaign_id,
        details=(("visit", visit_id),),
        remedies=(WHERE,),
        about=about,
    )
    return alert_messages(services.outlets, alert)
