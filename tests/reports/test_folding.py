"""Names fold into few words and unfold into what they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.errors import InputError
from reports.folding import fold, natural, unfold

names = st.text(st.sampled_from("ab.-0123456789"), min_size=1, max_size=8) | st.text(min_size=1)


@given(st.lists(names, max_size=30))
def test_every_list_of_names_unfolds_to_itself(listed: list[str]) -> None:
    assert unfold(fold(listed)) == sorted(set(listed), key=natural)


@given(st.sets(st.integers(0, 300)), st.integers(1, 4), st.sampled_from(["", ".example.com"]))
def test_numbered_names_unfold_to_themselves(numbers: set[int], width: int, suffix: str) -> None:
    listed = [f"web{str(number).zfill(width)}{suffix}" for number in numbers]
    assert set(unfold(fold(listed))) == set(listed)


@pytest.mark.parametrize(
    ("listed", "folded"),
    [
        ([f"web{n:02d}" for n in (*range(1, 21), 22)], "web[01-20,22]"),
        (["web9", "web10", "web11"], "web[9-11]"),
        (["web01.acme.example", "web02.acme.example"], "web[01-02].acme.example"),
        (["rack1-node3", "rack1-node4", "rack2-node3"], "rack1-node[3-4], rack2-node3"),
        (["db", "web1"], "db, web1"),
        (["10.0.0.1", "10.0.0.2"], "10.0.0.1, 10.0.0.2"),
        (["a,b", "web 1"], '"a,b", "web 1"'),
        (["web1", "web01", "web1"], "web[1,01]"),
        ([], ""),
    ],
)
def test_names_fold_as_clustershell_folds_them(listed: list[str], folded: str) -> None:
    assert fold(listed) == folded


def test_two_hundred_hosts_read_as_one_word() -> None:
    assert fold(f"host{n:03d}" for n in range(200)) == "host[000-199]"


@pytest.mark.parametrize("text", ["web[1-", "web[a]", "a b", ",,", "web[1-99999999]", '"open'])
def test_what_is_no_list_of_names_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError):
        unfold(text)
