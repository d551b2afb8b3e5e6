"""Reading a probe of zone rules: pure functions from facts to a finding."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from muster.outcomes import Finding, Verdict
from muster.steps import Fact, StepOutput

Question = tuple[str, str]
"""A zone and an instant as ``2026-11-22T12:00:00Z``."""

_OFFSET = re.compile(r"^[+-]\d{4}$")
_RELEASE = re.compile(r"^\d{4}[a-z]+$")
_PLAIN_UTC = re.compile(r"^(Etc/)?(UTC|UCT|GMT|GMT[+-]?0|Zulu|Universal|Greenwich)$")
_MEND = {
    "jvm": "update the JDK, or run the vendor's tzupdater, and start its programs again",
    "node": "update Node.js, or give it newer ICU data",
    "python": "update the package in the environment that uses it",
}


@dataclass(frozen=True)
class Expected:
    """What the source says.

    Attributes:
        offsets: the right offset, such as ``-0700``, for every zone and instant.
        canonical: every name with the same rules, mapped to the zone it is asked as.
        release: the tz release of the source; empty where unknown.
        layers: the kinds of layer that must be right.
    """

    offsets: Mapping[Question, str]
    canonical: Mapping[str, str]
    release: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class _Wrong:
    question: Question
    said: str
    layer: str


def kind_of(layer: str) -> str:
    """``jvm`` for ``jvm /usr/lib/jvm/java-17``; both kinds of Python package are ``python``."""
    kind = layer.split(" ", 1)[0]
    return "python" if kind in {"python-tzdata", "pytz"} else kind


def judge(output: StepOutput, expected: Expected, *, timezone: str) -> Finding:
    """The finding of one probe, for a host that stands in ``timezone``."""
    if why_not := "; ".join(output.errors) or _unanswered(output.facts, expected):
        return Finding(Verdict.UNSUPPORTED, why_not, output.facts)
    wrong = [item for fact in output.facts if (item := _wrong(fact, expected))]
    required = [item for item in wrong if kind_of(item.layer) in expected.layers]
    troubles = [*_offset_sentences(required, expected), *_other_troubles(output.facts, expected)]
    advice = (*_runtime_advice(output.facts, wrong, expected), *_place_advice(output.facts, expected, timezone))
    if troubles:
        return Finding(Verdict.STALE, "; ".join(troubles), output.facts, advice)
    return Finding(Verdict.RIGHT, _all_well(output.facts, expected), output.facts, advice)


def _question(fact: Fact, expected: Expected) -> Question | None:
    """What an offset fact answers, by the zone's own name; None for any other fact."""
    zone, _, instant = fact.key.rpartition(" ")
    question = (expected.canonical.get(zone, ""), instant)
    return question if question in expected.offsets else None


def _wrong(fact: Fact, expected: Expected) -> _Wrong | None:
    question = _question(fact, expected)
    if question is None or fact.value == expected.offsets[question]:
        return None
    return _Wrong(question, fact.value, fact.layer)


def _unanswered(facts: Iterable[Fact], expected: Expected) -> str:
    """What the probe should have said about the system's data and did not; what is not asked is never right."""
    answered = {_question(fact, expected) for fact in facts if fact.layer == "system"}
    for question in expected.offsets:
        if question not in answered:
            zone, instant = question
            return f"the probe did not say what {zone} is at {_shown_instant(instant)} in the system's data"
    return ""


def _offset_sentences(wrong: Iterable[_Wrong], expected: Expected) -> list[str]:
    """One sentence for each zone, instant and answer, with the layers that gave it."""
    layers: dict[tuple[Question, str], list[str]] = defaultdict(list)
    for item in wrong:
        layers[item.question, item.said].append(item.layer)
    sentences = [
        f"{_shown_question(question)}: {_shown(said)}, should be {_shown(expected.offsets[question])}"
        f" ({', '.join(names)})"
        for (question, said), names in layers.items()
    ]
    if len(sentences) > 2:
        return [sentences[0], f"and {len(sentences) - 1} more answers are wrong"]
    return sentences


