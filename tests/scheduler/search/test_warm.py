"""Compiling the search once: who else wants it meanwhile waits, and then only loads it."""

import fcntl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scheduler.search import warm

ROOT = Path(__file__).parents[3]
HOLDER = "from scheduler.search import warm\nwith warm._one_at_a_time():\n    print('held', flush=True)\n    input()\n"

SEARCHER = """
import gc
from numba.core.dispatcher import Dispatcher
from benchmarks.instances import Recipe, make
from scheduler.search import first, is_warm, prove, search, warm_up
from scheduler.stop import MaxIterations
from scheduler.tour import Touring

def known():
    ours = (each for each in gc.get_objects() if isinstance(each, Dispatcher))
    return {(f"{each.py_func.__module__}.{each.__name__}", *each.signatures) for each in ours}

warm_up()
assert is_warm()
before = known()
assert any(len(types) > 1 for types in before)
touring = Touring(make(Recipe(60, 6, 2, team_share=0.1, order_share=0.2)))
found = search(touring, first(touring, 1), MaxIterations(1000), 1)
prove(touring, [found.solution()], seconds=0.5)
for new in known() - before:
    print(new[0])
"""
"""Prints the functions that were asked for more types than a warm-up has asked them for."""


def test_a_warm_process_has_nothing_more_to_compile() -> None:
    """Else the first large plan on a machine would wait: ``warm_up`` must reach every function and every type.

    In a process of its own, because what other tests have asked for counts for nothing.
    """
    run = subprocess.run([sys.executable, "-c", SEARCHER], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


def test_while_one_process_compiles_others_wait_and_go_on_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"from pathlib import Path\nimport scheduler.search.warm as w\nw.FOLDER = Path({str(tmp_path)!r})\n{HOLDER}"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (tmp_path / "compiling").open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder.kill()  # however it ends, the lock is free
        holder.wait()
    monkeypatch.setattr(warm, "FOLDER", tmp_path)
    began = time.monotonic()
    with warm._one_at_a_time():
        assert time.monotonic() - began < 60


def test_where_nothing_can_be_kept_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(warm, "FOLDER", tmp_path / "file" / "below")
    with warm._one_at_a_time():
        pass


def test_a_first_warm_up_holds_the_lock_and_notes_that_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[bool] = []
    monkeypatch.setattr(warm, "FOLDER", tmp_path)
    monkeypatch.setattr(warm, "is_warm", lambda: False)
    monkeypatch.setattr(warm, "_run_everything", lambda: None)

    def note() -> None:
        with (tmp_path / "compiling").open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        noted.append(True)

    monkeypatch.setattr(warm, "note_warm", note)
    warm.warm_up()
    assert noted == [True]
