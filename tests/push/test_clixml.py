"""PowerShell's CLIXML in plain words. The samples have the form that Windows PowerShell 5.1 writes; they are ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.clixml import plain

HEAD = '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
PROGRESS = (
    '<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T></TN><MS>'
    '<I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules for first use.</AV></PR></MS></Obj>'
)


def block(*errors: str) -> str:
    return HEAD + PROGRESS + "".join(f'<S S="Error">{error}</S>' for error in errors) + "</Objs>"


def test_an_error_is_read_as_a_person_would_have_seen_it() -> None:
    said = plain(block("Get-Thing : no such thing_x000D__x000A_", "At line:1 char:1_x000D__x000A_", " _x000D__x000A_"))
    assert said == "Get-Thing : no such thing\nAt line:1 char:1\n"


def test_progress_alone_says_nothing() -> None:
    assert plain(block()) == ""


def test_entities_and_escapes_are_undone() -> None:
    assert plain(block("a &lt;b&gt; &amp; snake_x005F_case")) == "a <b> & snake_case\n"


def test_colours_are_left_out() -> None:
    assert plain(block("_x001B_[31;1mred_x001B_[0m")) == "red\n"


def test_words_before_and_after_are_kept() -> None:
    assert plain("before\r\n" + block("wrong") + "\r\nafter") == "before\r\nwrong\nafter"


@pytest.mark.parametrize(
    "broken", [block("cut off")[:-20], HEAD + '<!DOCTYPE x [<!ENTITY a "b">]></Objs>', "#< CLIXML"]
)
def test_what_cannot_be_read_is_kept_as_it_came(broken: str) -> None:
    assert plain(broken) == broken


@given(st.text())
def test_other_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text or "#< CLIXML" in text
