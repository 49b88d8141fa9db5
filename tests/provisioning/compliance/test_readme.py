"""The rules as the README of the room tells them."""

from __future__ import annotations

import re
from pathlib import Path

from provisioning.compliance import counts, rights

README = Path(__file__).parents[3] / "provisioning" / "compliance" / "README.md"


def test_every_rule_stands_in_the_readme() -> None:
    """The table has each rule with its Chinese term, in the order of the code, and nobody last."""
    rows = re.findall(r"(?m)^\| ([a-z][a-z-]*) \| ([^ |]+) \|", README.read_text(encoding="utf-8"))
    rules = [(rule.name, rule.term) for rule in (*rights.RULES, *counts.RULES)]
    assert rows[1:] == [*rules, ("nobody", "无主话单")]


def test_no_two_rules_have_one_name() -> None:
    """A finding names its rule, whichever table it is from."""
    names = [rule.name for rule in (*rights.RULES, *counts.RULES)]
    assert len(set(names)) == len(names)
