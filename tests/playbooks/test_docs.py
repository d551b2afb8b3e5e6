"""docs/fixes.md names every key of fix.yml and every parameter."""

from pathlib import Path

import pytest

from playbooks.catalog import fix_spec, fixes
from playbooks.contract import FamilySpec, FixSpec, ParameterSpec, StepSpec

TEXT = (Path(__file__).parents[2] / "docs/fixes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", [FixSpec, FamilySpec, StepSpec, ParameterSpec])
def test_every_key_is_documented(model: type[FixSpec | FamilySpec | StepSpec | ParameterSpec]) -> None:
    assert [key for key in model.model_fields if f"`{key}`" not in TEXT] == []


@pytest.mark.parametrize("name", fixes())
def test_every_parameter_is_documented_with_its_default(name: str) -> None:
    (section,) = [part for part in TEXT.split("\n## ") if part.startswith(f"{name}: ")]
    for key, parameter in fix_spec(name).parameters.items():
        (row,) = [line for line in section.splitlines() if line.startswith(f"| `{key}` |")]
        assert not parameter.default or f"`{parameter.default}`" in row
