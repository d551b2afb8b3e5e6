"""What stands in the navigation: each area names its own entries."""

from dataclasses import dataclass

from portal.access import Role


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry; it is shown to these roles, in the order of ``place``. ``path`` is also what marks it as current."""

    label: str
    path: str
    roles: frozenset[Role]
    place: int = 50


def nav_of(items: tuple[NavItem, ...], role: Role) -> tuple[NavItem, ...]:
    """The entries of a role."""
    return tuple(sorted((one for one in items if role in one.roles), key=lambda one: one.place))


def is_current(item: NavItem, path: str) -> bool:
    """Whether a page belongs to an entry."""
    return path == item.path or path.startswith(f"{item.path}/")
