"""The seats' SIP secrets: kept, handed to the switch's configuration, never shown (SIP 密码)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from provisioning.store.portions import portions
from provisioning.store.tables import seat_period, sip_secret


class Secrets(Mapping[str, str]):
    """A secret by long number; printing it shows how many there are of what, and nothing else."""

    __slots__ = ("_secrets", "_what")

    def __init__(self, secrets: Mapping[str, str], what: str) -> None:
        self._secrets = dict(secrets)
        self._what = what

    def __getitem__(self, long_number: str) -> str:
        return self._secrets[long_number]

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"<{self._what} of {len(self)} numbers>"


def of_site(connection: Connection, site: str) -> Secrets:
    """The secrets of all numbers that were, are or will be at that site."""
    numbers = select(seat_period.c.long_number).where(seat_period.c.site == site)
    asked = select(sip_secret.c.long_number, sip_secret.c.secret).where(sip_secret.c.long_number.in_(numbers))
    return Secrets({row.long_number: row.secret for row in connection.execute(asked)}, "SIP secrets")


def issue(
    connection: Connection, long_numbers: Iterable[str], *, new_secret: Callable[[], str], at: datetime
) -> int:
    """Makes a secret for each of the numbers that has none; says for how many."""
    wanted = dict.fromkeys(long_numbers)
    for some in portions(tuple(wanted)):
        asked = select(sip_secret.c.long_number).where(sip_secret.c.long_number.in_(some))
        for number in connection.execute(asked).scalars():
            del wanted[number]
    if wanted:
        rows = [{"long_number": n, "secret": new_secret(), "made_at": at} for n in wanted]
        connection.execute(insert(sip_secret), rows)
    return len(wanted)


def forget(connection: Connection, long_numbers: Sequence[str]) -> None:
    """Takes the secrets of these numbers away: whoever had the numbers before knows them."""
    for some in portions(long_numbers):
        connection.execute(delete(sip_secret).where(sip_secret.c.long_number.in_(some)))
