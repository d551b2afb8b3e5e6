"""Reading a probe: from recorded answers of real systems, and from single facts, to a finding."""

from pathlib import Path

import pytest

from muster.outcomes import Finding, Verdict
from muster.ports import PreparedFix
from muster.steps import read_output
from tests.playbooks.tzdata.conftest import MakeFix
from tests.playbooks.tzdata.place import SUMMER, VANCOUVER, WINTER

RECORDED = Path(__file__).parent / "recorded"


def judged(fix: PreparedFix, *lines: str) -> Finding:
    return fix.judge(read_output("\n".join(lines)), timezone=VANCOUVER)


def offsets(layer: str, winter: str) -> tuple[str, str]:
    return f"fact\t{layer}\t{VANCOUVER} {WINTER}\t{winter}", f"fact\t{layer}\t{VANCOUVER} {SUMMER}\t-0700"


def test_a_real_debian_with_old_java_and_node(fix: PreparedFix) -> None:
    recorded = (RECORDED / "debian-12-jdk-17-node-20.txt").read_text()
    output = read_output(recorded)
    assert output.raw == ()
    finding = fix.judge(output, timezone=VANCOUVER)
    assert finding.verdict is Verdict.STALE
    assert finding.summary == "America/Vancouver at 2026-11-22 12:00Z: -08:00, should be -07:00 (system)"
    asked = "America/Vancouver at 2026-11-22 12:00Z is -08:00 there, should be -07:00"
    java = "update the JDK, or run the vendor's tzupdater, and start its programs again"
    assert finding.advice == (
        f"JVM 17.0.15 with 2025a (/usr/lib/jvm/java-17-openjdk-amd64): {asked}: {java}",
        f"JVM 25.0.3 with 2026a (/usr/lib/jvm/temurin-25-jdk-amd64): {asked}: {java}",
        f"node 20.20.2 with 2025c (/usr/bin/node): {asked}: update Node.js, or give it newer ICU data",
    )
    assert finding.facts == output.facts


def test_right_says_what_it_saw(fix: PreparedFix) -> None:
    finding = judged(fix, *offsets("system", "-0700"))
    assert finding.verdict is Verdict.RIGHT
    assert finding.summary == "America/Vancouver at 2026-11-22 12:00Z: -07:00, and 1 more, as it should be (system)"


def test_a_jvm_counts_where_the_campaign_says_so(make_fix: MakeFix) -> None:
    lines = (*offsets("system", "-0700"), *offsets("jvm /opt/jdk", "-0800"))
    assert judged(make_fix(), *lines).verdict is Verdict.RIGHT
    finding = judged(make_fix(layers="system jvm"), *lines)
    assert finding.verdict is Verdict.STALE
    assert "(jvm /opt/jdk)" in finding.summary


def test_a_jvm_that_gave_no_offsets_counts_by_its_release(make_fix: MakeFix) -> None:
    lines = (*offsets("system", "-0700"), "fact\tjvm /opt/jre\ttzdata\t2025a")
    assert "has the rules of 2025a, older than" in judged(make_fix(layers="system jvm"), *lines).summary
    newer = (*offsets("system", "-0700"), "fact\tjvm /opt/jre\ttzdata\t2030a")
    assert judged(make_fix(layers="system jvm"), *newer).advice == ()


@pytest.mark.parametrize("layer", ["python-tzdata /usr/bin/python3", "pytz /usr/bin/python3"])
def test_both_packages_of_python_are_the_layer_python(make_fix: MakeFix, layer: str) -> None:
    lines = (*offsets("system", "-0700"), *offsets(layer, "-0800"))
    assert judged(make_fix(layers="system python"), *lines).verdict is Verdict.STALE
    assert "update the package" in judged(make_fix(), *lines).advice[0]


def test_silence_about_the_system_is_not_right(fix: PreparedFix) -> None:
    assert judged(fix, "done\tprobe").verdict is Verdict.UNSUPPORTED
    assert judged(fix, "fact\tsystem\tversion\t2026e", "done\tprobe").verdict is Verdict.UNSUPPORTED


def test_an_error_of_the_probe_is_its_summary(fix: PreparedFix) -> None:
    finding = judged(fix, "error\tno zone data at /usr/share/zoneinfo", "done\tprobe")
    assert (finding.verdict, finding.summary) == (Verdict.UNSUPPORTED, "no zone data at /usr/share/zoneinfo")


def test_many_wrong_answers_are_one_sentence(make_fix: MakeFix) -> None:
    fix = make_fix(instants="2026-11-22T12:00:00Z 2026-12-22T12:00:00Z 2027-01-22T12:00:00Z")
    lines = [f"fact\tsystem\t{VANCOUVER} {at}T12:00:00Z\t-0800" for at in ("2026-11-22", "2026-12-22", "2027-01-22")]
    summary = judged(fix, *lines).summary
    assert summary.endswith("(system); and 2 more answers are wrong")


def test_a_summary_without_everything_asked_is_not_right(fix: PreparedFix) -> None:
    winter_only = offsets("system", "-0700")[0]
    finding = judged(fix, winter_only)
    assert finding.verdict is Verdict.UNSUPPORTED
    assert (
        finding.summary == "the probe did not say what America/Vancouver is at 2026-07-03 12:00Z in the system's data"
    )
