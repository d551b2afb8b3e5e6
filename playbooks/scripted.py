"""The general fix: scripts only, no Python. Its probe says itself whether the host is right.

The probe answers with the facts ``fix <TAB> verdict <TAB> right|stale|unsupported`` and ``fix <TAB> summary <TAB>`` one
sentence; each fact of layer ``advice`` is handed on as advice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from muster.fleet import OsFamily
from muster.outcomes import Finding, Verdict
from muster.steps import Step, StepName, StepOutput
from playbooks.contract import FixSpec, StepSpec

LAYER = "fix"


def script_of(folder: Traversable, spec: StepSpec) -> str:
    """The files of a step's script, joined."""
    return "\n".join(folder.joinpath(*file.split("/")).read_text(encoding="utf-8") for file in spec.scripts)


def playbook_of(folder: Traversable, spec: StepSpec) -> str:
    """The path of the step's playbook inside ``playbooks/``; empty where there is none."""
    return f"{folder.name}/{spec.playbook}" if spec.playbook else ""


@dataclass(frozen=True)
class ScriptedFix:
    """A fix without Python of its own; every parameter arrives as ``MUSTER_<NAME>``."""

    spec: FixSpec
    folder: Traversable
    values: Mapping[str, str]

    @property
    def title(self) -> str:
        """One line for people."""
        return self.spec.title

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """The script of the family, with the parameters and the host's zone as its arguments."""
        steps = self.spec.families.get(family)
        spec = steps.step(name) if steps else None
        if spec is None:
            return None
        arguments = {f"MUSTER_{key.upper()}": value for key, value in self.values.items()}
        return Step(
            name,
            script_of(self.folder, spec),
            {**arguments, "MUSTER_TIMEZONE": timezone},
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
