"""Ansible inventories: groups, ranges, variables; nothing is executed, and no password comes in."""

from pathlib import Path

import pytest

from inventory.ansible_wrong import wrong_in
from muster.fleet import OsFamily, TransportName
from tests.inventory.conftest import ReadText

INI = """
[web]
web[01:03].acme.example ansible_port=2222
[db]
db1 ansible_host=10.0.0.9 ansible_user=admin ansible_ssh_private_key_file=~/.ssh/acme muster_role="database server"
[van:children]
web
db
[windows]
app1 ansible_connection=winrm ansible_port=5986
[burnaby:children]
windows
[burnaby:vars]
muster_site=12
muster_tags=['pilot', 'windows server']
"""
YAML = """
all:
  children:
    van:
      hosts:
        db1:
          ansible_host: 10.0.0.9
      vars:
        ansible_user: admin
        muster_timezone: America/Edmonton
"""


def test_an_ini_inventory_is_read_with_ranges_groups_and_variables(read_text: ReadText) -> None:
    imported = read_text({"hosts.ini": INI})
    assert imported.problems == ()
    hosts = {str(host.id): host for host in imported.fleet.hosts}
    assert list(hosts) == ["app1", "db1", "web01.acme.example", "web02.acme.example", "web03.acme.example"]
    web, db, app = hosts["web02.acme.example"], hosts["db1"], hosts["app1"]
    assert (web.site_id, web.address, web.port, web.os) == ("van", "web02.acme.example", 2222, OsFamily.LINUX)
    assert (db.address, db.user, db.credential, db.role) == ("10.0.0.9", "admin", "key:~/.ssh/acme", "database server")
    assert (app.site_id, app.transport, app.os) == ("12", TransportName.WINRM, OsFamily.WINDOWS)
    assert app.tags == ("pilot", "windows server")


def test_a_yaml_inventory_is_read(read_text: ReadText) -> None:
    imported = read_text({"inventory.yml": YAML})
    assert imported.problems == ()
    (host,) = imported.fleet.hosts
    assert (host.site_id, host.user, host.timezone) == ("van", "admin", "America/Edmonton")


def test_sites_of_the_same_import_give_their_names_to_groups(read_text: ReadText) -> None:
    imported = read_text(
        {"hosts.ini": "[new-site]\nh1\n", "sites.csv": "id,client_id,name,timezone\nnew-site,acme,New,UTC\n"}
    )
    assert imported.problems == ()
    assert [(host.id, host.site_id) for host in imported.fleet.hosts] == [("h1", "new-site")]


def test_variables_of_groups_beside_the_file_are_read(read_text: ReadText, tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "web.yml").write_text("muster_site: van\nansible_user: www\n")
    (host,) = read_text({"hosts.ini": "[web]\nh1\n"}).fleet.hosts
    assert (host.site_id, host.user) == ("van", "www")


def test_a_host_without_a_site_or_with_two_is_named_and_the_others_are_in(read_text: ReadText) -> None:
    known = "[van]\nh1\nh2\n[12]\nh2\n[other]\nh3\n"
    imported = read_text({"hosts.ini": known})
    assert [host.id for host in imported.fleet.hosts] == ["h1"]
    assert [(p.place, p.column) for p in imported.problems] == [
        ("hosts.ini host h2", "muster_site"),
        ("hosts.ini host h3", "muster_site"),
    ]
    assert "12, van" in imported.problems[0].wrong


@pytest.mark.parametrize(
    "variable", ["ansible_password", "ansible_become_password", "ansible_ssh_pass", "ansible_become_pass"]
)
def test_passwords_are_refused_and_never_repeated(read_text: ReadText, variable: str) -> None:
    imported = read_text({"hosts.ini": f"[van]\nh1 {variable}=hunter2\nh2\n"})
    assert [host.id for host in imported.fleet.hosts] == ["h2"]
    (problem,) = imported.problems
    assert (problem.place, problem.column) == ("hosts.ini host h1", variable)
    assert "key:" in problem.right
    assert "hunter2" not in str(problem)


def test_a_vaulted_password_is_refused_too(read_text: ReadText) -> None:
    text = (
        "all:\n  children:\n    van:\n      hosts:\n        h1:\n          ansible_password: !vault |\n"
        "            $ANSIBLE_VAULT;1.1;AES256\n            3333\n"
    )
    (problem,) = read_text({"hosts.yml": text}).problems
    assert problem.column == "ansible_password"


