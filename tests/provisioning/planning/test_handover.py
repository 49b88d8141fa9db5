"""Sites that hand telephones to one another are found, and change together."""

from __future__ import annotations

import pytest

from pbx.config import Config
from pbx.section import CONTEXT, Section
from provisioning.planning.handover import Both, givers_first, groups


def site(held: str, wanted: str) -> Both:
    """A site that has and wants AORs of one letter each."""
    return Both(_config(held), _config(wanted))


def _config(names: str) -> Config:
    return Config({"x.conf": tuple(Section(name, "aor") for name in names)})


@pytest.mark.parametrize(
    ("sites", "expected"),
    [
        ({"a": site("1", "1"), "b": site("2", "23")}, [("a",), ("b",)]),
        ({"new": site("", "12"), "old": site("12", "")}, [("new", "old")]),
        ({"a": site("12", "1"), "b": site("3", "3"), "c": site("4", "24")}, [("b",), ("a", "c")]),
        ({"a": site("1", "2"), "b": site("2", "1")}, [("a", "b")]),
        ({"a": site("12", ""), "b": site("", "1"), "c": site("", "2")}, [("a", "b", "c")]),
        ({"a": site("1", "1"), "b": site("2", "12")}, [("a",), ("b",)]),
    ],
)
def test_who_changes_with_whom(sites: dict[str, Both], expected: list[tuple[str, ...]]) -> None:
    """Tied is who gets what another gives up; who keeps it is not, whatever the others want."""
    assert list(groups(sites)) == expected


def test_contexts_tie_nobody() -> None:
    """Contexts have the name of their site and are loaded side by side."""
    context = Config({"x.conf": (Section("c", CONTEXT),)})
    assert groups({"a": Both(context, Config()), "b": Both(Config(), context)}) == (("a",), ("b",))


def test_givers_come_first() -> None:
    """Who loses most objects comes first, so that no object stands in two files."""
    assert givers_first({"new": site("", "12"), "old": site("12", "")}) == ("old", "new")
