"""Ansible inventories in, as a table of hosts: what ``ansible-inventory --list`` says of one file.

Ansible itself reads the file (ranges, groups in groups, ``group_vars`` beside it), in its own process with a clean
environment, an empty working folder and only the ``ini`` or the ``yaml`` plugin: nothing is executed, no plugin asks
the network, and no ``ansible.cfg`` has a say. A folder is never handed to it, since it would read every file in it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from inventory.ansible_wrong import wrong_in
from inventory.formats.credentials import HIDDEN, REFUSED_RIGHT, REFUSED_WRONG, names_secret
from inventory.formats.texts import did_you_mean
from inventory.tables import Table, Word
from muster.errors import Problem

_TIMEOUT_S = 300.0
_CONNECTIONS = {
    "ssh": "ssh",
    "smart": "ssh",
    "paramiko": "ssh",
    "paramiko_ssh": "ssh",
    "winrm": "winrm",
    "psrp": "winrm",
}
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "id": ("muster_id",),
    "name": ("muster_name",),
    "site_id": ("muster_site",),
    "address": ("ansible_host", "ansible_ssh_host"),
    "port": ("ansible_port", "ansible_ssh_port"),
    "user": ("ansible_user", "ansible_ssh_user"),
    "transport": ("muster_transport", "ansible_connection"),
    "credential": ("muster_credential", "ansible_ssh_private_key_file", "ansible_private_key_file"),
    "os": ("muster_os",),
    "os_version": ("muster_os_version",),
    "role": ("muster_role",),
    "model": ("muster_model",),
    "timezone": ("muster_timezone",),
    "tags": ("muster_tags",),
    "become": ("muster_become",),
    "become_credential": ("muster_become_credential",),
}
"""Which variables tell a column, the first one that is there wins."""
_OURS = frozenset(name for names in _VARIABLES.values() for name in names if name.startswith("muster_"))
_SYSTEM_GROUPS = {"windows": "windows", "win": "windows", "linux": "linux"}
_SECRET_IN_MESSAGE = re.compile(r"((?:pass|secret|token)\w*['\"]?\s*[=:]\s*)\S+", re.IGNORECASE)


def read_ansible(path: Path, source: str, site_ids: frozenset[str]) -> tuple[Table | None, list[Problem]]:
    """Read one inventory file.

    Args:
        path: an INI or YAML file.
        source: how the file is called in problems.
        site_ids: every site that a group may be named after.
    """
    listed, problem = _list(path, source)
    if listed is None:
        return None, [problem] if problem else []
    variables = _mapping(_mapping(listed.get("_meta")).get("hostvars"))
    groups = _groups_of_hosts(listed)
    names = sorted(groups)
    problems: list[Problem] = []
    columns = tuple(_VARIABLES)
    rows: list[list[str | None]] = []
    kept: list[str] = []
    for name in names:
        its = _mapping(variables.get(name))
        wrong = [*_secrets(its), *_unusable(its), *_unknown(its), *_sites_in_doubt(its, groups[name], site_ids)]
        problems += [Problem(f"{source} host {name}", *parts) for parts in wrong]
        if not wrong:
            rows.append(_row(name, its, groups[name], site_ids))
            kept.append(name)
    if not names:
        problems.append(Problem(source, "", "", "holds no hosts", "list hosts in it, or leave the file out"))
    return Table(Word.HOSTS, source, "host", source, columns, rows, kept), problems


def _list(path: Path, source: str) -> tuple[Mapping[str, object] | None, Problem | None]:
    plugin = "yaml" if path.suffix.lower() in {".yml", ".yaml"} else "ini"
    with tempfile.TemporaryDirectory(prefix="muster-inventory-") as folder:
        (Path(folder) / "ansible.cfg").touch()
        command = [sys.executable, "-P", "-m", "ansible", "inventory", "-i", str(path.resolve()), "--list"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=_environment(folder, plugin),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, Problem(
                source, "", "", f"was not read within {_TIMEOUT_S:.0f} s", "split it into smaller files"
            )
    if done.returncode != 0:
        return None, _refused(path, source, plugin, done.stderr.decode(errors="replace"))
    return _mapping(json.loads(done.stdout)), None


def _environment(folder: str, plugin: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": f"{folder}/ansible.cfg",
        "ANSIBLE_HOME": folder,
        "ANSIBLE_INVENTORY_ENABLED": plugin,
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "ANSIBLE_NOCOLOR": "1",
    }


def _refused(path: Path, source: str, plugin: str, stderr: str) -> Problem:
    """The line that is wrong, where it is found; else Ansible's own last cause, without what looks like a secret."""
    if "vault" in stderr.lower():
        right = "Muster reads no vaults: take the encrypted file away from the inventory; credentials are references"
        return Problem(source, "", "", "needs a vault's password", right)
    if found := wrong_in(path.read_text(encoding="utf-8", errors="replace"), plugin):
        return Problem(f"{source} line {found.line}", "", found.value, found.wrong, found.right)
    said = [line.strip() for line in stderr.splitlines() if line.strip()]
    causes = [line for index, line in enumerate(said) if index and "caused by" in said[index - 1]]
    origin = re.search(r"Origin: .*?:(\d+)(?::\d+)?$", stderr, re.MULTILINE)
    cause = _SECRET_IN_MESSAGE.sub(r"\1" + HIDDEN, causes[-1] if causes else "")
    place = f"{source} line {origin[1]}" if origin else source
    kind = plugin.upper()
    return Problem(
        place, "", "", f"is not an Ansible inventory in {kind}: {cause}".rstrip(": "), "see ansible-inventory --list"
    )


