"""What of an IAD is secret besides its lines: the token of its address, its web page's password (密钥)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from provisioning.flows.ports import DeviceSecret
from provisioning.store import sip_secrets, trail
from provisioning.store.portions import portions
from provisioning.store.tables import device_secret as table
from provisioning.store.tables import handed_out, offer
from provisioning.store.values import sha256


def of_site(connection: Connection, site: str, iads: Sequence[str]) -> dict[str, DeviceSecret]:
    """The secrets of those of a site's IADs that have some."""
    found: dict[str, DeviceSecret] = {}
    for some in portions(iads):
        asked = select(table).where(table.c.site == site, table.c.iad.in_(some))
        for row in connection.execute(asked):
            found[row.iad] = DeviceSecret(token=row.token, admin_password=row.admin_password)
    return found


def owner_of(connection: Connection, token: str) -> tuple[str, str] | None:
    """The site and the IAD whose address has that token."""
    asked = select(table.c.site, table.c.iad).where(table.c.token_sha256 == digest_of(token))
    row = connection.execute(asked).first()
    return None if row is None else (row.site, row.iad)


def digest_of(token: str) -> bytes:
    """By what a token is found, whatever somebody has sent as one."""
    return sha256(token.encode("utf-8", "surrogatepass"))


def issue(
    connection: Connection, site: str, iads: Sequence[str], *, new_secret: Callable[[], str], at: datetime
) -> Mapping[str, DeviceSecret]:
    """The secrets of these IADs; those that have none yet get them."""
    known = of_site(connection, site, iads)
    made = {
        iad: DeviceSecret(token=new_secret(), admin_password=new_secret())
        for iad in dict.fromkeys(iads)
        if iad not in known
    }
    if made:
        connection.execute(insert(table), [_row(site, iad, secret, at) for iad, secret in made.items()])
    return {iad: known[iad] if iad in known else made[iad] for iad in iads}


def forget(connection: Connection, site: str, iads: Sequence[str], *, at: datetime, who: str) -> None:
    """Takes all that is kept of these IADs away: offers, secrets, and what they were handed out."""
    gone: dict[str, None] = {}
    for some in portions(tuple(dict.fromkeys(iads))):
        for held in (offer, handed_out, table):
            theirs = (held.c.site == site, held.c.iad.in_(some))
            gone |= dict.fromkeys(connection.execute(select(held.c.iad).where(*theirs)).scalars())
            connection.execute(delete(held).where(*theirs))
    for iad in gone:
        trail.note(connection, event="iad-forgotten", subject=f"{site}/{iad}", detail={}, at=at, who=who)


def renew(
    connection: Connection,
    site: str,
    iads: Sequence[str],
    long_numbers: Sequence[str],
    *,
    new_secret: Callable[[], str],
    at: datetime,
    who: str,
) -> None:
    """Another token and web password for these IADs, another SIP secret for these numbers (更换密钥)."""
    for iad in dict.fromkeys(iads):
        here = (table.c.site == site, table.c.iad == iad)
        connection.execute(delete(offer).where(offer.c.site == site, offer.c.iad == iad))
        made = _row(site, iad, DeviceSecret(token=new_secret(), admin_password=new_secret()), at)
        if not connection.execute(update(table).where(*here).values(**made)).rowcount:
            connection.execute(insert(table), [made])
        told = {"sip_secrets": len(long_numbers)}
        trail.note(connection, event="iad-renewed", subject=f"{site}/{iad}", detail=told, at=at, who=who)
    sip_secrets.forget(connection, long_numbers)
    sip_secrets.issue(connection, long_numbers, new_secret=new_secret, at=at)


def rename(connection: Connection, site: str, names: Mapping[str, str], *, at: datetime, who: str) -> None:
    """What is kept of IADs stands under their new names afterwards; what stood there is gone."""
    involved = tuple(dict.fromkeys((*names, *names.values())))
    connection.execute(delete(offer).where(offer.c.site == site, offer.c.iad.in_(involved)))
    for held in (handed_out, table):
        here = (held.c.site == site, held.c.iad.in_(involved))
        rows = [dict(row) for row in connection.execute(select(held).where(*here)).mappings()]
        connection.execute(delete(held).where(*here))
        moved = [{**row, "iad": names[row["iad"]]} for row in rows if row["iad"] in names]
        if moved:
            connection.execute(insert(held), moved)
    for former, name in names.items():
        trail.note(
            connection,
            event="iad-renamed",
            subject=f"{site}/{name}",
            detail={"former": former},
            at=at,
            who=who,
        )


def _row(site: str, iad: str, secret: DeviceSecret, at: datetime) -> dict[str, object]:
    return {
        "site": site,
        "iad": iad,
        "token": secret.token,
        "token_sha256": digest_of(secret.token),
        "admin_password": secret.admin_password,
        "made_at": at,
    }
