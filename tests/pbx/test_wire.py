"""AMI as bytes: messages come out whole however the network cuts them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.wire import LARGEST_MESSAGE, LONGEST_GREETING, Headers, Incoming, first_of_each, headers_of

HEADERS = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z0-9-]{1,8}", fullmatch=True),
        st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=8),
    ),
    min_size=1,
    max_size=5,
)


@given(st.lists(HEADERS, max_size=4), st.lists(st.integers(min_value=0, max_value=400), max_size=8))
def test_messages_are_the_same_however_they_are_cut(messages: list[Headers], cuts: list[int]) -> None:
    """Greeting and messages cut at any bytes, even inside a character, are read as if they came at once."""
    text = "Asterisk Call Manager/9.0.0\r\n" + "".join(
        "".join(f"{key}: {value}\r\n" for key, value in headers) + "\r\n" for headers in messages
    )
    raw = text.encode()
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    incoming = Incoming()
    found: list[Headers] = []
    for start, end in pairwise(places):
        found += (headers for headers, _ in incoming.receive(raw[start:end]))
    assert found == messages
    assert incoming.version == "9.0.0"


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400\r\n", b"\r\n", b"a" * LONGEST_GREETING])
def test_what_does_not_greet_as_ami_is_malformed(greeting: bytes) -> None:
    """Another protocol's greeting is refused at its first byte that is wrong, an endless one in time."""
    with pytest.raises(Malformed, match="is this the AMI port"):
        list(Incoming().receive(greeting))


def test_a_message_without_end_is_malformed() -> None:
    """A message that goes beyond its bound is refused, not stored."""
    incoming = Incoming()
    assert list(incoming.receive(b"Asterisk Call Manager/9\r\nMessage: ")) == []
    with pytest.raises(Malformed, match="a message of over"):
        list(incoming.receive(b"x" * LARGEST_MESSAGE))


def test_headers_keep_their_order_and_the_first_counts() -> None:
    """Repeated headers stay in order; by name the first counts; what is no header is left out."""
    headers = headers_of(b"Line: a=1\r\nno header\r\nOther:x\r\nLine:  two blanks", {})
    assert headers == [("Line", "a=1"), ("Other", "x"), ("Line", " two blanks")]
    assert first_of_each(headers) == {"Line": "a=1", "Other": "x"}


def test_text_that_is_not_utf8_is_malformed() -> None:
    """GBK is refused with the byte that gives it away."""
    with pytest.raises(Malformed, match="0xd5"):
        headers_of("Message: 张三".encode("gbk"), {})
