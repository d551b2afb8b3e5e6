"""Steps for the conformance suite in plain ``cmd``: for the stub, for Wine, and for a real Windows host."""

from collections.abc import Mapping

from muster.steps import Step, StepName

TAB = "\t"


class CmdSteps:
    """See ``tests/push/worlds.py``."""

    def say(self, arguments: Mapping[str, str]) -> Step:
        lines = [f"echo fact{TAB}argument{TAB}{name}{TAB}!{name}!" for name in arguments]
        return _step("\n".join(["setlocal EnableDelayedExpansion", *lines]), arguments)

    def digest(self, payload: bytes) -> Step:
        return _step(
            "for /f \"skip=1 delims=\" %%h in ('certutil -hashfile payload SHA256') "
            'do if not defined DIGEST set "DIGEST=%%h"\n'
            f"echo fact{TAB}payload{TAB}sha256{TAB}%DIGEST: =%",
            payload=payload,
        )

    def store(self, payload: bytes) -> Step:
        return _step(
            f'copy /b /y payload "%TEMP%\\muster-stored" >nul\nif errorlevel 1 echo error{TAB}the disk is full',
            payload=payload,
        )

    def exit_with(self, code: int) -> Step:
        return Step(StepName.APPLY, f"@echo off\necho done{TAB}apply\nexit /b {code}")

    def complain(self, cause: str) -> Step:
        return _step(f"echo error{TAB}{cause}")

    def stop_short(self, code: int) -> Step:
        return Step(StepName.APPLY, f"@echo off\necho note{TAB}short\nexit /b {code}")

    def sleep(self, seconds: int, *, timeout_s: float) -> Step:
        pings = seconds if seconds > 100 else seconds + 1
        return _step(f"echo note{TAB}asleep\nping -n {pings} 127.0.0.1 >nul", timeout_s=timeout_s)

    def flood(self, megabytes: int) -> Step:
        """A file that is doubled until it is as long as that, on both outputs."""
        return _step(
            f"for /l %%i in (1,1,{megabytes}) do type payload\nfor /l %%i in (1,1,{megabytes}) do type payload 1>&2",
            payload=b"".join(b"0123456789abcdef%04d\r\n" % (number % 10_000) for number in range(45_000)),
        )

    def not_utf8(self) -> Step:
        return _step("type payload", payload=b"caf\xe9 \xff\r\n")


class StubSteps(CmdSteps):
    """For the stub, which has a command for much output."""

    def flood(self, megabytes: int) -> Step:
        return _step(f"flood {megabytes}000000\necho.")


def _step(
    script: str, arguments: Mapping[str, str] | None = None, *, payload: bytes = b"", timeout_s: float = 60.0
) -> Step:
    return Step(
        StepName.APPLY,
        f"@echo off\n{script}\necho done{TAB}apply\nexit /b 0\n",
        arguments or {},
        payload,
        timeout_s,
    )