def _other_troubles(facts: Iterable[Fact], expected: Expected) -> list[str]:
    """Processes with old rules, runtimes that could not be asked but are older than the source: where required."""
    facts = tuple(facts)
    troubles = []
    old = [fact.key for fact in facts if fact.layer == "processes" and fact.value == "old rules"]
    if old and "processes" in expected.layers:
        troubles.append(f"{', '.join(old)} still {'runs' if len(old) == 1 else 'run'} with the old rules")
    troubles.extend(
        f"{fact.layer} has the rules of {fact.value}, older than {expected.release}"
        for fact in _older_and_silent(facts, expected)
        if kind_of(fact.layer) in expected.layers
    )
    return troubles


def _older_and_silent(facts: Iterable[Fact], expected: Expected) -> list[Fact]:
    """The ``tzdata`` facts of runtimes that gave no offsets and carry an older release than the source."""
    facts = tuple(facts)
    spoke = {fact.layer for fact in facts if _OFFSET.match(fact.value)}
    return [
        fact
        for fact in facts
        if fact.key == "tzdata"
        and fact.layer not in spoke
        and _RELEASE.match(fact.value)
        and expected.release
        and fact.value < expected.release
    ]


def _runtime_advice(facts: Iterable[Fact], wrong: Iterable[_Wrong], expected: Expected) -> list[str]:
    """What somebody else must mend: the runtimes with zone data of their own."""
    facts = tuple(facts)
    told: dict[str, str] = {}
    for item in wrong:
        if (kind := kind_of(item.layer)) in _MEND:
            told.setdefault(
                item.layer,
                f"{_described(item.layer, facts)}: {_shown_question(item.question)} is {_shown(item.said)} there, "
                f"should be {_shown(expected.offsets[item.question])}: {_MEND[kind]}",
            )
    for fact in _older_and_silent(facts, expected):
        if (kind := kind_of(fact.layer)) in _MEND:
            told[fact.layer] = (
                f"{_described(fact.layer, facts)} could not be asked, and is older than {expected.release}: "
                f"{_MEND[kind]}"
            )
    return list(told.values())


def _described(layer: str, facts: Iterable[Fact]) -> str:
    said = {fact.key: fact.value for fact in facts if fact.layer == layer}
    version = f" {said['version']}" if "version" in said else ""
    rules = f" with {said['tzdata']}" if "tzdata" in said else ""
    kind, _, path = layer.partition(" ")
    return f"{kind.upper() if kind == 'jvm' else kind}{version}{rules} ({path})"


def _place_advice(facts: Iterable[Fact], expected: Expected, timezone: str) -> list[str]:
    """A host in Vancouver that is set to Los Angeles is right by its name and wrong by its place."""
    facts = tuple(facts)
    zone = next((fact.value for fact in facts if (fact.layer, fact.key) == ("localtime", "zone")), "")
    if timezone not in expected.canonical or zone in expected.canonical or not zone or _PLAIN_UTC.match(zone):
        return []
    home = expected.canonical[timezone]
    for fact in facts:
        place, _, instant = fact.key.rpartition(" ")
        right = expected.offsets.get((home, instant))
        if fact.layer == "localtime" and place == zone and right not in {None, fact.value}:
            words = (
                f"the host is set to {zone}, but stands in {timezone}: at {_shown_instant(instant)} its clock would "
                f"show {_shown(fact.value)} instead of {_shown(str(right))}; set its zone"
            )
            return [words]
    return []


def _all_well(facts: Iterable[Fact], expected: Expected) -> str:
    facts = tuple(facts)
    question, right = next(iter(expected.offsets.items()))
    layers = dict.fromkeys(
        fact.layer for fact in facts if kind_of(fact.layer) in expected.layers and _question(fact, expected) is not None
    )
    others = f", and {len(expected.offsets) - 1} more" if len(expected.offsets) > 1 else ""
    return f"{_shown_question(question)}: {_shown(right)}{others}, as it should be ({', '.join(layers)})"


def _shown_question(question: Question) -> str:
    return f"{question[0]} at {_shown_instant(question[1])}"


def _shown_instant(instant: str) -> str:
    """``2026-11-22 12:00Z`` for ``2026-11-22T12:00:00Z``."""
    return instant.replace("T", " ").replace(":00Z", "Z")


def _shown(offset: str) -> str:
    """``-07:00`` for ``-0700``; any other answer in words."""
    if _OFFSET.match(offset):
        return f"{offset[:3]}:{offset[3:]}"
    return "no zone file" if offset == "missing" else f"{offset!r}"
