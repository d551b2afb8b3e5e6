"""The certificate of a client from the portal: to be looked at, and as the signed files in one archive."""

import io
import zipfile
from dataclasses import dataclass

from flows.services import Services
from muster.errors import MusterError
from muster.ids import CampaignId, ClientId
from muster.settings import Settings
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


def certificate_page(services: Services, settings: Settings, campaign_id: CampaignId, client_id: ClientId) -> str:
    """The certificate as it would be issued now; unsigned, to be looked at."""
    record = _record(services, campaign_id)
    client = record.fleet.client[client_id]
    found = findings_of(read_seen(services.ledger, record), client_id)
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


def _record(services: Services, campaign_id: CampaignId) -> CampaignRecord:
    return read_record(services.ledger, campaign_id, now=services.clock.now())
