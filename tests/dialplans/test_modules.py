"""What the hand-written dialplan uses, doctor looks for on a switch."""

from __future__ import annotations

import re
from pathlib import Path

from provisioning.flows.needed_modules import NEEDED, OF_APPLICATIONS, OF_FUNCTIONS

ROOT = Path(__file__).parents[2]
TEXT = "\n".join(
    line
    for file in sorted((ROOT / "dialplans").glob("*.conf"))
    for line in file.read_text(encoding="utf-8").splitlines()
    if not line.startswith(";")
)
OWN = {"Answer", "Goto", "GotoIf", "Hangup", "NoOp", "Progress", "Set", "Wait"}
"""Applications of Asterisk itself."""


def test_every_function_and_application_has_its_module():
    """Each function and application of dialplans/ stands in the table of the module that brings it."""
    functions = set(re.findall(r"(?:\$\{|Set\()([A-Z_]+)\(", TEXT))
    applications = set(re.findall(r"\b([A-Z]\w*[a-z]\w*)\(", TEXT))
    assert functions == set(OF_FUNCTIONS)
    assert applications - OWN == set(OF_APPLICATIONS)


def test_the_switch_in_docker_loads_what_is_needed():
    """Each module that doctor looks for stands in the modules.conf that goes with us."""
    loaded = re.findall(r"^load = (\w+)\.so$", (ROOT / "docker/pbx/etc/modules.conf").read_text(), re.M)
    assert set(NEEDED) <= set(loaded)
