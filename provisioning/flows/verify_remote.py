"""Proving that the ledger holds exactly what the files of other machines hold (远程采集核对)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pbx.host_fault import HostFault
from provisioning.flows.collect_remote import Connect, OfHost, host_of
from provisioning.flows.ports import Progress, SourceState
from provisioning.flows.proof import CollectedBook, Proof
from provisioning.flows.source_text import parse
from provisioning.flows.verify_collected import prove


def verify_remote(
    wanted: Callable[[SourceState], bool], book: CollectedBook, connect: Connect, progress: Progress
) -> Iterator[Proof]:
    """The proof for each source that is wanted, switch by switch and machine by machine. Changes nothing."""
    hosts: dict[tuple[str, str], list[SourceState]] = {}
    for state in sorted(book.sources_read(), key=lambda one: (one.switch, one.path)):
        if wanted(state):
            hosts.setdefault((state.switch, host_of(parse(state.path))), []).append(state)
    for (switch, host), states in hosts.items():
        try:
            with connect(switch, parse(states[0].path)) as files:
                for state in states:
                    yield prove(state, book, OfHost(host, files), progress)
        except HostFault as fault:
            why = f"{host}: {fault.strerror}"
            yield from (Proof(switch=switch, path=state.path, error=why) for state in states)
