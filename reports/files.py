"""All reports of a campaign, written into one folder."""

from pathlib import Path

from muster.campaign import Campaign
from reports.evidence import evidence_rows, write_evidence_csv
from reports.record import CampaignRecord
from reports.summary import write_summary
from reports.workbook import write_evidence_xlsx


def write_reports(record: CampaignRecord, folder: Path) -> tuple[Path, ...]:
    """Write ``ID-summary.html``, ``ID-evidence.csv`` and ``ID-evidence.xlsx``, each wholly or not at all.

    Returns:
        The files, the summary first.

    Raises:
        OSError: the folder cannot be written to.
    """
    rows = evidence_rows(record)
    name = _file_name(record.campaign)
    evidence = (
        write_evidence_csv(rows, folder / f"{name}-evidence.csv"),
        write_evidence_xlsx(record, rows, folder / f"{name}-evidence.xlsx"),
    )
    summary = write_summary(record, folder / f"{name}-summary.html", evidence=[path.name for path in evidence])
    return (summary, *evidence)


def _file_name(campaign: Campaign) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in campaign.id) or "campaign"
