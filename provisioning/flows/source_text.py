"""A source of call records as people write it: a file, a folder or a URL (话单来源地址)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

from provisioning.flows.errors import FlowError


class SourceWrong(FlowError):
    """What was written cannot be a source of call records; the message never repeats a password."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUrl:
    """The parts of a source's URL. `path` begins with "/"; `port` None means the usual one."""

    scheme: str
    user: str | None
    host: str
    port: int | None
    path: str
    query: Mapping[str, str] = field(default_factory=dict)


def scheme_of(text: str) -> str:
    """ "sftp" of sftp://...; "" of a file or folder."""
    scheme, found, _ = text.partition("://")
    return scheme.lower() if found else ""


def parse(text: str) -> SourceUrl:
    """The parts of a URL; SourceWrong where it is none, or where a password stands in it."""
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port
    except ValueError:
        raise SourceWrong(f"{shown(text)}: no address; write host:port, an IPv6 host in brackets") from None
    if url.password is not None:
        raise SourceWrong(
            f"{shown(text)}: a password stands in it. Take it out, it would be seen in process lists and "
            "logs, and give it as the README says for this kind of source; then change it"
        )
    return SourceUrl(
        scheme=url.scheme.lower(),
        user=unquote(url.username) if url.username else None,
        host=host,
        port=port,
        path=unquote(url.path),
        query=MappingProxyType(dict(parse_qsl(url.query, keep_blank_values=True))),
    )


def shown(text: str) -> str:
    """The text as it may be shown: without what stands between ":" and "@" of its address."""
    scheme, found, rest = text.partition("://")
    if not found:
        return text
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{place}"
