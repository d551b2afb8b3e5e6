"""Credentials from secret blocks of a real Prefect server."""

from pathlib import Path

import pytest

from flows.secret_blocks import SecretBlocks
from muster.errors import SecretError
from push.credentials import Credentials, Password
from push.redact import Redactor


@pytest.fixture
def credentials(prefect_api_url: str, tmp_path: Path) -> Credentials:
    from prefect.blocks.system import Secret

    assert prefect_api_url
    Secret.model_validate({"value": "00123"}).save("acme-root", overwrite=True)
    Secret.model_validate({"value": {"password": "s3cret-word", "user": "root"}}).save("acme-all", overwrite=True)
    credentials = Credentials(Redactor())
    credentials.register("prefect", SecretBlocks(tmp_path, idle_s=1))
    return credentials


def test_a_secret_block_is_a_password_exactly_as_it_was_written(credentials: Credentials) -> None:
    assert credentials.resolve("prefect:acme-root") == Password("00123")
    assert credentials.redactor.clean("it is 00123") == "it is [secret]"


def test_a_block_of_several_values_is_asked_for_one(credentials: Credentials) -> None:
    assert credentials.resolve("prefect:acme-all#password") == Password("s3cret-word")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("prefect:no-such-block", "no such secret block"),
        ("prefect:acme-all", "holds no text"),
        ("prefect:acme-all#pin", "holds nothing under pin"),
    ],
)
def test_what_is_not_there_is_named(credentials: Credentials, reference: str, words: str) -> None:
    with pytest.raises(SecretError, match=words) as caught:
        credentials.resolve(reference, wait=lambda: 0.2)
    assert caught.value.message.startswith(reference)
    assert "s3cret-word" not in caught.value.message
