"""The night's first step: the records and channel events of every switch (夜间采集)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbx.errors import SwitchError
from provisioning.cli.collect import RECORDS, strangers
from provisioning.cli.tonight import Tonight
from provisioning.cli.witness_screen import lines_of
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.flows.collect_calls import Collected
    from provisioning.flows.collect_events import EventFile
    from provisioning.flows.nightly import Report


def collect(tonight: Tonight) -> Report:
    """The records and channel events of every switch of the settings."""
    from provisioning import wiring, wiring_sources, wiring_witness
    from provisioning.flows.collect_calls import Source
    from provisioning.flows.nightly import Report, State

    settings = tonight.settings
    tonight.figures["counted"] = tonight.counted_before
    sources = [Source(one.name, path) for one in settings.switches.values() for path in one.records]
    if not sources and not any(one.witness.events for one in settings.switches.values()):
        return Report(state=State.LEFT_OUT, said="no switch in seatline.toml says where its `records` are")
    ask(tonight)
    with wiring.locks(settings).held(RECORDS):
        heard = wiring_witness.collect_events(settings, settings.switches.values(), tonight.progress)
        got = wiring_sources.collect(settings, sources, tonight.book, tonight.progress)
    for file in heard:
        tonight.events[file.switch] = tonight.events.get(file.switch, 0) + file.events
    return _collected(tonight, got, heard)


def ask(tonight: Tonight) -> None:
    """Asks the switches how many calls they have counted, before their records are read: each call that has
    ended by then has its record among them."""
    from provisioning import wiring_nightly

    for name, asked in wiring_nightly.count_calls(tonight.settings, tonight.book).items():
        try:
            tonight.counted[name] = asked()
        except (SwitchError, FlowError) as fault:
            tonight.counted[name] = fault


def _collected(tonight: Tonight, got: Collected, heard: Sequence[EventFile]) -> Report:
    from provisioning.flows.nightly import FOUND_CODE, UNREACHABLE_CODE, Report, State

    unheard = (file.error for file in heard if file.error is not None)
    unread = list(dict.fromkeys((*(str(file.error) for file in got.unreachable), *unheard)))
    refused = [str(file.refused) for file in got.refused]
    strange = [f"{path}: not one line is a call record we know" for path in strangers(tonight.settings, got)]
    notes = [f"{file.path}: {note}" for file in got.sources for note in file.notes]
    notes.extend(line for file in heard for line in lines_of(file))
    state, code = State.DONE, 0
    if unread or refused or strange:
        state, code = State.FAILED, UNREACHABLE_CODE if unread else FOUND_CODE if refused else 1
    elif got.quarantined:
        state, code = State.FOUND, FOUND_CODE
    document = got.document()
    return Report(
        state=state,
        said=f"{document['new']} new, {document['duplicate']} known, {document['quarantined']} in quarantine",
        code=code,
        lines=(*unread, *refused, *strange, *notes),
        document=document,
    )
