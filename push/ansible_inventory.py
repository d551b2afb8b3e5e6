"""What Ansible is told: the hosts with how they are reached, the step, and settings for a strict and quick SSH."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from math import ceil, floor
from os import environ
from pathlib import Path
from secrets import token_hex

from muster.ports import Order, Target
from muster.settings import Settings
from muster.steps import Step, StepName
from push.ansible_call import Request, Secrets, Template
from push.credentials import Agent, Credentials, Password, PrivateKey
from push.launcher import command, script_with_arguments, stream

FAST_EXCHANGE = (
    "ecdh-sha2-nistp256,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
)
"""Gives up post-quantum secrecy for a sixth of the CPU time; the setting ``key_exchange`` decides."""
ALIVE_COUNT = 3
LARGEST_RESULT_BYTES = 64_000_000
"""ansible-runner forgets results that are longer, and with them what the step said."""
RESERVED_NAMES = {"localhost", "all", "ungrouped"}
SCRIPT_PLAYBOOK = "ansible_script.yml"


@dataclass(frozen=True, slots=True)
class AnsibleOptions:
    """How Ansible is run; what is not here is taken from the settings.

    Attributes:
        known_hosts: the file of trusted keys; nothing else is trusted, and nothing is written to it.
        playbooks: the folder that ``Step.playbook`` is taken from.
        per_site: hosts of one site at one time; 0 means no cap.
        become: carry steps out by ``sudo -n`` where the login name is not root's.
        python: the hosts' interpreter; Ansible finds it by default.
    """

    settings: Settings
    known_hosts: Path
    playbooks: Path
    per_site: int = 0
    become: bool = False
    python: str = "auto_silent"


def playbook_of(step: Step, folder: Path) -> Path:
    """The file of a step's playbook; the one that carries a script where it has none."""
    return folder / step.playbook if step.playbook else Path(str(files("push"))) / SCRIPT_PLAYBOOK


def inventory_name(wanted: str, taken: Mapping[str, object]) -> str:
    """A name that Ansible cannot take for anything else, and that no other host has."""
    name = base = re.sub(r"[^A-Za-z0-9_.-]", "_", wanted) or "host"
    number = 1
    while name in taken or name in RESERVED_NAMES:
        number += 1
        name = f"{base}_{number}"
    return name


def host_variables(
    target: Target, credentials: Credentials, secrets: Secrets, options: AnsibleOptions
) -> dict[str, object]:
    """The inventory's variables of one host; its secret, if it has one, is in memory only.

    Raises:
        SecretError: the credential cannot be resolved.
    """
    variables: dict[str, object] = {
        "ansible_host": target.address,
        "ansible_port": target.port or 22,
        "ansible_user": target.user,
    }
    if options.become and target.user != "root":
        variables |= {"ansible_become": True, "ansible_become_flags": "-n"}
    match credentials.resolve(target.credential):
        case PrivateKey(text):
            key = secrets.file(f"{text.rstrip()}\n".encode())
            ssh = "-o IdentitiesOnly=yes -o IdentityAgent=none -o PreferredAuthentications=publickey"
            variables |= {"ansible_ssh_private_key_file": key, "ansible_ssh_common_args": ssh}
        case Password(value):
            lookup = f"lookup('ansible.builtin.file', '{secrets.file(value.encode())}', rstrip=false)"
            ssh = "-o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive"
            variables |= {
                "ansible_password": Template("{{ " + lookup + " }}"),
                "ansible_ssh_common_args": f"{ssh} -o NumberOfPasswordPrompts=1",
            }
        case Agent():
            variables["ansible_ssh_common_args"] = "-o PreferredAuthentications=publickey"
    return variables


def request(orders: list[Order], hosts: Mapping[str, Mapping[str, object]], options: AnsibleOptions) -> Request:
    """The call for orders that all want the same step.

    Raises:
        ValueError: the step cannot be carried by a shell: a NUL in its script, an argument without a proper name.
    """
    step = orders[0].step
    longest_s = max(order.deadline_s for order in orders)
    return Request(
        playbook=playbook_of(step, options.playbooks),
        hosts=hosts,
        files={"script": script_with_arguments(step).encode(), "payload": step.payload, "stream": stream(step)},
        variables={
            "muster_arguments": dict(step.arguments),
            "muster_step": step.name.value,
            "muster_command": command(max(1, floor(min(step.timeout_s, longest_s)))),
            "muster_place": f"/tmp/.muster-{token_hex(8)}",  # noqa: S108  a name that nobody can foresee
        },
        environment=_environment(options, ceil(longest_s)),
        forks=min(options.settings.parallel_hosts, len(hosts)),
        check=step.name is StepName.CHECK,
    )


def _environment(options: AnsibleOptions, task_timeout_s: int) -> dict[str, str]:
    agent = environ.get("SSH_AUTH_SOCK", "")
    return {
        "ANSIBLE_BECOME_ALLOW_SAME_USER": "False",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_PYTHON_INTERPRETER": options.python,
        "ANSIBLE_REMOTE_TEMP": "/tmp",  # noqa: S108  nothing is left there, where ~/.ansible would be
        "ANSIBLE_SSH_ARGS": shlex.join(_ssh_arguments(options)),
        "ANSIBLE_SSH_RETRIES": "0",
        "ANSIBLE_SSH_TRANSFER_METHOD": "piped",
        "ANSIBLE_SSH_USETTY": "False",
        "ANSIBLE_TASK_TIMEOUT": str(task_timeout_s),
        "ANSIBLE_TIMEOUT": str(ceil(options.settings.connect_timeout_s)),
        "MAX_EVENT_RES": str(LARGEST_RESULT_BYTES),
        **({"SSH_AUTH_SOCK": agent} if agent else {}),
    }


def _ssh_arguments(options: AnsibleOptions) -> list[str]:
    wanted = [
        "ControlMaster=auto",
        "ControlPersist=15s",
        f"ServerAliveInterval={max(1, round(options.settings.login_timeout_s / ALIVE_COUNT))}",
        f"ServerAliveCountMax={ALIVE_COUNT}",
        f"UserKnownHostsFile={options.known_hosts}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "UpdateHostKeys=no",
        "GSSAPIAuthentication=no",
    ]
    if options.settings.key_exchange == "fast":
        wanted.append(f"KexAlgorithms={FAST_EXCHANGE}")
    return ["-F", "none", *(word for option in wanted for word in ("-o", option))]
