"""`seatline collect --follow`: calls as they end, over AMI; a view and never the book (实时话单)."""

from __future__ import annotations

import json as format_json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import TYPE_CHECKING

from pbx.errors import Refused, SwitchError
from provisioning.cli import interrupts, screens
from provisioning.flows.errors import SourceUnreachable

if TYPE_CHECKING:
    from provisioning.flows.follow_calls import Standing, View, ViewBook
    from provisioning.settings import Settings
    from provisioning.settings_switch import SwitchSettings

HEAR = 1.0
"""Seconds to wait for an event before looking whether to end."""
PING = 20.0
"""Seconds of silence after which the line is tried: a dead one would be silent for ever."""
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the line is opened again, the last for as long as it takes."""
STANDING = 60.0
"""Seconds between two looks at what the ledger has by now."""
FORM = "{:<12} {:<19} {:>16} {:>16} {:<10} {:>8}"


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came from a switch: events, or a word about the line; `over` says that it comes no more."""

    switch: str
    events: Sequence[Mapping[str, str]] = ()
    said: str | None = None
    over: bool = False


def follow(settings: Settings, switch: str | None, *, seconds: float | None, json: bool) -> None:
    """Shows each call that ends until Ctrl-C, or for so many seconds; says which of them the ledger has."""
    from provisioning import settings as configuration
    from provisioning import settings_secrets, wiring, wiring_witness
    from provisioning.flows.follow_calls import View

    chosen = [wiring.switch_named(settings, switch)] if switch else list(settings.switches.values())
    if not chosen:
        raise SourceUnreachable("no switch to follow: each is a [switches.NAME] in seatline.toml")
    for one in chosen:
        settings_secrets.collector_secret(one, configuration.environment())  # says at once what is missing
    book = wiring_witness.open_witnesses(settings, create=True)
    heard: Queue[_Heard] = Queue()
    stop = threading.Event()
    ears = [threading.Thread(target=_listen, args=(one, heard, stop), daemon=True) for one in chosen]
    view = View()
    refused = 0
    try:
        with interrupts.told("the view is over; the records are collected by `seatline collect`"):
            for ear in ears:
                ear.start()
            refused = _show(view, book, heard, len(ears), seconds, json)
    finally:
        stop.set()
        for ear in ears:
            ear.join(timeout=5)
        _tell(view.standing(book), json, names=True)
    if refused == len(ears):
        raise SourceUnreachable("no switch lets us watch its calls")


def _show(
    view: View, book: ViewBook, heard: Queue[_Heard], ears: int, seconds: float | None, json: bool
) -> int:
    """Shows what is heard until the time is over or nobody is left to listen; how many were turned away."""
    from provisioning import wiring
    from provisioning.flows.follow_calls import document_of, row_of

    began = told = time.monotonic()
    over = 0
    if not json:
        screens.line(FORM.format("switch", "began", "from", "to", "", "billed"))
    while over < ears and (seconds is None or time.monotonic() - began < seconds):
        if time.monotonic() - told > STANDING:
            view.keep(book, at=wiring.now())
            _tell(view.standing(book), json)
            told = time.monotonic()
        with suppress(Empty):
            one = heard.get(timeout=HEAR / 2)
            if one.said is not None:
                screens.say(f"seatline: {one.said}")
            over += one.over
            calls, wrong = view.take(one.switch, one.events, book, at=wiring.now())
            for call in calls:
                screens.line(_line(document_of(one.switch, call)) if json else _row(row_of(one.switch, call)))
            for fault in wrong:
                screens.say(f"seatline: {fault}")
            sys.stdout.flush()
    return over


def _listen(switch: SwitchSettings, heard: Queue[_Heard], stop: threading.Event) -> None:
    """One switch's ear, in a thread of its own: opens the line again whenever it breaks."""
    from pbx.action import Action
    from provisioning import wiring_witness

    name, tries = switch.name, 0
    while not stop.is_set():
        try:
            with wiring_witness.watch(switch) as session:
                heard.put(_Heard(name, said=f"{name}: watching" if not tries else f"{name}: watching again"))
                tries = 0
                last = time.monotonic()
                while not stop.is_set():
                    events = session.hear(HEAR)
                    if events:
                        heard.put(_Heard(name, events))
                        last = time.monotonic()
                    elif time.monotonic() - last > PING:
                        session.send(Action("Ping"))
                        last = time.monotonic()
        except Refused as fault:
            heard.put(_Heard(name, said=str(fault), over=True))
            return
        except SwitchError as fault:
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            if not tries:
                heard.put(_Heard(name, said=f"{fault}; calls that end meanwhile are not shown. Trying again"))
            tries += 1
            stop.wait(pause)
        except Exception as fault:  # settings wrong, or a fault of ours: said by the main thread
            heard.put(_Heard(name, said=f"{name}: {fault}", over=True))
            return


def _tell(standing: Standing, json: bool, *, names: bool = False) -> None:
    if json:
        screens.line(_line(standing.document()))
        sys.stdout.flush()
    screens.say(f"seatline: {standing.said()}")
    if names and not json:
        for switch, call in standing.waiting:
            screens.say(f"  not in the ledger yet: {switch} {call.uniqueid}, {call.src} to {call.dst}")


def _line(document: Mapping[str, object]) -> str:
    return format_json.dumps(document, ensure_ascii=False)


def _row(cells: Sequence[str]) -> str:
    """Numbers come from strangers: nothing in them may move the cursor."""
    return FORM.format(*("".join(c if c.isprintable() else "?" for c in cell) for cell in cells))
