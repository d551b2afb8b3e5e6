"""Prefect's settings, put in the environment before Prefect is imported."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

QUIET_AND_QUICK: Mapping[str, str] = {
    # no word leaves this machine
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # what people read is Muster's own output: an error is told once, as a sentence, by the command line
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_CLI_PROMPT": "false",
    # a server that has gone is given up after 2 + 4 + 8 + 16 s; whatever was pushed is in the ledger
    "PREFECT_CLIENT_MAX_RETRIES": "4",
    # what a server says whose database is being started anew
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500,502,504",
    # measured: fewer, larger writes on the server
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
}

PATIENT: Mapping[str, str] = {
    # nobody waits at a worker: a server that is started anew, or whose database is, is outlasted (2 + 4 + ... + 128 s)
    "PREFECT_CLIENT_MAX_RETRIES": "7",
}
"""For workers, on top of the others."""


def prepare_environment(prefect_home: Path) -> None:
    """Set what is not set yet; the user's own ``PREFECT_`` variables win."""
    os.environ.setdefault("PREFECT_HOME", str(prefect_home))
    for name, value in QUIET_AND_QUICK.items():
        os.environ.setdefault(name, value)


def tell_prefect() -> None:
    """Have Prefect read its environment again, where it was imported before that was complete."""
    if "prefect" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()
