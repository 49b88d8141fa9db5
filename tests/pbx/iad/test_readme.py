"""What pbx/iad/README.md says of the families is what the families say of themselves."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from pbx.iad import models

README = (Path(__file__).parents[3] / "pbx" / "iad" / "README.md").read_text(encoding="utf-8")
FAMILIES = models.family_names()


def family(name: str) -> ModuleType:
    found = models.FAMILIES[name]()
    assert isinstance(found, ModuleType)
    return found


def table(first: str) -> dict[str, list[str]]:
    """The rows of the table whose heading begins so, by their first cell."""
    lines = README[README.index(f"| {first} |") :].split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.replace("\\|", "\0").strip("|").split("|")] for line in lines]
    return {row[0]: [cell.replace("\0", "|") for cell in row[1:]] for row in rows}


def said_of(name: str, setting: str) -> str:
    found = family(name)
    if setting not in found.SETTINGS:
        return "–"
    if choices := found.SETTINGS[setting]:
        return ", ".join(choices)
    return f"any, usually `{found.TEXTS[setting]}`" if setting in found.TEXTS else "any, else left alone"


def test_every_setting_of_every_family_is_there() -> None:
    """The table of settings has each setting with each family's values, the one for China first."""
    rows = table(f"setting | {FAMILIES[0]}")
    names = {name for each in FAMILIES for name in family(each).SETTINGS}
    assert rows.keys() - {"setting", "---"} == names
    assert rows["setting"] == [*FAMILIES]
    for name in names:
        assert rows[name] == [said_of(each, name) for each in FAMILIES]


def test_every_setting_is_explained() -> None:
    """Each setting has a sentence."""
    explained = {name for row in table("setting | what it is") for name in row.split(", ")}
    assert explained >= {name for each in FAMILIES for name in family(each).SETTINGS}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_there(name: str) -> None:
    """The table of families has its models, its event and what its format lacks."""
    found = family(name)
    models_of = ", ".join(model.partition("-")[2] for model in found.MODELS)
    assert table("family | models, behind the vendor's name")[name] == [
        models_of,
        found.CHECK_SYNC or "none",
        ", ".join(sorted(found.LACKS)),
    ]


@pytest.mark.parametrize("heading", ["family | how", "family | not confirmed"])
def test_no_family_is_forgotten(heading: str) -> None:
    """Every family has its row of what becomes of faxes, and of what is not confirmed."""
    assert {*FAMILIES} <= table(heading).keys()
