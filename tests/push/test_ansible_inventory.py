"""What Ansible is told holds no secret on disk and no template of a stranger's."""

import os
from pathlib import Path

import pytest
import yaml

from muster.errors import SecretError
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.ports import Order, Target
from muster.settings import Settings
from muster.steps import Step, StepName
from push.ansible_call import Secrets, Template, dump
from push.ansible_inventory import AnsibleOptions, host_variables, inventory_name, request
from push.credentials import Credentials
from push.redact import Redactor
from tests.fleet.openssh import KeyPair

EVIL = "{{ lookup('pipe', 'touch /tmp/owned') }}"


@pytest.fixture
def options(tmp_path: Path) -> AnsibleOptions:
    return AnsibleOptions(Settings(), tmp_path / "known_hosts", tmp_path)


def target(credential: str, user: str = "root") -> Target:
    return Target(HostId("h"), SiteId("s"), TransportName.SSH, "10.0.0.1", 0, user, credential)


def test_every_text_of_ours_is_marked_as_no_template() -> None:
    text = dump({"all": {"hosts": {"h": {"ansible_host": EVIL, "port": 22}}}, "list": EVIL})
    assert text.count("!unsafe") == 2
    assert "port: 22" in text
    assert dump({"password": Template("{{ lookup('file', '/proc/1/fd/3') }}")}).count("!unsafe") == 0


@pytest.mark.parametrize("name", ["localhost", "all", "a b", "web[1:500]", "{{ x }}", "", "host,other", "Zoë"])
def test_no_host_name_means_something_else_to_ansible(name: str) -> None:
    safe = inventory_name(name, {})
    assert safe not in {"localhost", "all", "ungrouped", ""}
    assert safe.isascii()
    assert safe.replace("_", "").replace(".", "").replace("-", "").isalnum() or set(safe) <= set("_.-")
    assert inventory_name(name, {safe: 1}) != safe


def test_a_password_is_only_in_memory(options: AnsibleOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_PASSWORD", "hunter2-of-the-fleet")
    secrets, credentials = Secrets(), Credentials(Redactor())
    first = host_variables(target("env:FLEET_PASSWORD"), credentials, secrets, options)
    second = host_variables(target("env:FLEET_PASSWORD"), credentials, secrets, options)
    assert "hunter2" not in dump([first, second]) + repr(secrets)
    template = first["ansible_password"]
    assert isinstance(template, Template)
    path = template.text.split("'")[3]
    assert Path(path).read_bytes() == b"hunter2-of-the-fleet"
    assert template == second["ansible_password"]
    secrets.forget()
    assert not Path(path).exists()


def test_a_key_is_a_file_in_memory_that_only_we_may_read(options: AnsibleOptions, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KeyPair.new().private)
    secrets = Secrets()
    variables = host_variables(target(f"key:{tmp_path}/key"), Credentials(Redactor()), secrets, options)
    file = Path(str(variables["ansible_ssh_private_key_file"]))
    assert file.read_text() == (tmp_path / "key").read_text()
    assert os.stat(file).st_mode & 0o077 == 0  # noqa: PTH116  follows the link into memory
    secrets.forget()


def test_an_unknown_reference_is_an_error(options: AnsibleOptions) -> None:
    with pytest.raises(SecretError):
        host_variables(target("env:NO_SUCH_VARIABLE_HERE"), Credentials(Redactor()), Secrets(), options)


def test_sudo_is_asked_for_only_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_PASSWORD", "hunter2-of-the-fleet")
    options = AnsibleOptions(Settings(), tmp_path, tmp_path, become=True)
    secrets = Secrets()
    for user, wanted in (("root", None), ("fixer", True)):
        variables = host_variables(target("env:FLEET_PASSWORD", user), Credentials(Redactor()), secrets, options)
        assert variables.get("ansible_become") is wanted
    secrets.forget()


def test_the_environment_is_made_anew(options: AnsibleOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "recognisable")
    step = Step(StepName.APPLY, "true")
    made = request([Order(target("agent:"), step, 30)], {"h": {}}, options)
    assert "recognisable" not in repr(made.environment)
    assert made.environment["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert "StrictHostKeyChecking=yes" in made.environment["ANSIBLE_SSH_ARGS"]
    assert "KexAlgorithms=ecdh-sha2-nistp256,curve25519" in made.environment["ANSIBLE_SSH_ARGS"]
    assert yaml.safe_load(dump({"n": 1})) == {"n": 1}
