"""Sources as people write them."""

from __future__ import annotations

import pytest

from provisioning.flows.source_text import SourceWrong, parse, scheme_of, shown


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("/var/log/Master.csv", ""),
        ("SFTP://u@h/f", "sftp"),
        ("sqlite:///a.db?table=cdr", "sqlite"),
        ("a:b", ""),
    ],
)
def test_a_scheme_tells_the_kind_of_source(text: str, scheme: str) -> None:
    """What stands before :// is the kind; a path has none."""
    assert scheme_of(text) == scheme


def test_an_address_is_taken_apart() -> None:
    """Names are unquoted, an IPv6 host stands in brackets, what is absent is None."""
    url = parse("sftp://collect%40or@[2001:db8::1]:2222/var/log/a%20b?table=cdr&x=")
    assert (url.user, url.host, url.port, url.path) == ("collect@or", "2001:db8::1", 2222, "/var/log/a b")
    assert dict(url.query) == {"table": "cdr", "x": ""}
    plain = parse("sqlite:///srv/master.db")
    assert (plain.user, plain.host, plain.port, plain.path) == (None, "", None, "/srv/master.db")


@pytest.mark.parametrize(
    "text", ["sftp://u:hush@h/f", "postgresql://u:hush@[::1/f", "sftp://u:hush@h:port/f"]
)
def test_what_cannot_be_meant_is_refused_without_its_password(text: str) -> None:
    """A password in an address is refused, and no message repeats it."""
    with pytest.raises(SourceWrong) as refused:
        parse(text)
    assert "hush" not in str(refused.value)
    assert "hush" not in shown(text)
    assert "u@" in shown(text)


def test_a_password_with_signs_in_it_is_not_shown() -> None:
    """A password that holds @ : or / is hidden all the same."""
    for text in ("sftp://u:hu@sh:@h/f", "sftp://u:hu/sh@h/f@g", "sftp://u:hu?sh@h"):
        assert "sh" not in shown(text).replace("://", "")
