"""The certificate of a client from the portal: to be looked at, and as the signed files in one archive."""

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC

from flows.services import Services
from ledger.portal_reads import attempts_at
from muster.errors import MusterError
from muster.ids import CampaignId, ClientId
from muster.records import AttemptRow
from muster.settings import Settings
from portal.reading import Reading
from reports.bundle import write_bundle
from reports.certificate import certificate_html, certificate_of
from reports.chain import linked
from reports.findings import findings_of, read_seen
from reports.notes import events_of
from reports.record import CampaignRecord, read_record
from reports.signing import read_key

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
"""The certificate is a page that stands by itself, with its style in it; it has no script."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The signed files in one."""

    name: str
    number: str
    content: bytes


def certificate_page(
    services: Services, reading: Reading, settings: Settings, campaign_id: CampaignId, client_id: ClientId
) -> str:
    """The certificate as it would be issued now; unsigned, to be looked at."""
    record, attempts = _record_of(services, reading, campaign_id, client_id)
    client = record.fleet.client[client_id]
    fix_of = {one.id: one.fix for one in reading.campaigns()}
    tried = ((fix_of[one.campaign_id], one) for one in attempts)
    found = findings_of(read_seen(services.ledger, record, tried), client_id)
    return certificate_html(certificate_of(record, client, settings.company, found))


def certificate_archive(
    services: Services, settings: Settings, campaign_id: CampaignId, client_id: ClientId, *, by: str
) -> Archive:
    """Issue the certificate: page, PDF where it can be made, evidence and signature; that it was is written down.

    Raises:
        OSError: the workspace cannot be written to.
    """
    record, key = _record(services, campaign_id), read_key(settings.workspace)
    client = record.fleet.client[client_id]
    findings = findings_of(read_seen(services.ledger, record), client_id)
    events = tuple(linked(events_of(services.ledger, campaign_id), key.secret))
    folder = settings.workspace / "reports" / "certificates" / client_id
    try:
        made = write_bundle(record, client, settings.company, findings, events, key, folder, pdf=True)
    except MusterError:  # nothing here prints
        made = write_bundle(record, client, settings.company, findings, events, key, folder, pdf=False)
    data = {"client": client_id, "number": made.certificate.number, "head": made.head}
    services.ledger.note("certificate written", by=by, campaign_id=campaign_id, data=data)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in made.files:
            archive.write(file, file.name)
    return Archive(f"{made.certificate.number}.zip", made.certificate.number, packed.getvalue())


def _record_of(
    services: Services, reading: Reading, campaign_id: CampaignId, client_id: ClientId
) -> tuple[CampaignRecord, tuple[AttemptRow, ...]]:
    """The campaign as far as one client's machines go, and every attempt at these, of all campaigns."""
    now, fleet = reading.campaign(campaign_id), reading.fleet
    theirs = {site.id for site in fleet.sites if site.client_id == client_id}
    states = tuple(one for one in reading.states(campaign_id) if fleet.host[one.host_id].site_id in theirs)
    attempts = attempts_at(services.ledger, [one.host_id for one in states])
    record = CampaignRecord(
        campaign=now.campaign,
        fleet=fleet,
        crew=reading.crew,
        hosts=states,
        attempts=tuple(one for one in attempts if one.campaign_id == campaign_id),
        waves=now.waves,
        plan=reading.binding_plan(campaign_id),
        dispatched=now.dispatched,
        stop=now.stop,
        now=services.clock.now().astimezone(UTC),
    )
    return record, attempts


def _record(services: Services, campaign_id: CampaignId) -> CampaignRecord:
    return read_record(services.ledger, campaign_id, now=services.clock.now())