def test_a_line_that_cannot_be_read_is_told_without_its_secrets(read_text: ReadText) -> None:
    (problem,) = read_text({"hosts.ini": '[van]\nh1 ansible_password="hunter2\n'}).problems
    assert problem.place == "hosts.ini line 2"
    assert "never closed" in problem.wrong
    assert "hunter2" not in str(problem)


def test_the_line_that_is_wrong_is_named_with_what_would_be_right(read_text: ReadText) -> None:
    """Each was refused by Ansible once, and is told in our own words."""
    (problem,) = read_text({"hosts.yml": "all:\n  children:\n    van:\n      hosts: [h1]\n"}).problems
    assert problem.place == "hosts.yml line 4"
    assert "with a colon after its name" in problem.right
    assert "nsible" not in str(problem)


@pytest.mark.parametrize(
    ("plugin", "text", "line", "said"),
    [
        ("ini", "h1\n[van\nh2\n", 2, "'[van' is no section; write [name]"),
        ("ini", "[van:hots]\nh1\n", 1, "there is no 'hots'"),
        ("ini", "[van]\nh1 ansible_password= hunter2\n", 2, "'h1' is followed by a word that is no name=value"),
        ("ini", "[van]\nh1\n[van:vars]\n# why\nuser\n", 5, "'user' is given no value; write name=value"),
        ("ini", "[van:children]\nburnaby\n", 2, "'burnaby' is not a group of this file"),
        ("yaml", "all:\n  hosts:\n    h1\n   x: 3\n", 4, "is no YAML"),
        ("yaml", "all:\n  hosts:\n\th1:\n", 3, "indent with spaces"),
        ("yaml", "all:\n  hsots:\n    h1:\n", 2, "'hsots' is nothing that group all has; hosts, vars or children"),
        ("yaml", "all: h1\n", 1, "'all' is no group"),
        ("yaml", "- h1\n", 1, "is not a mapping of groups; begin with all:"),
    ],
)
def test_every_sort_of_wrong_line_has_its_own_words(plugin: str, text: str, line: int, said: str) -> None:
    found = wrong_in(text, plugin)
    assert found is not None
    assert (found.line, said in f"{found.value!r} {found.wrong}; {found.right}") == (line, True)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(("plugin", "text"), [("ini", INI), ("yaml", YAML), ("yaml", ""), ("ini", "")])
def test_nothing_is_wrong_in_what_can_be_read(plugin: str, text: str) -> None:
    assert wrong_in(text, plugin) is None


def test_a_program_is_not_executed_and_a_plugin_is_not_loaded(read_text: ReadText, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    script = tmp_path / "hosts.ini"
    script.write_text("")
    script.chmod(0o755)
    imported = read_text(
        {"hosts.ini": f"#!/bin/sh\ntouch {mark}\n", "plugin.yml": "plugin: ansible.builtin.generator\n"}
    )
    assert not mark.exists()
    assert [problem.place for problem in imported.problems] == ["hosts.ini line 2", "plugin.yml line 1"]


def test_templates_and_other_connections_are_refused_in_words(read_text: ReadText) -> None:
    text = '[van]\nh1 ansible_host=\'{{ lookup("pipe", "id") }}\'\nh2 ansible_connection=network_cli\n'
    imported = read_text({"hosts.ini": text})
    assert imported.fleet.hosts == ()
    assert [(p.place, p.column) for p in imported.problems] == [
        ("hosts.ini host h1", "ansible_host"),
        ("hosts.ini host h2", "ansible_connection"),
    ]


def test_a_misspelled_variable_of_ours_is_named_with_a_near_one(read_text: ReadText) -> None:
    (problem,) = read_text({"hosts.ini": "[van]\nh1 muster_rol=db\n"}).problems
    assert "did you mean 'muster_role'" in problem.right


def test_what_the_inventory_does_not_tell_stays_as_it_is_known(read_text: ReadText) -> None:
    (host,) = read_text({"hosts.ini": "[van]\ndc1 ansible_host=10.0.0.7\n"}).fleet.hosts
    assert (host.address, host.port, host.role, host.tags) == ("10.0.0.7", 2222, "domain", ("pilot",))
