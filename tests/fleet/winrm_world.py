"""Everything a test of WinRM needs in one hand: hosts that listen, how they are entered, and a pusher for them."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import StepReport
from muster.ports import Order, Target
from muster.steps import Step, StepName
from push.credentials import Credentials
from push.lane import Dialer
from push.pool import Limits, PoolPusher
from push.winrm import WinRmTransport
from push.winrm_access import AccessBook, Logon, WinRmAccess
from push.winrm_passwords import PasswordGate
from tests.fleet.winrm_authority import Authority
from tests.fleet.winrm_endpoint import Faults, WinRmFleet, WinRmHost
from tests.fleet.winrm_shells import Engine
from tests.fleet.winrm_stub import StubEngine

USER = "Administrator"
PASSWORD = "Correct-Horse-7"
DONE = "echo done\tprobe"


@dataclass
class WinRmWorld:
    """Hosts by name; open it with ``with``."""

    folder: Path
    hosts: dict[str, WinRmHost] = field(default_factory=dict)
    access: dict[str, Mapping[str, object]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=lambda: {USER: PASSWORD})
    user: str = USER
    password: str = PASSWORD
    output_limit_bytes: int = 262_144
    logon: Logon = Logon.BASIC
    """Of hosts that the book does not name."""

    def __post_init__(self) -> None:
        self.authority = Authority(self.folder)
        self._certificate = self.authority.issue("127.0.0.1", "::1")
        self.gate = PasswordGate()

    def add(
        self,
        name: str,
        *,
        engine: Engine | None = None,
        logon: str = "basic",
        https: bool = True,
        faults: Faults | None = None,
        address: str = "127.0.0.1",
        max_shells: int = 30,
        max_operations: int = 1500,
        **access: object,
    ) -> WinRmHost:
        """A host more; what stands in ``access`` goes into its line of the book."""
        host = WinRmHost(
            engine or StubEngine(name.upper()),
            self.users,
            address=address,
            certificate=self._certificate if https else None,
            logon=logon,
            faults=faults or Faults(),
            max_shells=max_shells,
            max_operations=max_operations,
        )
        self.hosts[name] = host
        self.access[name] = {"logon": Logon(logon), "scheme": "https" if https else "http", **access}
        return host

    def __enter__(self) -> Self:
        self._fleet = WinRmFleet(*self.hosts.values()).__enter__()
        os.environ["MUSTER_TEST_WINRM_WORD"] = self.password
        return self

    @property
    def fleet(self) -> WinRmFleet:
        """The open fleet."""
        return self._fleet

    def __exit__(self, *_details: object) -> None:
        self._fleet.__exit__(None, None, None)

    def transport(self, credentials: Credentials | None = None, *, dialer: Dialer | None = None) -> WinRmTransport:
        """A transport that knows the hosts."""
        return WinRmTransport(
            credentials or Credentials(),
            AccessBook(WinRmAccess(logon=self.logon, ca=str(self.authority.ca)), hosts=self.access),
            output_limit_bytes=self.output_limit_bytes,
            gate=self.gate,
            dialer=dialer,
        )

    def target(self, name: str) -> Target:
        """A host as the pusher sees it."""
        host = self.hosts[name]
        credential = "env:MUSTER_TEST_WINRM_WORD"
        return Target(HostId(name), SiteId("site"), TransportName.WINRM, host.address, host.port, self.user, credential)

    def order(self, name: str, script: str = DONE, *, deadline_s: float = 20.0, **step: object) -> Order:
        """A step for a host; ``step`` is what else a :class:`Step` takes."""
        made = Step(StepName.PROBE, script, **step)  # type: ignore[arg-type]  # tests name fields of Step
        return Order(self.target(name), made, deadline_s)

    def push(self, *orders: Order, threads: int = 8, stop: threading.Event | None = None) -> dict[str, StepReport]:
        """Carry the orders out; reports by host."""
        pusher = PoolPusher(self.transport(), Limits(threads, connect_timeout_s=3.0))
        reports = pusher.execute(orders, stop=stop or threading.Event())
        return {str(report.host_id): report for report in reports}

    def one(self, name: str, script: str = DONE, *, deadline_s: float = 20.0, **step: object) -> StepReport:
        """One step at one host."""
        return self.push(self.order(name, script, deadline_s=deadline_s, **step))[name]
