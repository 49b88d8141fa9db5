"""Hosts with ports, and addresses of files, in the forms that families write (地址)."""

from __future__ import annotations

import re

from pbx.errors import Malformed
from pbx.iad.device import Server

SIP_PORT = "5060"
"""The port of a server that states none. Families that write ports apart read it back as none stated."""

_URL = re.compile(r"(https?)://([A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*)/?")


def host_and_port(address: str) -> tuple[str, str]:
    """ "ims.example.cn:5062" in two; the port is 5060 where none is stated."""
    host, _, port = address.partition(":")
    return host, port or SIP_PORT


def address(host: str, port: str) -> str:
    """The opposite of host_and_port; Malformed for what is no port."""
    if not re.fullmatch(r"[0-9]{1,5}", port):
        raise Malformed(f"not a port: {port!r}")
    return host if port == SIP_PORT else f"{host}:{port}"


def next_hop(server: Server) -> tuple[str, str]:
    """Where requests go first, for families that know the domain by its name only.

    Malformed where the domain's own port would be lost, or the proxy could not be told from the domain.
    """
    if server.proxy is None:
        return host_and_port(server.domain)
    host, port = host_and_port(server.domain)
    proxy = host_and_port(server.proxy)
    if port != SIP_PORT or proxy[0] == host:
        raise Malformed(
            f"the domain {server.domain} and the proxy {server.proxy} cannot both be written for this "
            "family: state the domain without a port, and as proxy another host"
        )
    return proxy


def domain_and_proxy(domain: str, hop: str, port: str) -> tuple[str, str | None]:
    """The opposite of next_hop: the server's domain and proxy from the domain's name and the next hop."""
    return (address(hop, port), None) if hop == domain else (domain, address(hop, port))


def scheme_and_path(url: str) -> tuple[str, str]:
    """The scheme of an address, and host with path without a slash at the end; Malformed for other forms."""
    if not (found := _URL.fullmatch(url)):
        raise Malformed("a device fetches from http:// or https://, a host and a path of letters and digits")
    return found[1], found[2]
