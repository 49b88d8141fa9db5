"""Plugs in what tells of calls beside their records: channel events and AMI's view (佐证接线)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioning import settings as configuration
from provisioning import settings_secrets, wiring
from provisioning.settings import Settings
from provisioning.settings_switch import SwitchSettings

if TYPE_CHECKING:
    from pbx.live.ami import Ami
    from provisioning.flows.collect_events import EventFile
    from provisioning.flows.ports import Progress
    from provisioning.store.witness_book import WitnessBook


def open_witnesses(settings: Settings, *, create: bool = False) -> WitnessBook:
    """The ledger, for what it knows of calls beside their records."""
    from provisioning.store.ledger import open_ledger

    return open_ledger(settings.database_url, create=create)


def collect_events(
    settings: Settings, switches: Iterable[SwitchSettings], progress: Progress
) -> tuple[EventFile, ...]:
    """Reads the channel events of these switches. The caller holds the lock of the records, and collects
    those afterwards: then each call that is known to have ended has its record on the disk."""
    from provisioning.flows.collect_calls import Source
    from provisioning.flows.collect_events import collect_events as collect

    sources = [Source(one.name, path) for one in switches for path in one.witness.events]
    if not sources:
        return ()
    book = open_witnesses(settings, create=True)
    return collect(sources, book, wiring.record_files(), now=wiring.now(), progress=progress)


def clocks_off(settings: Settings) -> dict[str, str]:
    """The switches whose clock is not ours, each with a sentence. One that cannot be asked is left out."""
    from pbx.errors import SwitchError
    from provisioning.flows.errors import FlowError
    from provisioning.flows.examine_clock import clock_said, seconds_ahead

    found: dict[str, str] = {}
    for switch in settings.switches.values():
        try:
            with wiring.connect(switch) as session:
                ahead = seconds_ahead(session, wiring.now)
        except (SwitchError, FlowError):
            continue
        if (wrong := clock_said(ahead)) is not None:
            found[switch.name] = wrong
    return found


def watch(switch: SwitchSettings) -> Ami:
    """A session in which the switch tells of each call that ends; SwitchError when it cannot be had."""
    from pbx.live.ami import Ami

    secret = settings_secrets.collector_secret(switch, configuration.environment())
    return Ami.connect(
        name=switch.name,
        host=switch.host,
        port=switch.port,
        user=switch.witness.collector,
        secret=secret,
        tls=wiring.tls_context(switch) if switch.tls else None,
        events="cdr",
    )
