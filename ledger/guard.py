"""What stands between words that came from hosts and the ledger: the redactor, and what a database can hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from math import isfinite

from muster.outcomes import Evidence, Finding, HostOutcome
from muster.records import ProbeRecord
from muster.steps import Fact

Redact = Callable[[str], str]


def leave(text: str) -> str:
    """The redactor that changes nothing."""
    return text


def _storable(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Guard:
    """Cleans every text that a host or a person had a hand in.

    ``redact`` takes secrets out. Then NUL and lone surrogates, which PostgreSQL does not hold, become U+FFFD.
    A guard serves one transaction and cleans equal texts once; hundreds of hosts say the same. It must not live
    longer, because a redactor learns new secrets.
    """

    redact: Redact = leave
    seen: dict[str, str] = field(default_factory=dict, repr=False)
    clean: set[str] = field(default_factory=set, repr=False)

    def text(self, text: str) -> str:
        """One text, fit to be kept."""
        clean = self.seen.get(text)
        if clean is None:
            clean = self.seen[text] = _storable(self.redact(text))
        return clean

    def texts(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Several texts."""
        return tuple(self.text(text) for text in texts)

    def finding(self, finding: Finding | None) -> Finding | None:
        """A finding with clean words."""
        if finding is None or self._is_clean(finding):
            return finding
        facts = tuple(Fact(self.text(fact.layer), self.text(fact.key), self.text(fact.value)) for fact in finding.facts)
        return replace(finding, summary=self.text(finding.summary), facts=facts, advice=self.texts(finding.advice))

    def _is_clean(self, finding: Finding) -> bool:
        words = {finding.summary, *finding.advice}
        for fact in finding.facts:
            words.update((fact.layer, fact.key, fact.value))
        new = words - self.clean
        self.clean.update(word for word in new if self.text(word) == word)
        return words <= self.clean

    def outcome(self, outcome: HostOutcome) -> HostOutcome:
        """An outcome with clean words."""
        evidence = Evidence(
            before=self.finding(outcome.evidence.before),
            after=self.finding(outcome.evidence.after),
            changes=self.texts(outcome.evidence.changes),
        )
        return replace(outcome, cause=self.text(outcome.cause), hint=self.text(outcome.hint), evidence=evidence)

    def probe(self, record: ProbeRecord) -> ProbeRecord:
        """A probe's record with clean words."""
        return replace(
            record,
            cause=self.text(record.cause),
            hint=self.text(record.hint),
            finding=self.finding(record.finding),
        )

    def mapping(self, mapping: Mapping[str, object]) -> dict[str, object]:
        """A mapping, its keys cleaned too."""
        return {self.text(str(key)): self.plain(value) for key, value in mapping.items()}

    def plain(self, value: object) -> object:
        """Anything as values that JSON knows, every text clean; what JSON does not know becomes its text."""
        plain: object
        match value:
            case Enum():
                plain = self.plain(value.value)
            case None | bool() | int():
                plain = value
            case float():
                plain = value if isfinite(value) else str(value)
            case datetime():
                plain = value.isoformat()
            case Mapping():
                plain = self.mapping(value)
            case list() | tuple():
                plain = [self.plain(item) for item in value]
            case set() | frozenset():
                plain = sorted((self.plain(item) for item in value), key=str)
            case _:
                plain = self.text(str(value))
        return plain
