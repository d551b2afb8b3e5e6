"""Setting pages and letters from Jinja2 templates; a company may lay its own beside them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from muster.errors import InputError
from muster.words import count

if TYPE_CHECKING:  # only who sets a page needs it
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


def environment(folders: tuple[Path, ...] = ()) -> "jinja2.Environment":
    """Templates of these folders first, then Muster's own.

    They can change nothing, and a name that is not there is an error rather than an empty place in a client's letter.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([*folders, TEMPLATES]),
        autoescape=lambda name: name is None or ".html" in name,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["plural"] = count
    return made


def render(name: str, values: Mapping[str, object], folders: tuple[Path, ...] = ()) -> str:
    """One page.

    Raises:
        InputError: a company's own template is wrong; the message says where.
    """
    import jinja2

    try:
        return _environment(folders).get_template(name).render(**values)
    except jinja2.TemplateSyntaxError as error:
        where = f"{error.filename or error.name}, line {error.lineno}"
        raise InputError(f"template {where}: {error.message}") from None
    except (jinja2.TemplateError, TypeError, AttributeError) as error:
        if not folders:
            raise
        raise InputError(f"template {name}: {error}", hint="docs/reports.md lists what a template may use") from None


@cache
def _environment(folders: tuple[Path, ...]) -> "jinja2.Environment":
    return environment(folders)
