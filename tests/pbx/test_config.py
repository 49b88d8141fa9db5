"""Configurations as values: files and their sections."""

from __future__ import annotations

import pytest

from pbx.config import Config
from pbx.errors import Malformed
from pbx.section import Section

A, B = Section("a", "aor"), Section("b", "aor")


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
