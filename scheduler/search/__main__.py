"""``python -m scheduler.search``: compile the search for this machine, if that has not been done yet."""

from scheduler.search.compiled import FOLDER, is_warm
from scheduler.search.warm import warm_up


def main() -> None:
    """Compile, and say where the result is kept."""
    if not is_warm():
        print(f"compiling the search, two to four minutes, once; kept in {FOLDER}")  # noqa: T201 - a chore's word
        warm_up()


if __name__ == "__main__":
    main()
