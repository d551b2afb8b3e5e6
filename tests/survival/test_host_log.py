"""The laws themselves can fail."""

from tests.survival.host_log import Session, pushed_blindly


def push(host: str, begun_s: float, ended_s: float | None) -> Session:
    return Session(host, "apply", begun_s, ended_s, "done\tapply\n")


def probe(host: str, begun_s: float, ended_s: float, said: str = "done\tprobe\n") -> Session:
    return Session(host, "probe", begun_s, ended_s, said)


def test_two_pushes_with_an_answer_between_them_are_well() -> None:
    assert pushed_blindly([push("a", 1, 2), probe("a", 3, 4), push("a", 5, 6), push("b", 1, 9)]) == []


def test_two_pushes_without_an_answer_between_them_are_told() -> None:
    wrong = ["a was pushed twice without an answer in between"]
    assert pushed_blindly([push("a", 1, 2), push("a", 5, 6)]) == wrong
    assert pushed_blindly([push("a", 1, 2), probe("b", 3, 4), push("a", 5, 6)]) == wrong, "another host's answer"
    assert pushed_blindly([push("a", 1, 2), probe("a", 3, 4, ""), push("a", 5, 6)]) == wrong, "an answer cut off"
    assert pushed_blindly([push("a", 1, 2), probe("a", 1.5, 4), push("a", 5, 6)]) == wrong, "asked too early"
    assert pushed_blindly([push("a", 1, 2), probe("a", 3, 5.5), push("a", 5, 6)]) == wrong, "answered too late"


def test_two_pushes_at_once_are_told() -> None:
    assert pushed_blindly([push("a", 1, 5), push("a", 2, 3)]) == ["a was pushed while a push was at work"]
    assert pushed_blindly([push("a", 1, None), probe("a", 2, 3), push("a", 4, 5)])
