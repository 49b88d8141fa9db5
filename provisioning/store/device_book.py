"""The ledger's devices: their secrets, and the files they were given (接入设备)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioning.store.engine import reading, writing
from provisioning.store.opened import Opened

if TYPE_CHECKING:
    from provisioning.flows.ports import DeviceSecret, HandedOut, Offer


class DeviceBook(Opened):
    """What the ledger knows of IADs."""

    def device_secrets(
        self, site: str, iads: Sequence[str], *, new_secret: Callable[[], str], at: datetime
    ) -> Mapping[str, DeviceSecret]:
        from provisioning.store import device_secrets

        with reading(self._engine) as connection:
            known = device_secrets.of_site(connection, site, iads)
        if known.keys() >= set(iads):
            return known
        with writing(self._engine) as connection:
            return device_secrets.issue(connection, site, iads, new_secret=new_secret, at=at)

    def handed_out(self, site: str) -> Mapping[str, HandedOut]:
        from provisioning.store import iad_files

        with reading(self._engine) as connection:
            return iad_files.of_site(connection, site)

    def record_handed_out(self, files: Sequence[HandedOut], *, who: str) -> None:
        from provisioning.store import iad_files

        with writing(self._engine) as connection:
            iad_files.record(connection, files, who=who)

    def forget_iads(self, site: str, iads: Sequence[str], *, at: datetime, who: str) -> None:
        from provisioning.store import device_secrets

        with writing(self._engine) as connection:
            device_secrets.forget(connection, site, iads, at=at, who=who)

    def offer(self, offers: Sequence[Offer], *, at: datetime, who: str) -> None:
        from provisioning.store import iad_files

        with writing(self._engine) as connection:
            iad_files.offer(connection, offers, at=at, who=who)

    def device_at(self, token: str) -> tuple[str, str] | None:
        from provisioning.store import device_secrets

        with reading(self._engine) as connection:
            return device_secrets.owner_of(connection, token)

    def offered(self, token: str) -> Offer | None:
        from provisioning.store import iad_files

        with reading(self._engine) as connection:
            return iad_files.offered(connection, token)

    def open_offers(self, site: str, *, at: datetime) -> Mapping[str, datetime]:
        from provisioning.store import iad_files

        with reading(self._engine) as connection:
            return iad_files.still_open(connection, site, at=at)

    def renew_iads(
        self,
        site: str,
        iads: Sequence[str],
        long_numbers: Sequence[str],
        *,
        new_secret: Callable[[], str],
        at: datetime,
        who: str,
    ) -> None:
        from provisioning.store import device_secrets

        with writing(self._engine) as connection:
            device_secrets.renew(connection, site, iads, long_numbers, new_secret=new_secret, at=at, who=who)

    def rename_iads(self, site: str, names: Mapping[str, str], *, at: datetime, who: str) -> None:
        from provisioning.store import device_secrets

        with writing(self._engine) as connection:
            device_secrets.rename(connection, site, names, at=at, who=who)

    def take(
        self, token: str, *, at: datetime, detail: Mapping[str, Any], seen: Offer | None = None
    ) -> Offer | None:
        from provisioning.store import iad_files

        with writing(self._engine) as connection:
            return iad_files.take(connection, token, at=at, detail=detail, seen=seen)
