"""A compound file gives its streams back, and one that lies about its sectors is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.intake.compound_file import CompoundFile, packed
from provisioning.intake.wrong import Wrong


@given(st.binary(max_size=20_000))
def test_what_was_packed_is_read_again(stream: bytes) -> None:
    """A stream comes back as it was, with nothing but zeros behind it."""
    read = CompoundFile(packed("Workbook", stream)).read("Workbook")
    assert read[: len(stream)] == stream
    assert not read[len(stream) :].strip(b"\0")


def test_a_large_stream_has_several_sectors_of_sectors() -> None:
    """A stream of 10 MB needs more than one sector to say which sectors are its own."""
    stream = bytes(range(256)) * 40_000
    assert CompoundFile(packed("Book", stream)).read("Book")[: len(stream)] == stream


def test_streams_of_a_file_that_libreoffice_wrote(sheets: Path) -> None:
    """The streams of an .xls and of an encrypted .xlsx are found, small ones among them."""
    assert CompoundFile((sheets / "annex.xls").read_bytes()).read("Workbook").startswith(b"\x09\x08")
    protected = CompoundFile((sheets / "protected.xlsx").read_bytes())
    assert "EncryptedPackage" in protected
    assert b"EncryptionInfo" not in protected.read("EncryptionInfo")
    with pytest.raises(Wrong):
        protected.read("Workbook")


@given(st.binary(max_size=3000))
def test_anything_else_is_refused(rest: bytes) -> None:
    """Behind the right signature anything may follow: a stream or a clear refusal, no other exception."""
    with contextlib.suppress(Wrong):
        CompoundFile(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + rest).read("Workbook")
