"""What `muster fix check` looks at: the contract, the shells, the playbooks, and a dry run on a throw-away host."""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from muster.cli.fix_host import Ran, ThrowAwayHost, throw_away_host, why_not
from muster.errors import FixError
from muster.fleet import OsFamily
from muster.outcomes import Finding, Verdict
from muster.ports import PreparedFix
from muster.steps import Step, StepName
from playbooks.catalog import Entry, prepare_folder
from playbooks.contract import FixSpec

ZONE = "Etc/UTC"
LONGEST_LOOK_S = 60


class Mark(StrEnum):
    """How one look came out. A warning and what was skipped do not make a fix fail."""

    PASS = "PASS"  # noqa: S105  a verdict, not a word that opens anything
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at; ``to_do`` says what to do about it."""

    mark: Mark
    what: str
    seen: str
    to_do: str = ""


def look_at(entry: Entry, workspace: Path, given: Mapping[str, str], prepare_host: str) -> Iterator[Look]:
    """Everything, one after another; what needs an earlier thing that failed is left out."""
    if entry.problem or entry.spec is None:
        problem = entry.problem or FixError("it cannot be read")
        yield Look(Mark.FAIL, "contract", problem.message, problem.hint)
        return
    yield Look(Mark.PASS, "contract", f"fix.yml and the files it names: {_steps_of(entry.spec)}")
    try:
        fix = prepare_folder(entry.folder, _values(entry.spec, given), base=workspace)
    except FixError as error:
        yield Look(
            Mark.FAIL, "parameters", error.message, error.hint or "muster fix check NAME --set name=value gives one"
        )
        return
    yield Look(Mark.PASS, "parameters", fix.title)
    yield from _missing_steps(entry.spec)
    if OsFamily.LINUX in entry.spec.families:
        yield from _shells(fix)
    yield from _playbooks(entry)
    yield from _dry_run(fix, entry.spec, prepare_host)


def _values(spec: FixSpec, given: Mapping[str, str]) -> dict[str, str]:
    """What was given; the examples of other parameters that must be given, where those are not files."""
    examples = {
        name: parameter.example
        for name, parameter in spec.parameters.items()
        if parameter.default is None and parameter.example and parameter.type not in {"file", "folder"}
    }
    return {**examples, **given}


def _steps_of(spec: FixSpec) -> str:
    return "; ".join(f"{family.value}: {', '.join(steps.named())}" for family, steps in spec.families.items())


def _missing_steps(spec: FixSpec) -> Iterator[Look]:
    for family, steps in spec.families.items():
        if steps.rollback is None:
            seen = f"{family.value} has no rollback: what it has changed stays"
            yield Look(Mark.WARN, "steps", seen, "add the step rollback; muster:change.sh brings roll_back")
        if steps.check is None:
            seen = f"{family.value} has no check: a dry run can say nothing of it"
            yield Look(Mark.WARN, "steps", seen, "add the step check; it may name the scripts of apply")


def _shells(fix: PreparedFix) -> Iterator[Look]:
    """The syntax of every script in every shell that is here; what ShellCheck finds."""
    shells = [["sh"], ["dash"], ["busybox", "sh"]]
    for shell in [words for words in shells if shutil.which(words[0])]:
        wrong = [f"{step.name}: {said}" for step in _scripts(fix) if (said := _run([*shell, "-n"], step.script))]
        to_do = "put the line right; scripts are for POSIX sh, not for bash"
        seen = "; ".join(wrong)[:400] or "every script can be read"
        yield Look(Mark.FAIL if wrong else Mark.PASS, f"syntax ({' '.join(shell)})", seen, to_do if wrong else "")
    if shutil.which("shellcheck"):
        found = {line for step in _scripts(fix) for line in _shellcheck(step)}
        seen = "; ".join(sorted(found)[:3]) if found else "nothing found"
        yield Look(
            Mark.WARN if found else Mark.PASS, "shellcheck", seen, "see shellcheck.net for each SC" if found else ""
        )
    else:
        yield Look(Mark.SKIP, "shellcheck", "it is not installed here")


def _scripts(fix: PreparedFix) -> list[Step]:
    """One step for each script: a verify that is the probe again is not looked at twice."""
    steps = [fix.step(name, OsFamily.LINUX, timezone=ZONE) for name in StepName]
    return list({step.script: step for step in reversed(steps) if step is not None and step.script}.values())[::-1]


def _run(words: list[str], text: str = "", *, cwd: Path | None = None) -> str:
    """What a program complains of; empty when it is content."""
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, timeout=LONGEST_LOOK_S, check=False, cwd=cwd
        )
    except subprocess.TimeoutExpired:
        return f"{words[0]} did not end within {LONGEST_LOOK_S} s"
    said = " ".join((done.stderr.strip() or done.stdout.strip()).split())
    return "" if done.returncode == 0 else said or f"exit code {done.returncode}"


def _shellcheck(step: Step) -> list[str]:
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-S", "warning", "-e", "SC2034,SC2154", "-f", "gcc", "-"],
        input=step.script, capture_output=True, text=True, timeout=LONGEST_LOOK_S, check=False,
    )  # fmt: skip
    lines = step.script.splitlines()
    found = []
    for line in done.stdout.splitlines():
        _, number, _, said = line.split(":", 3)
        meant = lines[int(number) - 1].strip()[:60] if int(number) <= len(lines) else "the end"
        found.append(f"{meant!r}: {said.strip()}")
    return found


def _playbooks(entry: Entry) -> Iterator[Look]:
    spec = entry.spec
    named = {
        step.playbook
        for family in (spec.families.values() if spec else ())
        for step in family.named().values()
        if step.playbook
    }
    if not named:
        return
    folder, beside = Path(str(entry.folder)), str(Path(sys.executable).parent)
    ansible = shutil.which("ansible-playbook", path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    lint = shutil.which("ansible-lint", path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    for name in sorted(named):
        if ansible is None:
            yield Look(Mark.SKIP, f"syntax of {name}", "ansible-playbook is not installed here")
            continue
        said = _run([ansible, "--syntax-check", "-i", "localhost,", str(folder / name)], cwd=folder)
        if "couldn't resolve module/action 'ansible.windows" in said:
            yield Look(Mark.SKIP, f"syntax of {name}", "the collection ansible.windows is not installed here")
            continue
        seen = said.removeprefix("[ERROR]: ")[:300] or "Ansible can read it"
        yield Look(
            Mark.FAIL if said else Mark.PASS, f"syntax of {name}", seen, "put the playbook right" if said else ""
        )
        if lint:
            said = _run([lint, "--offline", "-q", str(folder / name)], cwd=folder)
            yield Look(Mark.WARN if said else Mark.PASS, f"ansible-lint of {name}", said[:300] or "nothing found")


def _dry_run(fix: PreparedFix, spec: FixSpec, prepare_host: str) -> Iterator[Look]:
    """Probe, check, apply, verify, apply again, roll back, probe: at a host that is thrown away."""
    if OsFamily.LINUX not in spec.families:
        yield Look(Mark.SKIP, "dry run", "the fix is not for Linux, and there is no throw-away host of another kind")
        return
    if reason := why_not():
        yield Look(Mark.SKIP, "dry run", reason)
        return
    with throw_away_host() as host:
        if prepare_host:
            done = host.shell(prepare_host, b"", timeout_s=LONGEST_LOOK_S)
            if done.returncode:
                words = " ".join(done.stderr.decode(errors="replace").split())
                yield Look(
                    Mark.FAIL, "prepare", f"ended with code {done.returncode}: {words}"[:300], "put --prepare right"
                )
                return
        yield from DryRun(fix, host).looks()


class DryRun:
    """The steps of a fix at one host, and whether they hold to the contract."""

    def __init__(self, fix: PreparedFix, host: ThrowAwayHost) -> None:
        self._fix = fix
        self._host = host

    def looks(self) -> Iterator[Look]:
        """One after another, until one fails after which the others say nothing."""
        before = self._host.differences()
        first = self._ask(StepName.PROBE)
        yield first[0]
        if first[1] is None or first[0].mark is Mark.FAIL:
            return
        yield from self._only_looks("probe", before)
        yield from self._check(before)
        changed = yield from self._apply(stale=first[1].verdict is Verdict.STALE)
        if changed is None:
            return
        yield from self._verify()
        yield from self._again()
        yield from self._roll_back(before, first[1])

    def _ask(self, name: StepName) -> tuple[Look, Finding | None]:
        ran = self._carry(name)
        if ran is None or (trouble := _trouble(ran)):
            seen = trouble if ran else "it is a playbook, and is not run here"
            return Look(Mark.FAIL if ran else Mark.SKIP, name, seen, _TO_DO if ran else ""), None
        finding = self._fix.judge(ran.output, timezone=ZONE)
        if finding.verdict is Verdict.UNSUPPORTED:
            to_do = "a host like this one cannot be fixed; --prepare COMMAND makes the throw-away host one that can"
            return Look(Mark.FAIL, name, f"unsupported: {finding.summary}", to_do), finding
        return Look(Mark.PASS, name, f"{finding.verdict.value}: {finding.summary}"), finding

    def _carry(self, name: StepName) -> Ran | None:
        """None where the host has no such step that can be run here."""
        step = self._fix.step(name, OsFamily.LINUX, timezone=ZONE)
        return self._host.run(step) if step is not None and step.script else None

    def _only_looks(self, what: str, before: Mapping[str, str]) -> Iterator[Look]:
        if touched := _new(before, self._host.differences()):
            to_do = f"{what} must change nothing; see `{what}.sh`"
            yield Look(Mark.FAIL, f"{what} changes nothing", f"it has changed {_few(touched)}", to_do)
        else:
            yield Look(Mark.PASS, f"{what} changes nothing", "every file is as it was")

    def _check(self, before: Mapping[str, str]) -> Iterator[Look]:
        ran = self._carry(StepName.CHECK)
        if ran is None:
            return
        if trouble := _trouble(ran):
            yield Look(Mark.FAIL, "check", trouble, _TO_DO)
            return
        yield Look(
            Mark.PASS, "check", f"would {_few(ran.output.would)}" if ran.output.would else "would change nothing"
        )
        yield from self._only_looks("check", before)

    def _apply(self, *, stale: bool) -> Generator[Look, None, tuple[str, ...] | None]:
        """Apply once; returns what it has changed, None where it failed or is not run here."""
        ran = self._carry(StepName.APPLY)
        if ran is None:
            yield Look(Mark.SKIP, "apply", "it is a playbook, and is not run here: try it at a host of yours, a canary")
            return None
        if trouble := _trouble(ran):
            yield Look(Mark.FAIL, "apply", trouble, _TO_DO)
            return None
        if stale and not ran.output.changes:
            to_do = 'say every change: changed "what", or use replace of muster:change.sh'
            yield Look(Mark.FAIL, "apply", "it has changed nothing, or does not say so", to_do)
            return None
        seen = _few(ran.output.changes) if ran.output.changes else "nothing to change: this machine is right already"
        to_do = "--prepare COMMAND makes the throw-away host wrong first, so that apply has something to do"
        yield Look(Mark.PASS if stale else Mark.WARN, "apply", seen, "" if stale else to_do)
        return ran.output.changes

    def _verify(self) -> Iterator[Look]:
        look, finding = self._ask(StepName.VERIFY)
        if finding is not None and finding.verdict is not Verdict.RIGHT:
            to_do = "apply does not do what the probe asks for; compare the two"
            yield Look(
                Mark.FAIL, "verify", f"after apply it is still {finding.verdict.value}: {finding.summary}", to_do
            )
            return
        yield look

    def _again(self) -> Iterator[Look]:
        before = self._host.differences()
        ran = self._carry(StepName.APPLY)
        if ran is None:
            return
        if trouble := _trouble(ran):
            yield Look(Mark.FAIL, "apply again", trouble, _TO_DO)
        elif changed := ran.output.changes or _new(before, self._host.differences()):
            seen = f"it changes what is right already: {_few(changed)}"
            yield Look(Mark.FAIL, "apply again", seen, "look first, and change only what is not yet right")
        else:
            yield Look(Mark.PASS, "apply again", "nothing changes")

    def _roll_back(self, before: Mapping[str, str], first: Finding) -> Iterator[Look]:
        ran = self._carry(StepName.ROLLBACK)
        if ran is None:
            return
        if trouble := _trouble(ran):
            yield Look(Mark.FAIL, "rollback", trouble, _TO_DO)
            return
        if left := _new(before, self._host.differences()):
            to_do = "put back every file that apply touches; muster:change.sh keeps them"
            yield Look(Mark.FAIL, "rollback", f"not as it was before: {_few(left)}", to_do)
            return
        yield Look(Mark.PASS, "rollback", _few(ran.output.changes) if ran.output.changes else "nothing to put back")
        look, finding = self._ask(StepName.PROBE)
        same = finding is not None and finding.verdict is first.verdict
        to_do = "after a roll back the probe must say what it said before"
        yield Look(Mark.PASS if same else Mark.FAIL, "probe after it", look.seen, "" if same else to_do)


_TO_DO = "run it by hand in a throw-away machine, and see where it ends"


def _trouble(ran: Ran) -> str:
    """Why a step did not end well, in words; empty when it did."""
    if not ran.in_time:
        return "it did not end within its timeout_s"
    if ran.output.errors:
        return "; ".join(ran.output.errors)[:400]
    words = " ".join(ran.stderr.split())[-200:]
    if ran.output.done is None:
        return f"it did not come to its last line, done: end it with finish{': ' + words if words else ''}"
    if ran.exit_code:
        return f"it ended with exit code {ran.exit_code}{': ' + words if words else ''}"
    return ""


def _new(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The files that are not as they were."""
    return tuple(sorted(name for name in {*before, *now} if before.get(name) != now.get(name)))


def _few(words: tuple[str, ...]) -> str:
    return "; ".join(words[:3]) + (f"; and {len(words) - 3} more" if len(words) > 3 else "")