def _groups_of_hosts(listed: Mapping[str, object]) -> dict[str, frozenset[str]]:
    """For every host the groups it is in, directly or through other groups."""
    groups = {name: _mapping(body) for name, body in listed.items() if name != "_meta"}
    found: dict[str, set[str]] = {}
    for name in groups:
        for host in _hosts_below(name, groups, frozenset()):
            found.setdefault(host, set()).add(name)
    return {host: frozenset(names) for host, names in found.items()}


def _hosts_below(name: str, groups: Mapping[str, Mapping[str, object]], above: frozenset[str]) -> Iterator[str]:
    body = groups.get(name, {})
    yield from _strings(body.get("hosts"))
    for child in _strings(body.get("children")):
        if child not in above:
            yield from _hosts_below(child, groups, above | {name})


def _secrets(its: Mapping[str, object]) -> Iterator[tuple[str, str, str, str]]:
    for name in its:
        if name.startswith(("ansible_", "muster_")) and names_secret(name):
            yield name, HIDDEN, REFUSED_WRONG, REFUSED_RIGHT


def _unusable(its: Mapping[str, object]) -> Iterator[tuple[str, str, str, str]]:
    """Templates are not carried out, and a connection that Muster does not have is not taken for another."""
    for names in _VARIABLES.values():
        for name in names:
            value = its.get(name)
            if isinstance(value, str) and "{{" in value:
                yield name, value, "is a template", "write the value itself; Muster carries out no templates"
    connection = its.get("ansible_connection")
    if connection is not None and "muster_transport" not in its and _connection(connection) not in _CONNECTIONS:
        right = "Muster connects by ssh or winrm; set muster_transport to ssh, winrm or none"
        yield "ansible_connection", str(connection), "is a connection that Muster does not have", right


def _unknown(its: Mapping[str, object]) -> Iterator[tuple[str, str, str, str]]:
    for name, value in its.items():
        if name.startswith("muster_") and name not in _OURS and not names_secret(name):
            right = f"the names are {', '.join(sorted(_OURS))}{did_you_mean(name, _OURS)}"
            yield name, str(value), "is not a variable of Muster", right


def _sites_in_doubt(
    its: Mapping[str, object], groups: frozenset[str], site_ids: frozenset[str]
) -> Iterator[tuple[str, str, str, str]]:
    if its.get("muster_site"):
        return
    named = sorted(groups & site_ids)
    right = "set the variable muster_site to the site's id, for the host or for one of its groups"
    if not named:
        yield "muster_site", "", "is not there, and no group of the host is named like a site", right
    elif len(named) > 1:
        yield (
            "muster_site",
            "",
            f"is not there, and {len(named)} groups are named like sites: {', '.join(named)}",
            right,
        )


def _row(name: str, its: Mapping[str, object], groups: frozenset[str], site_ids: frozenset[str]) -> list[str | None]:
    told = {column: _told(its, names) for column, names in _VARIABLES.items()}
    told["id"] = told["id"] or name
    told["name"] = told["name"] or name
    told["address"] = told["address"] or name
    told["site_id"] = told["site_id"] or next(iter(groups & site_ids))
    connection = told["transport"]
    told["transport"] = _CONNECTIONS.get(_connection(connection), connection) if connection else None
    key = told["credential"]
    if key and not its.get("muster_credential"):
        told["credential"] = f"key:{key}"
    told["os"] = told["os"] or _system(groups, told["transport"])
    return [told[column] for column in _VARIABLES]


def _told(its: Mapping[str, object], names: Sequence[str]) -> str | None:
    for name in names:
        value = its.get(name)
        if isinstance(value, list):
            return "; ".join(str(part) for part in value)
        if value is not None:
            return str(value).strip()
    return None


def _system(groups: frozenset[str], transport: str | None) -> str | None:
    families = {_SYSTEM_GROUPS[group.lower()] for group in groups if group.lower() in _SYSTEM_GROUPS}
    if len(families) == 1:
        return families.pop()
    return "windows" if transport == "winrm" else None


def _connection(value: object) -> str:
    return str(value).rpartition(".")[2].lower()


def _mapping(value: object) -> Mapping[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
