"""The certificate of a client from the portal: to be looked at, and as the signed files in one archive."""

import io
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC

from flows.services import Services
from ledger.portal_reads import attempts_at
from muster.errors import MusterError
from muster.ids import CampaignId, ClientId
from muster.settings import Settings
from portal.manager.kept import kept
from portal.reading import Reading
from reports.bundle import write_bundle
from reports.certificate import Part, certificate_html, certificate_of, of_part
from reports.chain import linked
from reports.findings import BeneficialFinding, findings_of, read_seen
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


LISTED = 150
"""Machines of one page of a certificate that is looked at."""


def certificate_page(
    services: Services, reading: Reading, settings: Settings, campaign_id: CampaignId, client_id: ClientId, page: int
) -> str:
    """The certificate as it would be issued now, page by page; unsigned, to be looked at."""
    bare = _record_of(services, reading, campaign_id, client_id)
    pages = Part(1, LISTED).pages(len(bare.hosts))
    part = Part(min(max(1, page), pages), LISTED) if pages > 1 else None
    listed = bare.hosts if part is None else of_part(bare, part).hosts
    attempts = attempts_at(services.ledger, [one.host_id for one in listed])
    record = replace(bare, attempts=tuple(one for one in attempts if one.campaign_id == campaign_id))
    found = kept(reading, ("findings", campaign_id, client_id), lambda: _findings(services, reading, bare, client_id))
    return certificate_html(certificate_of(record, record.fleet.client[client_id], settings.company, found, part))


def _findings(
    services: Services, reading: Reading, bare: CampaignRecord, client_id: ClientId
) -> tuple[BeneficialFinding, ...]:
    """What was seen at a client's machines, in all campaigns."""
    attempts = attempts_at(services.ledger, [one.host_id for one in bare.hosts])
    record = replace(bare, attempts=tuple(one for one in attempts if one.campaign_id == bare.campaign.id))
    fix_of = {one.id: one.fix for one in reading.campaigns()}
    return findings_of(
        read_seen(services.ledger, record, ((fix_of[one.campaign_id], one) for one in attempts)), client_id
    )


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


def _record_of(services: Services, reading: Reading, campaign_id: CampaignId, client_id: ClientId) -> CampaignRecord:
    """The campaign as far as one client's machines go, without attempts and waves."""
    now = reading.campaign(campaign_id)
    return CampaignRecord(
        campaign=now.campaign,
        fleet=reading.fleet,
        crew=reading.crew,
        hosts=reading.states(campaign_id, reading.hosts_of(client_id)),
        attempts=(),
        waves=(),
        plan=reading.binding_plan(campaign_id),
        dispatched=now.dispatched,
        stop=now.stop,
        now=services.clock.now().astimezone(UTC),
    )


def _record(services: Services, campaign_id: CampaignId) -> CampaignRecord:
    return read_record(services.ledger, campaign_id, now=services.clock.now())
