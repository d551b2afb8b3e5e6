import subprocess
import sys

import psutil

from muster.ids import RunnerId
from push.runners import dead_runners, this_runner


def test_this_process_is_alive() -> None:
    assert dead_runners([this_runner()]) == ()


def test_a_process_that_has_ended_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started = psutil.Process(process.pid).create_time()
        machine = this_runner().rsplit(":", 2)[0]
        runner = RunnerId(f"{machine}:{process.pid}:{started:.2f}")
        assert dead_runners([runner]) == ()
        process.kill()
    assert dead_runners([runner]) == (runner,)


def test_a_reused_process_id_is_another_runner() -> None:
    machine, pid, _ = this_runner().rsplit(":", 2)
    assert dead_runners([RunnerId(f"{machine}:{pid}:1.00")]) == (f"{machine}:{pid}:1.00",)


def test_nobody_can_say_that_a_process_of_another_machine_is_dead() -> None:
    assert dead_runners([RunnerId("elsewhere.example:1:1.00")]) == ()
