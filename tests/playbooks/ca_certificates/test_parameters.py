"""What is given as a root is read and judged before any host is touched."""

from pathlib import Path

import pytest

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.outcomes import Verdict
from muster.ports import PreparedFix
from muster.steps import StepName, read_output
from playbooks.catalog import prepare_fix
from tests.playbooks.ca_certificates.authority import Authority, make

ROOT = make("Acme Root 2026")


def fix(folder: Path, new: str = ROOT.pem, leaf: str = "", **parameters: str) -> PreparedFix:
    (folder / "new.pem").write_text(new)
    if leaf:
        (folder / "leaf.pem").write_text(leaf)
        parameters["leaf"] = "leaf.pem"
    return prepare_fix("ca-certificates", {"new": "new.pem", **parameters}, workspace=folder)


def test_a_good_root_names_the_campaign_and_its_file(tmp_path: Path) -> None:
    made = fix(tmp_path)
    assert made.title == "Trust a new root certificate: Acme Root 2026"
    step = made.step(StepName.APPLY, OsFamily.LINUX, timezone="Etc/UTC")
    assert step is not None
    assert step.arguments["MUSTER_NEW"] == ROOT.fingerprint
    assert step.arguments["MUSTER_FILE"] == f"muster-acme-root-2026-{ROOT.fingerprint[:8]}"


def intermediate() -> Authority:
    return make("Acme Issuing", ROOT)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("hello", "holds no certificate in PEM"),
        (ROOT.pem + ROOT.key_pem, "holds a private key"),
        (ROOT.pem + make("Other").pem, "holds 2 certificates"),
        (ROOT.pem.replace("\nM", "\nA", 1), "holds a certificate that cannot be read"),
        (make("Server", ca=False).pem, "CA:TRUE is not set"),
        (intermediate().pem, "is not a root: it was issued by CN=Acme Root 2026"),
        (make("Late", days=(-20, -10)).pem, "Late has expired on "),
        (make("Early", days=(10, 20)).pem, "Early is not valid before "),
        (make("Short", rsa_bits=1024).pem, "its RSA key has 1024 bits"),
    ],
)
def test_what_is_no_root_is_refused(tmp_path: Path, new: str, words: str) -> None:
    with pytest.raises(FixError) as raised:
        fix(tmp_path, new)
    assert raised.value.message.startswith("ca-certificates: parameters.new: ")
    assert words in raised.value.message


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"old": "ab" * 20}, "is a SHA-1 fingerprint; give the SHA-256 one"),
        ({"old": "xyz"}, "parameters.old: 'xyz' is no SHA-256 fingerprint"),
        ({"old": ROOT.fingerprint.upper()}, "names the new root itself"),
        ({"name": "a/b"}, "parameters.name"),
        ({"leaf": make("Stranger", make("Other"), ca=False).pem}, "Stranger was not issued by Acme Root 2026"),
        ({"leaf": ROOT.pem}, "is the root itself"),
        ({"leaf": make("Late", ROOT, days=(-9, -3)).pem}, "parameters.leaf: Late has expired"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(
    tmp_path: Path, parameters: dict[str, str], words: str
) -> None:
    with pytest.raises(FixError) as raised:
        fix(tmp_path, **parameters)
    assert words in raised.value.message


def test_a_chain_is_taken_with_its_root_or_without(tmp_path: Path) -> None:
    issuing = intermediate()
    leaf = make("www.acme.example", issuing, ca=False)
    for chain in (leaf.pem + issuing.pem, leaf.pem + issuing.pem + ROOT.pem):
        step = fix(tmp_path, leaf=chain).step(StepName.PROBE, OsFamily.LINUX, timezone="Etc/UTC")
        assert step is not None
        assert step.arguments["MUSTER_LEAF"].count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize(
    ("said", "verdict", "words"),
    [
        ("fact\tsystem /b\tnew\ttrusted", Verdict.RIGHT, "the new root is trusted in 1 store"),
        ("fact\tsystem /b\tnew\tmissing", Verdict.STALE, "system /b does not trust the new root"),
        ("fact\tsystem /b\tnew\trefused", Verdict.STALE, "does not accept what it has issued"),
        ("fact\tsystem /b\tnew\ttrusted\nfact\tsystem /b\told\tabc", Verdict.STALE, "still trusts the old root abc"),
        ("fact\tsystem /b\tnew\ttrusted\nfact\tjvm /j\tnew\tunknown", Verdict.STALE, "jvm /j could not be asked"),
        ("fact\tsystem /b\tnew\ttrusted\nfact\tpython /p\tnew\tmissing", Verdict.RIGHT, "1 store"),
        ("error\tno store", Verdict.UNSUPPORTED, "no store"),
        ("", Verdict.UNSUPPORTED, "no store of trusted certificates could be asked"),
    ],
)
def test_the_stores_of_the_campaign_decide_and_others_are_advice(
    tmp_path: Path, said: str, verdict: Verdict, words: str
) -> None:
    finding = fix(tmp_path).judge(read_output(said), timezone="Etc/UTC")
    assert finding.verdict is verdict
    assert words in finding.summary
    assert ("python" in str(finding.advice)) == ("python" in said)


def test_node_that_asks_nobody_is_advice(tmp_path: Path) -> None:
    said = "fact\tsystem /b\tnew\ttrusted\nfact\thost\tnode\t/usr/bin/node"
    (advice,) = fix(tmp_path).judge(read_output(said), timezone="Etc/UTC").advice
    assert "NODE_EXTRA_CA_CERTS" in advice
