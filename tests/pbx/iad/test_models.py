"""Which models there are, and whose they are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pbx.errors import Malformed
from pbx.iad import models


def test_the_table_is_what_the_families_say() -> None:
    """The table of models is what the families' own tables say together."""
    assert {
        model: (name, ports)
        for name in models.family_names()
        for model, ports in models.FAMILIES[name]().MODELS.items()
    } == models.MODELS


def test_every_family_has_a_way_of_being_imported() -> None:
    """The families that models name are those that can be imported."""
    assert tuple(models.FAMILIES) == models.family_names()


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("grandstream-gxw4428", "grandstream-gxw4248"),
        ("gxw4248", "grandstream-gxw4248"),
        ("Grandstream-HT802", "grandstream-ht802"),
        ("mp118", "audiocodes-mp118"),
    ],
)
def test_an_unknown_model_is_told_its_nearest(written: str, nearest: str) -> None:
    """The message about an unknown model names the model that was perhaps meant."""
    for asked in (models.family_of, models.ports_of):
        with pytest.raises(Malformed, match=nearest):
            asked(written)


@pytest.mark.parametrize("written", ["", "x", "huawei", "huawei-", "huawei-../etc", "mitel-24"])
def test_what_is_near_nothing_is_told_all(written: str) -> None:
    """The message about a model near none names the vendors of worksheets too."""
    with pytest.raises(Malformed, match="zte-"):
        models.ports_of(written)


@pytest.mark.parametrize(
    ("model", "vendor"),
    [
        ("huawei-iad1224", "Huawei"),
        ("zte-i508", "ZTE"),
        ("dinstar-dag2000-16s", "Dinstar"),
        ("newrock-mx8g", "New Rock"),
        ("maipu-vg3000", "Maipu"),
    ],
)
def test_some_vendors_get_a_worksheet(model: str, vendor: str) -> None:
    """A model of a vendor without a public format has any number of ports and no family."""
    assert models.worksheet_vendor(model) == vendor
    assert models.ports_of(model) is None
    with pytest.raises(Malformed, match="worksheet"):
        models.family_of(model)


def test_a_model_with_a_file_gets_no_worksheet() -> None:
    """A model of ours is no worksheet's, and has the ports its data sheet says."""
    assert models.worksheet_vendor("grandstream-gxw4248") is None
    assert [models.ports_of(f"grandstream-gxw42{ports}") for ports in (16, 24, 32, 48)] == [16, 24, 32, 48]


def test_to_ask_for_ports_loads_no_family() -> None:
    """Models are looked up without lxml or any family being imported."""
    asked = "import sys; from pbx.iad import models; models.ports_of('tr104-8'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert "lxml" not in loaded
    assert "pbx.iad.tr104" not in loaded
