"""Sealed messages: what one side seals the other opens, and nothing else is believed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import spnego
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spnego._ntlm_raw.crypto import ntowfv1

from push.winrm_logons import CREDSSP_KIND, SPNEGO_KIND
from push.winrm_sealing import CREDSSP_PIECE_BYTES, BadSeal, Cipher, seal, unseal

Pair = tuple[Cipher, Cipher]


@pytest.fixture(params=["ntlm", "credssp"])
def kind_and_pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Pair]]:
    """Both ends of a logon."""
    before = os.environ.get("NTLM_USER_FILE")
    (tmp_path / "users").write_text(f"ann:0:{'0' * 32}:{ntowfv1('word').hex()}::\n")
    os.environ["NTLM_USER_FILE"] = str(tmp_path / "users")
    client = spnego.client("ann", "word", protocol=request.param, hostname="till", service="HTTP")
    server = spnego.server(protocol=request.param)
    said = client.step()
    while not server.complete:
        heard = server.step(said)
        said = client.step(heard) if heard else said
    yield (CREDSSP_KIND if request.param == "credssp" else SPNEGO_KIND), (client, server)
    if before is None:
        del os.environ["NTLM_USER_FILE"]
    else:
        os.environ["NTLM_USER_FILE"] = before


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.one_of(st.binary(min_size=1, max_size=200), st.integers(1, 60_000).map(bytes)))
def test_what_one_side_seals_the_other_opens(kind_and_pair: tuple[str, Pair], message: bytes) -> None:
    kind, (client, server) = kind_and_pair
    content_type, body = seal(client, kind, message)
    assert kind in content_type
    assert content_type.startswith("multipart/x-multi" if body.count(b"OriginalContent") > 1 else "multipart/encrypted")
    assert unseal(server, content_type, body) == message


def test_credssp_messages_travel_in_pieces_that_tls_takes(kind_and_pair: tuple[str, Pair]) -> None:
    kind, (client, _) = kind_and_pair
    _, body = seal(client, kind, bytes(CREDSSP_PIECE_BYTES * 2 + 1))
    assert body.count(b"OriginalContent") == (3 if kind == CREDSSP_KIND else 1)


@pytest.mark.parametrize("place", [0, -1])
def test_a_changed_byte_is_seen(kind_and_pair: tuple[str, Pair], place: int) -> None:
    kind, (client, server) = kind_and_pair
    content_type, body = seal(client, kind, b"<s:Envelope/>" * 10)
    head, mark, rest = body.partition(b"octet-stream\r\n")
    tail = rest.removesuffix(b"--Encrypted Boundary--\r\n")
    changed = bytearray(tail)
    changed[4 + 6 if place == 0 else place] ^= 1
    with pytest.raises(BadSeal):
        unseal(server, content_type, head + mark + bytes(changed) + b"--Encrypted Boundary--\r\n")


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("application/soap+xml", b"<s:Envelope/>", "not encrypted"),
        ("multipart/encrypted", b"", "without its parts"),
        ("multipart/encrypted", b"--Encrypted Boundary\r\nhead", "without its parts"),
        ("multipart/encrypted", b"--Encrypted Boundary\r\nhead--Encrypted Boundary\r\nabcd", "without its length"),
        ("multipart/encrypted", b"--Encrypted Boundary\r\nLength=3--Encrypted Boundary\r\nab", "without its length"),
    ],
)
def test_what_is_not_sealed_is_not_believed(content_type: str, body: bytes, said: str) -> None:
    context = spnego.client("ann", "word", protocol="ntlm")
    with pytest.raises(BadSeal, match=said):
        unseal(context, content_type, body)


def test_an_answer_shorter_than_it_says_is_not_believed(kind_and_pair: tuple[str, Pair]) -> None:
    kind, (client, server) = kind_and_pair
    content_type, body = seal(client, kind, b"twelve bytes")
    with pytest.raises(BadSeal, match="not as long as it says"):
        unseal(server, content_type, body.replace(b"Length=12", b"Length=13"))
