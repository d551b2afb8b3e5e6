"""Output is capped at its beginning and its end, and secrets are taken out of it."""

from hypothesis import given
from hypothesis import strategies as st

from push.output import Capture
from push.redact import REMOVED, Redactor


@given(st.lists(st.binary(max_size=300), max_size=30), st.integers(min_value=8, max_value=500))
def test_no_more_is_kept_than_allowed_and_all_that_fits(parts: list[bytes], limit: int) -> None:
    capture = Capture(limit)
    for part in parts:
        capture.add(part)
    whole = b"".join(parts)
    if len(whole) <= limit:
        assert capture.text() == whole.decode("utf-8", "replace")
        assert capture.dropped_bytes == 0
    else:
        assert capture.dropped_bytes == len(whole) - limit


def test_beginning_and_end_are_kept() -> None:
    capture = Capture(1000)
    for part in (b"first\n", b"x" * 5000, b"\nlast\n"):
        capture.add(part)
    text = capture.text()
    assert text.startswith("first\n")
    assert text.endswith("\nlast\n")
    assert f"[... {5012 - 1000} bytes left out ...]" in text


def test_a_redactor_removes_every_secret_it_knows_and_each_line_of_a_key() -> None:
    redactor = Redactor()
    redactor.add("hunter2")
    redactor.add("hunter2-longer")
    redactor.add("-----BEGIN KEY-----\nAAAABBBB\nCCCCDDDD\n-----END KEY-----\n")
    text = "pw hunter2, hunter2-longer and CCCCDDDD but -----END KEY-----"
    assert redactor.clean(text) == f"pw {REMOVED}, {REMOVED} and {REMOVED} but -----END KEY-----"
    assert "hunter2" not in repr(redactor)


def test_a_redactor_leaves_very_short_secrets_alone() -> None:
    redactor = Redactor()
    redactor.add("abc")
    assert redactor.clean("abc abcd") == "abc abcd"
