"""PJSIP objects from plain arguments."""

from __future__ import annotations

from pbx import pjsip


def test_a_telephone() -> None:
    """A telephone's own word about its number is not believed, and it may not transfer or subscribe."""
    phone = pjsip.telephone(
        "seat-1", context="c", aor="1", auth="1-auth", number="1", account="1", transport="t",
        variables=[("A", "1"), ("B", "2")],
    )  # fmt: skip
    assert (phone.kind, phone.name) == ("endpoint", "seat-1")
    for option, value in (
        ("callerid", "1"),
        ("trust_id_inbound", "no"),
        ("allow_transfer", "no"),
        ("allow_subscribe", "no"),
        ("identify_by", "auth_username,username"),
        ("transport", "t"),
        ("rtp_timeout", "60"),
        ("rtp_timeout_hold", "300"),
    ):
        assert phone.values(option) == (value,)
    assert phone.values("set_var") == ("A=1", "B=2")


def test_codecs_are_closed_before_they_are_opened() -> None:
    """`disallow=all` stands before `allow`, or Asterisk would offer all codecs it has."""
    phone = pjsip.telephone("p", context="c", aor="a", auth="b", number="1", account="1", transport="t")
    keys = [key for key, _ in phone.options]
    assert keys.index("disallow") < keys.index("allow")
    assert phone.get("allow") == "alaw,ulaw"


def test_a_registration_is_recognised_by_its_line() -> None:
    """An operator's call is known by the token of its registration, not by where it comes from."""
    made = pjsip.registration(
        "r", endpoint="line-x", user="+861", domain="d.example", proxy="sip:192.0.2.1", transport="t"
    )
    assert made.get("line") == "yes"
    assert made.get("endpoint") == "line-x"
    assert made.get("contact_user") == "+861"
    assert made.get("client_uri") == "sip:+861@d.example"


def test_nobody_becomes_a_line_by_its_name() -> None:
    """A line, which asks for no password, is known neither by From nor by a digest user."""
    line = pjsip.line("line-x", context="c", aor="a", domain="d", proxy="sip:192.0.2.1", transport="t")
    assert line.values("identify_by") == ("ip",)
    assert line.values("auth") == ()


def test_a_proxy_is_a_loose_router() -> None:
    """A proxy gets ;lr, once."""
    assert pjsip.loose("sip:192.0.2.1:5060") == "sip:192.0.2.1:5060;lr"
    assert pjsip.loose("sip:192.0.2.1:5060;lr") == "sip:192.0.2.1:5060;lr"


def test_an_auth_hides_its_secret() -> None:
    """The repr of an auth section never shows the secret."""
    made = pjsip.auth("a", user="u", secret="PlainSecret123")
    assert made.get("password") == "PlainSecret123"
    assert "PlainSecret123" not in repr(made)
