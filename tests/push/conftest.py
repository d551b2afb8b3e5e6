"""The suites that are inherited explain their failures like any test."""

import pytest

from tests.fleet.faults import Fault

pytest.register_assert_rewrite("tests.push.conformance")

SLOW_BY_ANSIBLE = frozenset(
    {
        "test_every_order_is_reported_once_and_orders_are_taken_as_they_are_needed",
        "test_no_more_hosts_of_a_site_at_one_time_than_its_cap",
        "test_broken_neighbours_cost_the_healthy_ones_nothing",
        "test_much_output_is_capped_and_its_end_is_kept",
        "test_closing_the_iterator_ends_every_thread",
        "test_no_socket_is_left_open",
    }
)
"""Cases that take Ansible half a minute each: they wait for ``make test-slow``."""
FAULTS_BY_ANSIBLE = frozenset({"tarpit", "changed key"})
"""The ways to be broken that Ansible is shown each time; all of them by ``make test-slow``."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every case holds for Ansible, too; the long ones are tried by hand."""
    for item in items:
        if isinstance(item, pytest.Function) and item.cls is not None and item.cls.__name__ == "TestAnsible":
            fault = item.callspec.params.get("fault") if hasattr(item, "callspec") else None
            rare = isinstance(fault, Fault) and fault.value not in FAULTS_BY_ANSIBLE
            if item.originalname in SLOW_BY_ANSIBLE or rare:
                item.add_marker(pytest.mark.slow)
