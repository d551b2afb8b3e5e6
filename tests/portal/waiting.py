"""Waiting for what the portal does beside its readers: by looking, with a long limit, never by the clock alone."""

import time

import httpx

LIMIT_S = 120.0
STEP_S = 0.1


def found_by(client: httpx.Client, asked: httpx.Response) -> str:
    """Where a search leads that was just asked for (``asked``: the answer to the form); waits until it has ended."""
    assert asked.status_code == 303, asked.text
    address = asked.headers["location"]
    give_up = time.monotonic() + LIMIT_S
    while not client.get(f"{address}/progress").json()["ended"]:
        assert time.monotonic() < give_up, f"{address} has not ended"
        time.sleep(STEP_S)
    page = client.get(address)
    assert page.status_code == 303, page.text
    return page.headers["location"]
