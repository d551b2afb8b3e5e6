"""The general fix: scripts only, no Python. Its probe says itself whether the host is right.

The probe answers with the facts ``fix <TAB> verdict <TAB> right|stale|unsupported`` and ``fix <TAB> summary <TAB>`` one
sentence; each fact of layer ``advice`` is handed on as advice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.outcomes import Finding, Verdict
from muster.steps import Step, StepName, StepOutput
from playbooks.contract import FixSpec, StepSpec, script_file

LAYER = "fix"
BATCH_CHARACTERS = 12


def script_of(folder: Traversable, spec: StepSpec) -> str:
    """The files of a step's script, joined."""
    return "\n".join(script_file(folder, name).read_text(encoding="utf-8") for name in spec.scripts)


def playbook_of(folder: Traversable, spec: StepSpec) -> str:
    """The path of the step's playbook, inside ``playbooks/`` or absolute; empty where there is none."""
    if not spec.playbook:
        return ""
    place = folder / spec.playbook
    built_in = isinstance(place, Path) and place.is_relative_to(Path(str(files("playbooks"))))
    return f"{folder.name}/{spec.playbook}" if built_in else str(Path(str(place)).resolve())


def about_step(spec: FixSpec, values: Mapping[str, str], name: StepName, payload: bytes = b"") -> dict[str, str]:
    """What the scripts of ``playbooks/lib`` go by: the step, the fix, and what stands for its parameters."""
    content = "\0".join([spec.name, *(f"{key}={value}" for key, value in sorted(values.items()))]).encode() + payload
    about = {
        "MUSTER_STEP": name.value,
        "MUSTER_FIX": spec.name,
        "MUSTER_BATCH": sha256(content).hexdigest()[:BATCH_CHARACTERS],
    }
    return about | ({"MUSTER_CHECK": "1"} if name is StepName.CHECK else {})


@dataclass(frozen=True)
class ScriptedFix:
    """A fix without Python of its own; every parameter arrives as ``MUSTER_<NAME>``.

    Attributes:
        extra: further variables of every step, for a fix whose Python works them out.
        payloads: content by parameter, for a fix whose Python makes it; else a ``file`` parameter's file is read.
    """

    spec: FixSpec
    folder: Traversable
    values: Mapping[str, str]
    extra: Mapping[str, str] = field(default_factory=dict)
    payloads: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """One line for people."""
        return self.spec.title

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """The script of the family, with the parameters and the host's zone as its arguments.

        Raises:
            FixError: the file of a ``file`` parameter cannot be read any more.
        """
        steps = self.spec.families.get(family)
        spec = steps.step(name) if steps else None
        if spec is None:
            return None
        arguments = {f"MUSTER_{key.upper()}": value for key, value in self.values.items()}
        return Step(
            name,
            script_of(self.folder, spec),
            {**arguments, **self.extra, **self._about(name), "MUSTER_TIMEZONE": timezone},
            self._contents[spec.payload] if spec.payload else b"",
            timeout_s=spec.timeout_s,
            playbook=playbook_of(self.folder, spec),
        )

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        """What the probe itself says; a probe that says nothing is not believed to be right."""
        del timezone
        said = {fact.key: fact.value for fact in output.facts if fact.layer == LAYER}
        advice = tuple(fact.value for fact in output.facts if fact.layer == "advice")
        try:
            verdict = Verdict(said.get("verdict", ""))
        except ValueError:
            summary = "; ".join(output.errors) or "the probe gave no verdict"
            return Finding(Verdict.UNSUPPORTED, summary, output.facts, advice)
        return Finding(verdict, said.get("summary", verdict.value), output.facts, advice)

    def _about(self, name: StepName) -> dict[str, str]:
        return about_step(self.spec, self.values, name, b"\0".join(self._contents.values()))

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        """What every ``file`` parameter holds; read once, so that all hosts get the same."""
        named = {key: self.values[key] for key, spec in self.spec.parameters.items() if spec.type == "file"}
        read = {key: _read(self.spec.name, key, path) for key, path in named.items() if key not in self.payloads}
        return {**read, **self.payloads}


def _read(fix: str, parameter: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes() if path else b""
    except OSError as error:
        raise FixError(f"{fix}: parameters.{parameter}: {path}: {error.strerror}", hint="Give a file.") from None
