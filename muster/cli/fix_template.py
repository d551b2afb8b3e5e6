"""What `muster fix new` writes: a small fix that works at once, to be changed into one's own."""

from collections.abc import Mapping

_HEAD = """\
# The fix @NAME@. Every key is explained in docs/fixes.md of Muster; `muster fix check @NAME@` says what is wrong.
name: @NAME@
title: Put a line of text into /etc/@NAME@.conf
# What clients notice when it is pushed; it goes into their notices.
clients_notice: Nothing.
# Each parameter reaches the scripts as MUSTER_<NAME>. Without a default a campaign must give it. Types: text, words,
# number, choice, verbatim, instants, file, folder.
parameters:
  text:
    type: text
    description: The line that /etc/@NAME@.conf shall hold.
    example: all is well
families:
  linux:
"""

_SCRIPT_STEPS = """\
    probe: # asks; changes nothing
      scripts: [muster:base.sh, probe.sh]
      timeout_s: 30
    check: # says what apply would do: the same script, which is told by MUSTER_CHECK=1
      scripts: [muster:base.sh, muster:change.sh, apply.sh]
      timeout_s: 60
    apply: # changes, and says what
      scripts: [muster:base.sh, muster:change.sh, apply.sh]
      timeout_s: 60
    rollback: # puts back what was there before
      scripts: [muster:base.sh, muster:change.sh, rollback.sh]
      timeout_s: 60
    # verify is the probe again, in a new session.
"""

_PLAYBOOK_STEPS = """\
    probe: # asks; changes nothing. A probe must answer in Muster's lines, so a script is the short way.
      scripts: [muster:base.sh, probe.sh]
      timeout_s: 30
    check: # the same playbook, run with --check --diff
      playbook: apply.yml
      timeout_s: 120
    apply: # carried by Ansible, whatever push_by says, because it has no scripts
      playbook: apply.yml
      timeout_s: 120
    rollback:
      playbook: rollback.yml
      timeout_s: 120
"""

_PROBE = """\
# Asks whether this host is right. It must change nothing, and end with `finish`.
#
# fact LAYER KEY VALUE      something it found; kept as evidence
# verdict right|stale|unsupported "one sentence"
# $root goes before every path: it is empty on a real host, and a folder on the hosts of muster demo.

file=/etc/@NAME@.conf
now=$(cat "$root$file" 2>/dev/null)
fact file "$file" "${now:-absent}"
if [ "$now" = "$MUSTER_TEXT" ]; then
    verdict right "$file says: $now"
else
    verdict stale "$file says: ${now:-nothing}"
fi
finish
"""

_APPLY = """\
# Makes it right. A good apply can be repeated and then changes nothing; may be cut off anywhere; waits for nothing
# without an end. In the step check (MUSTER_CHECK=1) replace, take_away and restart only say what they would do.

begin_change # takes the host's lock; $work is a folder for what is in the making

echo "$MUSTER_TEXT" >"$work/new" || give_up "$(why_not_written "$state" 1)"
replace "$work/new" /etc/@NAME@.conf # keeps the original, writes beside, checks, renames; nothing where it is the same
[ "$touched" = yes ] || note "/etc/@NAME@.conf was right already"

# restart NAME starts a service again where something was touched: restart cron
finish
"""

_ROLLBACK = """\
# Puts back what was there before. What somebody else has changed since is left alone.

if never_changed; then
    note "nothing was ever changed here"
    finish
    exit 0
fi
begin_change
roll_back
[ "$touched" = yes ] || note "everything is as it was before"
finish
"""

_APPLY_PLAYBOOK = """\
# Any playbook will do. Tasks that change something are the changes; a task that fails is the cause. It gets
# muster_arguments (the parameters as MUSTER_<NAME>, and MUSTER_BATCH, which stands for this fix with these parameters).
- name: Put a line of text into a file
  hosts: all
  gather_facts: false
  vars:
    kept: "/var/lib/muster/@NAME@/{{ muster_arguments.MUSTER_BATCH }}"
  tasks:
    - name: Make a place for the original
      ansible.builtin.file:
        path: "{{ kept }}"
        state: directory
        mode: "0700"
      changed_when: false

    - name: Keep the original, once
      ansible.builtin.shell:
        cmd: "[ -e original ] || [ -e none ] || cp -p /etc/@NAME@.conf original 2>/dev/null || : >none"
        chdir: "{{ kept }}"
      changed_when: false
      when: not ansible_check_mode # the step check runs this with --check: there is no place yet

    - name: Put the line into /etc/@NAME@.conf
      ansible.builtin.copy:
        content: "{{ muster_arguments.MUSTER_TEXT }}\\n"
        dest: /etc/@NAME@.conf
        mode: "0644"
"""

_ROLLBACK_PLAYBOOK = """\
# Puts back what was there before.
- name: Put the original back
  hosts: all
  gather_facts: false
  vars:
    kept: "/var/lib/muster/@NAME@/{{ muster_arguments.MUSTER_BATCH }}"
  tasks:
    - name: Look for the original
      ansible.builtin.stat:
        path: "{{ kept }}/original"
      register: original

    - name: Put the original of /etc/@NAME@.conf back
      ansible.builtin.copy:
        src: "{{ kept }}/original"
        dest: /etc/@NAME@.conf
        remote_src: true
        mode: preserve
      when: original.stat.exists

    - name: Remove /etc/@NAME@.conf, which was not there before
      ansible.builtin.file:
        path: /etc/@NAME@.conf
        state: absent
      when: not original.stat.exists
"""


def template(name: str, *, playbook: bool) -> Mapping[str, str]:
    """The files of a new fix by their names."""
    files = {"fix.yml": _HEAD + (_PLAYBOOK_STEPS if playbook else _SCRIPT_STEPS), "probe.sh": _PROBE}
    if playbook:
        files |= {"apply.yml": _APPLY_PLAYBOOK, "rollback.yml": _ROLLBACK_PLAYBOOK}
    else:
        files |= {"apply.sh": _APPLY, "rollback.sh": _ROLLBACK}
    return {file: text.replace("@NAME@", name) for file, text in files.items()}
