"""The certificate of a client with everything that proves it: page, PDF, evidence file, detached signature.

``verify`` needs nothing but these files: no database, no network, no workspace.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from muster.errors import InputError, NotFound
from muster.files import write_whole
from muster.fleet import Client
from reports.certificate import Certificate, certificate_html, certificate_of
from reports.chain import Chain, Linked, chain_of, walk
from reports.evidence import evidence_rows
from reports.findings import BeneficialFinding
from reports.pdf import pdf_of
from reports.record import CampaignRecord
from reports.signing import SigningKey, check

FORMAT = "muster-evidence-1"
SUFFIX, SIGNATURE = "-evidence.json", ".sig"


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one certificate."""

    certificate: Certificate
    files: tuple[Path, ...]
    head: str


@dataclass(frozen=True)
class Checked:
    """What checking has found.

    Attributes:
        good: what holds, in sentences.
        wrong: what does not; the evidence is whole and untampered where this is empty.
        fingerprint: of the key that signed.
    """

    good: tuple[str, ...]
    wrong: tuple[str, ...]
    fingerprint: str


def write_bundle(
    record: CampaignRecord,
    client: Client,
    company: str,
    findings: Iterable[BeneficialFinding],
    events: Iterable[Linked],
    key: SigningKey,
    folder: Path,
    *,
    pdf: bool = True,
) -> Written:
    """Write the certificate of a client and what proves it; the signature is written last.

    ``events`` are all of the campaign, with their links; only those of the client's machines are shown.

    Raises:
        MusterError: PDF is asked for, and nothing here can make it.
        OSError: the folder cannot be written to.
    """
    mine = frozenset(state.host_id for state in record.for_client(client.id).hosts)
    chain = chain_of(events, mine)
    bare = certificate_of(record, client, company, findings)
    made = replace(bare, fingerprint=key.fingerprint, head=chain.head, evidence=f"{bare.number}{SUFFIX}")
    html = certificate_html(made)
    pages = {f"{made.number}.html": html.encode()}
    if pdf:
        pages[f"{made.number}.pdf"] = pdf_of(html)
    content = _evidence(record, client, made, chain, pages)
    files = {**pages, made.evidence: content, f"{made.evidence}{SIGNATURE}": key.sign(content)}
    for name, text in files.items():
        write_whole(folder / name, text)
    return Written(made, tuple(folder / name for name in files), chain.head)


def verify(path: Path, *, fingerprint: str = "") -> Checked:
    """Check a certificate by its evidence file, or by a page that lies beside it.

    Raises:
        NotFound: the evidence file or its signature is not there.
        InputError: it is none of Muster's.
    """
    evidence = evidence_file(path)
    content = _read(evidence)
    try:
        signer = check(content, _read(evidence.with_name(evidence.name + SIGNATURE)))
    except NotFound:
        raise
    except InputError as error:
        return Checked((), (error.message,), "")
    said = _parsed(evidence, content)
    good = [f"signed by {signer}, and not changed since"]
    wrong = []
    if fingerprint and fingerprint != signer:
        wrong.append(f"it was signed by {signer}, not by the key that was expected ({fingerprint})")
    for ok, sentence in (_chain(said), *_pages(evidence.parent, said)):
        (good if ok else wrong).append(sentence)
    return Checked(tuple(good), tuple(wrong), signer)


def evidence_file(path: Path) -> Path:
    """The evidence that a file belongs to: itself, its signature's, or the one beside a page.

    Raises:
        NotFound: there is none.
    """
    if path.name.endswith(SIGNATURE):
        return path.with_name(path.name.removesuffix(SIGNATURE))
    if path.suffix in {".html", ".pdf"}:
        beside = path.with_name(path.stem + SUFFIX)
        if not beside.exists():
            raise NotFound(f"{beside.name} is not beside {path.name}", hint="put the four files into one folder")
        return beside
    return path


def _evidence(
    record: CampaignRecord, client: Client, made: Certificate, chain: Chain, pages: Mapping[str, bytes]
) -> bytes:
    campaign = record.campaign
    rows = evidence_rows(record.for_client(client.id))
    document = {
        "format": FORMAT,
        "certificate": made.number,
        "issued_at": record.now.isoformat(),
        "company": made.company,
        "client": {"id": client.id, "name": client.name},
        "campaign": {
            "id": campaign.id, "name": campaign.name, "fix": campaign.fix, "deadline": campaign.deadline.isoformat(),
            "parameters": dict(campaign.parameters),
        },
        "hosts": [{name: getattr(row, name) for name in row.__slots__} for row in rows],
        "files": {name: sha256(content).hexdigest() for name, content in pages.items()},
        "chain": {
            "algorithm": "sha256(before + sha256(salt + canonical event))",
            "links": list(chain.links), "head": chain.head, "revision": chain.revision, "shown": chain.shown,
        },
        "key": made.fingerprint,
    }  # fmt: skip
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _parsed(path: Path, content: bytes) -> dict[str, object]:
    try:
        said = json.loads(content)
    except ValueError:
        raise InputError(f"{path} is no evidence of Muster") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise InputError(f"{path} is no evidence of Muster ({FORMAT})")
    return said


def _chain(said: Mapping[str, object]) -> tuple[bool, str]:
    chain = said.get("chain")
    if not isinstance(chain, dict):
        return False, "there is no chain of events"
    try:
        shown = sum("event" in one for one in chain["links"])
        whole = walk(chain["links"]) == chain["head"] and shown == chain["shown"]
    except (KeyError, ValueError, TypeError):
        return False, "the chain of events cannot be read"
    if not whole:
        return False, "the chain of events is broken: an event was changed, added or taken out"
    return True, f"the chain of events is whole: {shown:,} events of this client up to revision {chain['revision']}"


def _pages(folder: Path, said: Mapping[str, object]) -> list[tuple[bool, str]]:
    files = said.get("files")
    found = []
    for name, digest in files.items() if isinstance(files, dict) else ():
        path = folder / Path(str(name)).name
        if not path.exists():
            found.append((False, f"{name} is missing"))
        elif sha256(path.read_bytes()).hexdigest() != digest:
            found.append((False, f"{name} was changed after it was signed"))
        else:
            found.append((True, f"{name} is the one that was signed"))
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"{path} is not there", hint="a certificate's files belong together") from None
