"""The family of a model is the user's template where seatline.toml names one, else ours."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pbx.errors import Malformed
from provisioning.flows.errors import FlowError
from provisioning.settings import load
from provisioning.wiring_iads import iad_families

EXAMPLE = Path(__file__).parents[1] / "pbx" / "iad" / "templates" / "dinstar-example"


def family_of(folder: Path, model: str, toml: str) -> object:
    (folder / "seatline.toml").write_text(toml, encoding="utf-8")
    return iad_families(load(folder / "seatline.toml", {}))(model)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a template, a manual, and what an editor and a version control leave lying about."""
    shutil.copytree(EXAMPLE, tmp_path / "mine")
    (tmp_path / "mine" / "manual.pdf").write_bytes(b"\xff\x00")
    (tmp_path / "mine" / ".device.tmpl.swp").write_bytes(b"x")
    (tmp_path / "mine" / "old").mkdir()
    return tmp_path


def test_a_template_goes_before_our_own_family(folder: Path) -> None:
    """A model that seatline.toml names is of the user's template, any other of our family."""
    found = family_of(folder, "dinstar-example", '[iad_templates]\n"dinstar-example" = "mine"\n')
    assert getattr(found, "MODELS") == {"dinstar-example": 4}  # noqa: B009
    ours = family_of(folder, "grandstream-gxw4224", '[iad_templates]\n"dinstar-example" = "mine"\n')
    assert "grandstream-gxw4224" in getattr(ours, "MODELS")  # noqa: B009


def test_a_model_without_either_is_malformed(folder: Path) -> None:
    """A model whose maker publishes nothing has no family, and the message says what it gets instead."""
    with pytest.raises(Malformed, match="a worksheet, or a template of yours"):
        family_of(folder, "dinstar-example", "")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('"dinstar-example" = "nowhere"', "nowhere: the template of dinstar-example cannot be read"),
        ('"dinstar-example" = "mine/device.tmpl"', "cannot be read: Not a directory"),
        ('"dinstar-example" = "mine/old"', r"mine/old/variables.toml: not in the folder"),
        ('"dinstar-other" = "mine"', "the template is for dinstar-example, not for dinstar-other"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(folder: Path, toml: str, said: str) -> None:
    """A template that is missing, broken or another model's is named with its folder."""
    model = toml.split('"')[1]
    with pytest.raises(FlowError, match=said):
        family_of(folder, model, f"[iad_templates]\n{toml}\n")


def test_a_sample_that_does_not_come_out_stops_everything(folder: Path) -> None:
    """A template that was changed and whose sample was not is refused, naming file and line."""
    port = folder / "mine" / "port.tmpl"
    port.write_text(port.read_text(encoding="gbk").replace("enable = 1", "enable=1"), encoding="gbk")
    with pytest.raises(FlowError, match=r"mine/sample.expected:18:7: .* port.tmpl:2"):
        family_of(folder, "dinstar-example", '[iad_templates]\n"dinstar-example" = "mine"\n')
