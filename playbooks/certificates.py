"""The fix ``ca-certificates`` made ready: the certificates are read and judged before any host is touched."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.outcomes import Finding, Verdict
from muster.steps import Fact, Step, StepName, StepOutput
from playbooks.certificate_blobs import fingerprint_in, registry_file, thumbprint
from playbooks.contract import FixSpec
from playbooks.scripted import ScriptedFix

NAME = "ca-certificates"
SHORTEST_RSA_BITS = 2048
STORES = ("system", "jvm", "node", "python", "nss", "bundles")
_REGISTRY = "system HKLM ROOT"
_FOR_WINDOWS = {
    *("MUSTER_THUMBPRINT", "MUSTER_OLD_THUMBPRINTS", "MUSTER_SUBJECT"),
    *("MUSTER_STEP", "MUSTER_FIX", "MUSTER_BATCH", "MUSTER_CHECK"),
}
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def prepare(spec: FixSpec, folder: Traversable, values: Mapping[str, str]) -> "CertificatesFix":
    """Make the fix ready.

    Raises:
        FixError: a certificate cannot be what it is given as; the message says why, and what would be right.
    """
    new = _new_root(Path(values["new"]))
    old = _fingerprints(values["old"])
    if fingerprint(new) in old:
        raise _wrong("old", "names the new root itself; it would be taken away again")
    chain = _leaf(Path(values["leaf"]), new) if values["leaf"] else ()
    name = values["name"] or _file_name(new)
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise _wrong("name", f"{name!r} is no name of a file; use letters, digits, hyphens")
    thumbprints = _thumbprints(values["old_thumbprints"])
    der = new.public_bytes(Encoding.DER)
    if thumbprint(der) in thumbprints:
        raise _wrong("old_thumbprints", "names the new root itself; it would be taken away again")
    extra = {
        "MUSTER_THUMBPRINT": thumbprint(der),
        "MUSTER_OLD_THUMBPRINTS": " ".join(thumbprints),
        "MUSTER_NEW": fingerprint(new),
        "MUSTER_OLD": " ".join(old),
        "MUSTER_PEM": _pem(new),
        "MUSTER_LEAF": "".join(map(_pem, chain)),
        "MUSTER_FILE": name,
        "MUSTER_SUBJECT": common_name(new),
    }
    return CertificatesFix(spec, folder, values, extra)


@dataclass(frozen=True)
class CertificatesFix(ScriptedFix):
    """The general fix, with a title that names the root, and a judge who knows which stores must be right."""

    @property
    def title(self) -> str:
        """One line for people."""
        return f"{self.spec.title}: {self.extra['MUSTER_SUBJECT']}"

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """The script of the family; Windows gets what fits into a line, and the root as a file for its registry.

        Raises:
            FixError: old roots must go, and Windows' names for them are not given.
        """
        step = ScriptedFix.step(self, name, family, timezone=timezone)
        if step is None or family is not OsFamily.WINDOWS:
            return step
        if self.extra["MUSTER_OLD"] and not self.extra["MUSTER_OLD_THUMBPRINTS"]:
            raise _wrong("old_thumbprints", "is missing: Windows hosts know the old roots by their SHA-1 only")
        kept = {key: value for key, value in step.arguments.items() if key in _FOR_WINDOWS}
        kept["MUSTER_SUBJECT"] = re.sub(
            r"[^\w .,-]", " ", kept["MUSTER_SUBJECT"]
        )  # cmd would carry out what follows an &
        payload = registry_file(
            x509.load_pem_x509_certificate(self.extra["MUSTER_PEM"].encode()).public_bytes(Encoding.DER)
        )
        return replace(step, arguments=kept, payload=payload)

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        """Read what each store said of the new root and of the old ones."""
        del timezone
        output = replace(output, facts=tuple(self._as_a_store(fact) for fact in output.facts))
        if output.errors:
            return Finding(Verdict.UNSUPPORTED, "; ".join(output.errors), output.facts)
        troubles = _troubles(output)
        required = self.values["layers"].split()
        wrong = [text for store, text in troubles if store.split(" ")[0] in required]
        advice = tuple(text for store, text in troubles if store.split(" ")[0] not in required)
        advice += _node_advice(output)
        if wrong:
            return Finding(Verdict.STALE, "; ".join(wrong), output.facts, advice)
        stores = {fact.layer for fact in output.facts if fact.key == "new" and fact.value == "trusted"}
        if not stores:
            return Finding(Verdict.UNSUPPORTED, "no store of trusted certificates could be asked", output.facts, advice)
        old = ", and the old ones are gone" if self.extra["MUSTER_OLD"] else ""
        summary = f"the new root is trusted in {len(stores)} store{'s' if len(stores) > 1 else ''}{old}"
        return Finding(Verdict.RIGHT, summary, output.facts, advice)

    def _as_a_store(self, fact: Fact) -> Fact:
        """What a Windows host says of its registry, in the words of the other stores."""
        if fact.layer != "windows":
            return fact
        if fact.key == "old":
            return Fact(_REGISTRY, "old", fact.value)
        there = {self.extra["MUSTER_NEW"]: "trusted"}.get(fingerprint_in(fact.value), "refused")
        return Fact(_REGISTRY, "new", "missing" if fact.value == "missing" else there)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 as 64 small letters and digits."""
    return certificate.fingerprint(SHA256()).hex()


