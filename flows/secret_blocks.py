"""Credentials from Prefect's secret blocks: ``prefect:BLOCK``, or ``prefect:BLOCK#KEY`` where it holds several.

``push`` knows nothing of Prefect: whoever wires Muster together registers ``SecretBlocks`` as a source of secrets. A
block is asked for in a thread of its own, because Prefect's calls mean something else inside a flow's own thread.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flows.engine import prefect_api
from muster.errors import SecretError
from push.credentials import Login, login_of

HOW = "make it: in Prefect's page Blocks, a block of the type Secret with this name"


class SecretBlocks:
    """Resolves what follows ``prefect:``.

    Args:
        prefect_home: home of Muster's own server, for when none is configured.
        idle_s: how long that server stays afterwards.
    """

    def __init__(self, prefect_home: Path, *, idle_s: float) -> None:
        self._home = prefect_home
        self._idle_s = idle_s

    def __call__(self, rest: str) -> Login:
        """The block's value as it was written.

        Raises:
            SecretError: there is no such block or key; the message names the reference.
            EngineError: Prefect cannot be reached.
        """
        name, _, key = rest.partition("#")
        with ThreadPoolExecutor(1, thread_name_prefix="muster-block") as own_thread:
            value = own_thread.submit(self._load, name).result()
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif key:
            raise SecretError(f"prefect:{rest}: the block holds nothing under {key}", hint="see it in Prefect's page")
        if not isinstance(value, str | int | float):
            raise SecretError(
                f"prefect:{rest}: the block holds no text", hint="name one of its keys: prefect:BLOCK#KEY"
            )
        return login_of(str(value), f"prefect:{rest}")

    def _load(self, name: str) -> object:
        with prefect_api(self._home, idle_s=self._idle_s):
            from prefect.blocks.system import Secret

            try:
                block = Secret.load(name)
            except ValueError:
                raise SecretError(f"prefect:{name}: Prefect has no such secret block", hint=HOW) from None
            # not ``get()``: it reads texts as JSON, and the password 0123 or 1e5 would come out as a number
            return block.value.get_secret_value()  # type: ignore[union-attr]
