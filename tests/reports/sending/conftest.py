"""One certificate for all tests of a session."""

from pathlib import Path

import pytest

from tests.reports.sending.servers import Certificate, make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Of localhost."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Of somebody else."""
    folder: Path = tmp_path_factory.mktemp("other")
    return make_certificate(folder, "mail.elsewhere.example")