def common_name(certificate: x509.Certificate) -> str:
    """The name in its subject that people know it by."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            return str(attribute.value)
    return certificate.subject.rfc4514_string() or "a root without a name"


def _troubles(output: StepOutput) -> list[tuple[str, str]]:
    """Each store that is not right, with what is wrong in words."""
    said: dict[str, list[str]] = defaultdict(list)
    for fact in output.facts:
        if fact.layer.split(" ")[0] not in STORES:
            continue
        match fact.key, fact.value:
            case "new", "missing":
                said[fact.layer].append("does not trust the new root")
            case "new", "refused":
                said[fact.layer].append("has the new root, and does not accept what it has issued")
            case "new", "unknown":
                said[fact.layer].append("could not be asked")
            case "old", old:
                said[fact.layer].append(f"still trusts the old root {old[:12]}…")
            case _:
                pass
    return [(store, f"{store} {' and '.join(words)}") for store, words in said.items()]


def _node_advice(output: StepOutput) -> tuple[str, ...]:
    """Node asks no store of the system's unless a program is told to."""
    programs = [fact.value for fact in output.facts if (fact.layer, fact.key) == ("host", "node")]
    told = any(fact.layer.startswith("node ") for fact in output.facts)
    if not programs or told:
        return ()
    return (f"Node ({programs[0]}) trusts roots of its own only: set NODE_EXTRA_CA_CERTS for its programs",)


def _wrong(parameter: str, why: str, hint: str = "") -> FixError:
    return FixError(f"{NAME}: parameters.{parameter}: {why}", hint=hint)


def _read(parameter: str, file: Path) -> tuple[x509.Certificate, ...]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _wrong(parameter, f"{file}: {error.strerror}") from None
    if b"PRIVATE KEY-----" in content:
        raise _wrong(parameter, f"{file} holds a private key", "Give a file with the certificate only; keep the key.")
    found = _PEM.findall(content)
    if not found:
        hint = f"openssl x509 -inform der -in {file.name} -out {file.stem}.pem makes one of it."
        raise _wrong(parameter, f"{file} holds no certificate in PEM", hint)
    try:
        return tuple(x509.load_pem_x509_certificate(one) for one in found)
    except ValueError as error:
        raise _wrong(parameter, f"{file} holds a certificate that cannot be read: {error}") from None


def _new_root(file: Path) -> x509.Certificate:
    certificates = _read("new", file)
    if len(certificates) != 1:
        raise _wrong("new", f"{file} holds {len(certificates)} certificates", "Give a file with the root only.")
    (root,) = certificates
    if not _is_authority(root):
        raise _wrong("new", f"{common_name(root)} is not a certificate of an authority (CA:TRUE is not set)")
    if root.issuer != root.subject or not _issued(root, root):
        issuer = root.issuer.rfc4514_string()
        raise _wrong("new", f"{common_name(root)} is not a root: it was issued by {issuer}", "Give that one's root.")
    _check_dates("new", root)
    key = root.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < SHORTEST_RSA_BITS:
        raise _wrong(
            "new", f"its RSA key has {key.key_size} bits; OpenSSL and Java refuse it below {SHORTEST_RSA_BITS}"
        )
    return root


def _leaf(file: Path, root: x509.Certificate) -> tuple[x509.Certificate, ...]:
    """The leaf and its intermediates, each issued by the next one, the last by the root."""
    chain = _read("leaf", file)
    if chain[-1] == root:
        chain = chain[:-1]
    if not chain:
        raise _wrong("leaf", f"{file} is the root itself; give a certificate that it has issued, or nothing")
    for certificate, issuer in zip(chain, (*chain[1:], root), strict=True):
        _check_dates("leaf", certificate)
        if not _issued(certificate, issuer):
            raise _wrong(
                "leaf",
                f"{common_name(certificate)} was not issued by {common_name(issuer)}",
                "Give the leaf first, then its intermediates, each followed by the one that has issued it.",
            )
    return chain


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _check_dates(parameter: str, certificate: x509.Certificate) -> None:
    now, name = datetime.now(UTC), common_name(certificate)
    if now > certificate.not_valid_after_utc:
        raise _wrong(parameter, f"{name} has expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        raise _wrong(parameter, f"{name} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")


def _fingerprints(words: str) -> tuple[str, ...]:
    hint = "openssl x509 -noout -fingerprint -sha256 -in OLD.pem shows it."
    found = []
    for word in words.split():
        plain = word.replace(":", "").lower()
        if re.fullmatch(r"[0-9a-f]{40}", plain):
            raise _wrong("old", f"{word} is a SHA-1 fingerprint; give the SHA-256 one", hint)
        if not re.fullmatch(r"[0-9a-f]{64}", plain):
            raise _wrong("old", f"{word!r} is no SHA-256 fingerprint", hint)
        found.append(plain)
    return tuple(dict.fromkeys(found))


def _thumbprints(words: str) -> tuple[str, ...]:
    found = [word.replace(":", "").upper() for word in words.split()]
    for word in found:
        if not re.fullmatch(r"[0-9A-F]{40}", word):
            raise _wrong("old_thumbprints", f"{word!r} is no SHA-1 thumbprint", "certlm.msc shows it, of each root.")
    return tuple(dict.fromkeys(found))


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _file_name(certificate: x509.Certificate) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", common_name(certificate).lower()).strip("-")[:40] or "root"
    return f"muster-{plain}-{fingerprint(certificate)[:8]}"
