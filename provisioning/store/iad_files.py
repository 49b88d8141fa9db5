"""Files of IADs: what left the house last, and what a device may fetch, once (IAD文件下发)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from provisioning.flows.errors import FlowError
from provisioning.flows.ports import HandedOut, Offer
from provisioning.store import device_secrets, trail
from provisioning.store.insertion import insertion
from provisioning.store.tables import device_secret, handed_out
from provisioning.store.tables import offer as offers


def of_site(connection: Connection, site: str) -> Mapping[str, HandedOut]:
    """What left the house last, by IAD."""
    asked = select(handed_out).where(handed_out.c.site == site).order_by(handed_out.c.iad)
    return {
        row.iad: HandedOut(
            site=row.site, iad=row.iad, document=row.document, digest=row.digest, how=row.how, at=row.at
        )
        for row in connection.execute(asked)
    }


def record(
    connection: Connection, files: Iterable[HandedOut], *, who: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Notes that these files left the house, each in the place of the device's former one.

    An offer of the same device is closed: what it holds is not newer than what the device gets now.
    """
    for file in files:
        _close(connection, file.site, file.iad)
        row = {
            "site": file.site,
            "iad": file.iad,
            "document": dict(file.document),
            "digest": file.digest,
            "how": file.how,
            "at": file.at,
        }
        adding = insertion(connection, handed_out).values(**row)
        kept = {name: adding.excluded[name] for name in ("document", "digest", "how", "at")}
        adding = adding.on_conflict_do_update(index_elements=("site", "iad"), set_=kept)
        connection.execute(adding)
        trail.note(
            connection,
            event=f"iad-{file.how}",
            subject=f"{file.site}/{file.iad}",
            detail={**(detail or {}), "digest": file.digest},
            at=file.at,
            who=who,
        )


def offer(connection: Connection, opened: Sequence[Offer], *, at: datetime, who: str) -> None:
    """Opens the window of each; a former offer of the same IAD is closed, and what is over is wiped."""
    connection.execute(update(offers).where(offers.c.until <= at).values(content=None))
    for one in opened:
        if not device_secrets.of_site(connection, one.site, (one.iad,)):
            raise FlowError(f"IAD {one.iad} of site {one.site} has no address of its own to fetch from")
        _close(connection, one.site, one.iad)
        row = {
            "site": one.site,
            "iad": one.iad,
            "model": one.model,
            "mac": one.mac,
            "file_name": one.file_name,
            "content": one.content,
            "document": dict(one.document),
            "until": one.until,
        }
        connection.execute(insert(offers).values(**row))
        trail.note(
            connection,
            event="iad-offered",
            subject=f"{one.site}/{one.iad}",
            detail={"digest": digest(one.content), "until": one.until.isoformat()},
            at=at,
            who=who,
        )


def offered(connection: Connection, token: str) -> Offer | None:
    """The offer at the address with that token, in time or not, but not fetched; its content is empty once
    it was noticed that its time is over."""
    joined = offers.join(
        device_secret, (offers.c.site == device_secret.c.site) & (offers.c.iad == device_secret.c.iad)
    )
    asked = (
        select(offers)
        .select_from(joined)
        .where(device_secret.c.token_sha256 == device_secrets.digest_of(token))
    )
    row = connection.execute(asked).first()
    if row is None:
        return None
    return Offer(
        site=row.site,
        iad=row.iad,
        model=row.model,
        mac=row.mac,
        file_name=row.file_name,
        content=row.content or b"",
        document=row.document,
        until=row.until,
    )


def still_open(connection: Connection, site: str, *, at: datetime) -> dict[str, datetime]:
    """Which IADs of a site may fetch at that moment, and until when."""
    asked = select(offers.c.iad, offers.c.until).where(
        offers.c.site == site, offers.c.until > at, offers.c.content.is_not(None)
    )
    return {row.iad: row.until for row in connection.execute(asked.order_by(offers.c.iad))}


def take(
    connection: Connection,
    token: str,
    *,
    at: datetime,
    detail: Mapping[str, Any],
    seen: Offer | None = None,
) -> Offer | None:
    """Fetches an offer, once. The caller's transaction is the only one that writes: nobody comes between.

    None, and the content wiped, when its time is over; None when it is another one than was `seen`.
    """
    found = offered(connection, token)
    if found is None:
        return None
    if at >= found.until or not found.content:
        this = (offers.c.site == found.site, offers.c.iad == found.iad)
        connection.execute(update(offers).where(*this).values(content=None))
        return None
    if seen is not None and found != seen:
        return None
    fetched = HandedOut(
        site=found.site,
        iad=found.iad,
        document=found.document,
        digest=digest(found.content),
        how="fetched",
        at=at,
    )
    record(connection, (fetched,), who=f"{found.site}/{found.iad}", detail=detail)
    return found


def digest(content: bytes) -> str:
    """The digest of a file's bytes, as `HandedOut` has it."""
    return hashlib.sha256(content).hexdigest()


def _close(connection: Connection, site: str, iad: str) -> None:
    connection.execute(delete(offers).where(offers.c.site == site, offers.c.iad == iad))
