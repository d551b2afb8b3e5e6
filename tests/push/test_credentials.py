"""References are resolved at the moment of use, once, and never show what they stand for."""

import io
from pathlib import Path

import paramiko
import pytest

from muster.errors import SecretError
from push.credentials import Agent, Credentials, Password, PrivateKey
from push.keys import load_private_key
from push.redact import Redactor
from tests.fleet.openssh import KeyPair


@pytest.fixture
def credentials() -> Credentials:
    return Credentials(Redactor())


def test_a_password_comes_from_the_environment_and_is_known_to_the_redactor(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_PASSWORD", "correct-horse")
    login = credentials.resolve("env:SITE_PASSWORD")
    assert login == Password("correct-horse")
    assert "correct-horse" not in repr(login)
    assert credentials.redactor.clean("the correct-horse") == "the [secret]"
    monkeypatch.setenv("SITE_PASSWORD", "changed")
    assert credentials.resolve("env:SITE_PASSWORD") is login


def test_a_key_comes_from_a_file_with_its_certificate(credentials: Credentials, tmp_path: Path) -> None:
    pair, file = KeyPair.new(), tmp_path / "key"
    file.write_text(pair.private)
    login = credentials.resolve(f"key:{file}")
    assert isinstance(login, PrivateKey)
    assert pair.private.splitlines()[2] not in repr(login)
    assert load_private_key(login).asbytes() == pair.public_blob
    assert load_private_key(login) is load_private_key(login)
    (tmp_path / "key-cert.pub").write_text("ssh-ed25519-cert-v01@openssh.com nonsense\n")
    with pytest.raises(SecretError, match="certificate"):
        load_private_key(PrivateKey(pair.private, "key:x", "ssh-rsa-cert-v01@openssh.com AAAA"))


@pytest.mark.parametrize("kind", [paramiko.RSAKey, paramiko.ECDSAKey])
def test_other_kinds_of_keys_are_read_and_one_with_a_passphrase_is_refused(kind: type[paramiko.PKey]) -> None:
    made = paramiko.RSAKey.generate(2048) if kind is paramiko.RSAKey else paramiko.ECDSAKey.generate()
    plain, locked = io.StringIO(), io.StringIO()
    made.write_private_key(plain)
    made.write_private_key(locked, password="open sesame")
    assert load_private_key(PrivateKey(plain.getvalue(), "key:x")) == made
    with pytest.raises(SecretError, match="passphrase") as caught:
        load_private_key(PrivateKey(locked.getvalue(), "key:x"))
    assert "?passphrase=" in caught.value.hint
    assert "agent:" in caught.value.hint


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:NO_SUCH_THING", "env:NO_SUCH_THING: the variable is not set"),
        ("key:/no/such/file", "key:/no/such/file: there is no such file"),
        ("agent:", "no SSH agent"),
        ("safe:x/y", "safe:… is not a credential reference"),
    ],
)
def test_what_cannot_be_resolved_names_the_reference(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch, reference: str, words: str
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(SecretError, match=words):
        credentials.resolve(reference)


def test_a_password_written_where_a_reference_belongs_is_not_shown(credentials: Credentials) -> None:
    with pytest.raises(SecretError) as caught:
        credentials.resolve("hunter2")
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_more_schemes_can_be_registered(credentials: Credentials) -> None:
    credentials.register("test", lambda rest: Password(rest * 2))
    assert credentials.resolve("test:word") == Password("wordword")


def test_an_agent_needs_a_socket(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/tmp/some.sock")
    assert credentials.resolve("agent:") == Agent()


def test_something_else_than_a_key_is_refused() -> None:
    with pytest.raises(SecretError, match="no private key"):
        load_private_key(PrivateKey("hello", "key:x"))
