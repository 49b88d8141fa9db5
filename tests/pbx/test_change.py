"""Configurations and the changes between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.change import Create, Delete, Update, apply, diff
from pbx.config import Config
from pbx.errors import Malformed
from pbx.section import Section

FILES = st.sampled_from(["seatline-pjsip-a-01.conf", "seatline-pjsip-b-01.conf"])
SECTION_LISTS = st.lists(
    st.builds(
        Section,
        st.sampled_from("abcd"),
        st.sampled_from(["aor", "endpoint"]),
        st.lists(st.tuples(st.just("context"), st.sampled_from("xyz")), max_size=2).map(tuple),
    ),
    max_size=4,
    unique_by=lambda section: section.name,
).map(tuple)
CONFIGS = st.builds(Config, st.dictionaries(FILES, SECTION_LISTS))
A, B = Section("a", "aor"), Section("b", "aor")


@given(CONFIGS, CONFIGS)
def test_the_changes_between_two_configurations_lead_from_one_to_the_other(a: Config, b: Config) -> None:
    """apply(diff(a, b), a) is b, and nothing has to change between equals."""
    assert apply(diff(a, b), a) == b
    assert (diff(a, b) == ()) == (a == b)


def test_changes_say_what_they_do() -> None:
    """A section only there before is deleted, one only wanted is created, one that differs is updated."""
    before = Config({"x.conf": (A, B)})
    after = Config({"x.conf": (Section("b", "endpoint"), Section("c", "aor"))})
    assert diff(before, after) == (
        Update("x.conf", B, Section("b", "endpoint")),
        Create("x.conf", Section("c", "aor")),
        Delete("x.conf", A),
    )


@pytest.mark.parametrize("change", [Create("x.conf", A), Delete("x.conf", B), Update("x.conf", B, B)])
def test_a_change_does_not_fit_another_configuration(change: Create | Update | Delete) -> None:
    """What is there already is not created, what is not there is neither changed nor deleted."""
    with pytest.raises(Malformed, match="not what the change was made for"):
        apply([change], Config({"x.conf": (A,)}))


def test_order_and_empty_files_do_not_matter() -> None:
    """Two configurations with the same sections in another order are equal; an empty file is no file."""
    assert Config({"x.conf": (A, B), "y.conf": ()}) == Config({"x.conf": (B, A)})
    assert len(Config({"y.conf": ()}).files) == 0
    assert Config({"x.conf": (A,)}) != {"x.conf": (A,)}


@pytest.mark.parametrize(
    "file",
    ["", "a/b.conf", "../x.conf", "..conf", "a..conf", "x.txt", "-x.conf", "x y.conf", "x" * 120 + ".conf"],
)
def test_a_file_is_a_plain_one_of_the_configuration_folder(file: str) -> None:
    """No slash, no dots in a row, nothing but letters, digits and a few signs, and .conf at the end."""
    with pytest.raises(Malformed, match="cannot be a configuration file"):
        Config({file: (A,)})


def test_two_sections_of_one_name_in_a_file_are_refused() -> None:
    """UpdateConfig would add the lines of the second to the first."""
    with pytest.raises(Malformed, match=r"more than one section \[a\]"):
        Config({"x.conf": (A, A)})


def test_a_part_of_a_configuration() -> None:
    """only() keeps the files whose names begin so."""
    config = Config({"x-1.conf": (A,), "y-1.conf": (B,)})
    assert config.only("y-", "z-") == Config({"y-1.conf": (B,)})
    assert list(config) == [("x-1.conf", A), ("y-1.conf", B)]
    assert len(config) == 2
