"""Hosts with ports, and where files are fetched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.iad.address import address, domain_and_proxy, host_and_port, next_hop, scheme_and_path
from pbx.iad.device import Server


@given(port=st.none() | st.integers(1, 65535).filter(lambda port: port != 5060))
def test_a_port_comes_back(port: int | None) -> None:
    """A host with a port taken apart and put together is the same."""
    whole = "ims.example.cn" + (f":{port}" if port else "")
    assert address(*host_and_port(whole)) == whole


def test_5060_is_no_port() -> None:
    """The port 5060 is the one of a server that states none."""
    assert host_and_port("a") == ("a", "5060")
    assert address("a", "5060") == "a"


@pytest.mark.parametrize("port", ["", "x", "123456", "-1"])
def test_what_is_no_port(port: str) -> None:
    """What is no port is Malformed."""
    with pytest.raises(Malformed):
        address("a", port)


@pytest.mark.parametrize(
    ("domain", "proxy", "hop"),
    [
        ("ims.example.cn", None, ("ims.example.cn", "5060")),
        ("ims.example.cn:5062", None, ("ims.example.cn", "5062")),
        ("ims.example.cn", "192.0.2.1", ("192.0.2.1", "5060")),
        ("ims.example.cn", "192.0.2.1:5070", ("192.0.2.1", "5070")),
    ],
)
def test_the_next_hop_is_the_proxy_if_there_is_one(
    domain: str, proxy: str | None, hop: tuple[str, str]
) -> None:
    """Requests go to the proxy first, or to the domain; both are known from the hop and the domain's name."""
    assert next_hop(Server(domain=domain, proxy=proxy)) == hop
    assert domain_and_proxy(domain.partition(":")[0], *hop) == (domain, proxy)


@pytest.mark.parametrize(("domain", "proxy"), [("a.cn:5062", "192.0.2.1"), ("a.cn", "a.cn:5070")])
def test_what_a_hop_cannot_say_is_refused(domain: str, proxy: str) -> None:
    """A domain's own port beside a proxy, and a proxy on the domain's host, are refused and not lost."""
    with pytest.raises(Malformed, match="without a port"):
        next_hop(Server(domain=domain, proxy=proxy))


def test_a_fetching_address_is_taken_apart() -> None:
    """The address has a scheme and a path without a slash at the end."""
    assert scheme_and_path("https://prov.example.net:8443/iad/T0k_en-1/") == (
        "https",
        "prov.example.net:8443/iad/T0k_en-1",
    )


@pytest.mark.parametrize(
    "url", ["", "tftp://a/b", "http://", "http://a/b c", "http://a?b", "https://u:p@a/", "a/b"]
)
def test_other_addresses_are_refused(url: str) -> None:
    """Blanks, queries, user names and other schemes are Malformed; the token is not shown."""
    with pytest.raises(Malformed) as caught:
        scheme_and_path(url)
    assert "u:p" not in str(caught.value)
