"""Secrets from locked keys, commands and vaults: each asked once, nothing of them told, every fault named."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret  # type: ignore[import-untyped]  # ships no types

from muster.errors import SecretError
from push import credentials as module
from push.credentials import Agent, Credentials, Password, PrivateKey
from push.keys import load_private_key
from push.redact import Redactor
from push.transport import TimeUp
from tests.fleet.openssh import KeyPair

WORD = "correct horse"


def _sealed(plain: str, password: str) -> bytes:
    return bytes(VaultLib([("default", VaultSecret(password.encode()))]).encrypt(plain.encode()))


def _script(folder: Path, text: str) -> str:
    """A reference to a command that runs this Python text."""
    file = folder / "tool.py"
    file.write_text(text)
    return f"command:{sys.executable} {file}"


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(Redactor(), folder=tmp_path, command_timeout_s=5)


def test_a_locked_key_is_opened_by_a_passphrase_from_a_reference(
    credentials: Credentials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, file = KeyPair.new(), tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(pair.private)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", WORD, "-f", str(file)], check=True)
    monkeypatch.setenv("MUSTER_WORD", WORD)
    monkeypatch.setenv("MUSTER_OTHER_WORD", "another horse")
    login = credentials.resolve("key:key?passphrase=env:MUSTER_WORD")
    assert isinstance(login, PrivateKey)
    assert load_private_key(login).asbytes() == pair.public_blob
    assert credentials.redactor.clean(login.text).count("[secret]") >= 3
    with pytest.raises(SecretError, match="does not open this key") as caught:
        credentials.resolve("key:key?passphrase=env:MUSTER_OTHER_WORD")
    assert "another horse" not in caught.value.message


def test_a_command_is_run_once_however_many_ask_at_one_time(credentials: Credentials, tmp_path: Path) -> None:
    reference = _script(
        tmp_path,
        "import time, pathlib\npathlib.Path('count').open('a').write('x')\ntime.sleep(0.3)\nprint('s3cret-word')",
    )
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(credentials.resolve(reference))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Password("s3cret-word")] * 20
    assert (tmp_path / "count").read_text() == "x"
    assert credentials.redactor.clean("it is s3cret-word") == "it is [secret]"


def test_a_command_gives_its_first_line_or_a_whole_key(credentials: Credentials, tmp_path: Path) -> None:
    pair = KeyPair.new()
    (tmp_path / "entry").write_text(f"{WORD}\nuser: root\n")
    (tmp_path / "key").write_text(pair.private)
    assert credentials.resolve("command:cat entry") == Password(WORD)
    key = credentials.resolve("command:cat key")
    assert isinstance(key, PrivateKey)
    assert load_private_key(key).asbytes() == pair.public_blob


def test_a_command_is_no_shell(credentials: Credentials, tmp_path: Path) -> None:
    assert credentials.resolve("command:echo 'a b' $HOME ; touch made") == Password("a b $HOME ; touch made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("command:no-such-tool x", "cannot be started"),
        ("command:sh -c 'echo s3cret-word; echo s3cret-word >&2; exit 3'", "exit code 3"),
        ("command:true", "printed nothing"),
        ("command:echo 'open", "a quote is not closed"),
        ("command:printf '\\377'", "is not text"),
        ("vault:secrets.yml", "names no key"),
        ("vault:none.yml#a", "cannot be read"),
    ],
)
def test_a_source_that_fails_names_the_reference_and_nothing_it_said(
    credentials: Credentials, capfd: pytest.CaptureFixture[str], reference: str, words: str
) -> None:
    with pytest.raises(SecretError, match=words) as caught:
        credentials.resolve(reference)
    assert caught.value.message.startswith(reference)
    said = "".join((caught.value.message.removeprefix(reference), caught.value.hint, *capfd.readouterr()))
    assert "s3cret-word" not in said


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    credentials = Credentials(Redactor(), folder=tmp_path, command_timeout_s=0.5)
    with pytest.raises(SecretError, match=r"did not end within 0.5 s"):
        credentials.resolve("command:sh -c 'echo $$ > pid; sleep 300 & wait'")
    group = int((tmp_path / "pid").read_text())
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("something of it is still running")


def test_whoever_waits_for_a_slow_source_may_give_up(credentials: Credentials, tmp_path: Path) -> None:
    reference = _script(tmp_path, "import time\ntime.sleep(2)\nprint('late-word')")

    def soon_over() -> float:
        raise TimeUp

    with pytest.raises(TimeUp):
        credentials.resolve(reference, wait=soon_over)
    assert credentials.resolve(reference) == Password("late-word")


def test_a_failure_is_remembered_for_a_while_only(
    credentials: Credentials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        with pytest.raises(SecretError):
            credentials.resolve("command:sh -c 'echo x >> count; exit 1'")
    assert (tmp_path / "count").read_text() == "x\n"
    monkeypatch.setattr(module, "FAILED_S", -1.0)
    with pytest.raises(SecretError):
        credentials.resolve("command:sh -c 'echo x >> count; exit 1'")
    assert (tmp_path / "count").read_text() == "x\nx\n"


def test_a_value_of_a_sealed_file_is_found_by_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_WORD", WORD)
    pair = KeyPair.new()
    key = "\n".join(f"    {line}" for line in pair.private.splitlines())
    (tmp_path / "all.yml").write_bytes(_sealed(f"acme:\n  password: s3cret-word\n  key: |\n{key}\nn: 17\n", WORD))
    credentials = Credentials(Redactor(), folder=tmp_path, vault_password="env:VAULT_WORD")
    assert credentials.resolve("vault:all.yml#acme.password") == Password("s3cret-word")
    assert credentials.resolve("vault:all.yml#n") == Password("17")
    assert isinstance(credentials.resolve("vault:all.yml#acme.key"), PrivateKey)
    for missing in ("acme", "acme.none", "password"):
        with pytest.raises(SecretError, match="holds no text under"):
            credentials.resolve(f"vault:all.yml#{missing}")


def test_single_sealed_values_are_opened_and_a_wrong_password_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_WORD", WORD)
    monkeypatch.setenv("WRONG_WORD", "no horse at all")
    sealed = "\n".join(f"  {line}" for line in _sealed("s3cret-word", WORD).decode().splitlines())
    (tmp_path / "some.yml").write_text(f"user: root\npassword: !vault |\n{sealed}\n")
    credentials = Credentials(Redactor(), folder=tmp_path)
    with pytest.raises(SecretError, match="where the vault's password is"):
        credentials.resolve("vault:some.yml#password")
    assert credentials.resolve("vault:some.yml#password?password=env:VAULT_WORD") == Password("s3cret-word")
    with pytest.raises(SecretError, match="does not open it") as caught:
        credentials.resolve("vault:some.yml#password?password=env:WRONG_WORD")
    assert "env:WRONG_WORD" in caught.value.message
    assert "no horse" not in caught.value.message


def test_references_that_need_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "all.yml").write_bytes(_sealed("word: x\n", WORD))
    credentials = Credentials(Redactor(), folder=tmp_path, vault_password="vault:all.yml#word")
    with pytest.raises(SecretError, match="needs itself"):
        credentials.resolve("vault:all.yml#word")


def test_what_a_source_says_when_it_breaks_is_not_told(credentials: Credentials) -> None:
    def broken(rest: str) -> Agent:
        raise RuntimeError(f"s3cret-word {rest}")

    credentials.register("broken", broken)
    with pytest.raises(SecretError) as caught:
        credentials.resolve("broken:x")
    assert caught.value.message == "broken:x: cannot be resolved (RuntimeError)"


def test_a_secret_is_taken_out_in_the_forms_that_programs_print() -> None:
    redactor = Redactor()
    redactor.add('pass"word\\1é')
    for said in ('pass"word\\1é', r'{"p": "pass\"word\\1\u00e9"}', "cGFzcyJ3b3JkXDHDqQ=="):
        assert "[secret]" in redactor.clean(said), said
