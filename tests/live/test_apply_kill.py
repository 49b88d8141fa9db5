"""Whatever moment `apply` is killed at, the site runs entirely as before or entirely as planned."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pbx.action import Action, Reply
from pbx.config import Config
from pbx.live.ami import Ami
from provisioning.flows.read_switch import marks, read_back
from provisioning.planning import names
from provisioning.planning.desired import desired

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

pytestmark = pytest.mark.live

# The two versions a site is switched between differ in all there is: seats, numbers, zones, registrations.
SMALL = (
    sites.contract(of=sites.seats(3)),
    sites.contract(of=sites.seats(4, first=2), zones=("internal", "hmt"), proxy="sip:127.0.1.2:5071"),
)


Choice = Callable[[Action], bool]


def changing(action: Action) -> bool:
    """Actions that change something on the switch, if only its notes."""
    return action.name in ("UpdateConfig", "Reload", "DBPut", "DBDel")


def promoting(action: Action) -> bool:
    """The steps from old to new: each makes one file of a site live."""
    files = dict(action.headers)
    return files.get("SrcFilename", "").startswith("staged-seatline-pjsip-") and files[
        "DstFilename"
    ] == files["SrcFilename"].removeprefix("staged-")


class Deadly(sites.Wrapped):  # type: ignore[misc, name-defined]
    """Kills its own process at one action: while the switch is at it, or after its answer."""

    at = -1
    moment = "after"
    choice: Choice = staticmethod(changing)
    chosen = 0

    def before(self, action: Action) -> None:
        if self.choice(action) and self.chosen == self.at and self.moment == "during":
            threading.Timer(0.001, os.kill, (os.getpid(), signal.SIGKILL)).start()

    def after(self, action: Action, reply: Reply) -> None:
        if self.choice(action):
            if self.chosen == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.chosen += 1


def killed(pbx: Any, contract: Any, at: int, moment: str, choice: Choice = changing) -> bool:
    """Runs apply in a process of its own that kills itself; whether it did, or had come to its end before."""
    child = os.fork()
    if child == 0:
        try:
            switch = Deadly(sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret))
            switch.at, switch.moment, switch.choice = at, moment, choice
            applied = sites.apply_to(switch, sites.Book((contract,)))
            os._exit(0 if applied.exit_code == 0 else 1)
        except BaseException:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status)


def count_of(ami: Ami, contract: Any, choice: Choice = changing) -> int:
    """How many such actions an undisturbed apply has."""
    seen: list[Action] = []

    class Counting(sites.Wrapped):  # type: ignore[misc, name-defined]
        def before(self, action: Action) -> None:
            seen.extend([action] if choice(action) else [])

    assert sites.apply_to(Counting(ami), sites.Book((contract,))).exit_code == 0
    return len(seen)


def running(ami: Ami, versions: tuple[Any, Any]) -> list[int]:
    """Which of two versions the switch runs: every object and extension of it, and nothing of the other."""
    found = []
    for number, version in enumerate(versions):
        secrets = sites.Book(versions).secrets("")
        for slot in names.SLOTS:
            other = desired(versions[1 - number], secrets, slot)
            if not read_back(ami, desired(version, secrets, slot), gone=other.only("seatline-pjsip-")):
                found.append(number)
    return found


def walk(
    pbx: Any, versions: tuple[Any, Any], moments: list[tuple[int, str]], choice: Choice = changing
) -> tuple[int, int]:
    """Toggles between two versions, each apply killed at one moment; how many ended old and how many new."""
    ended = [0, 0]
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert sites.apply_to(ami, sites.Book((versions[0],))).exit_code == 0
        now = 0
        for at, moment in moments:
            target = 1 - now
            died = killed(pbx, versions[target], at, moment, choice)
            unfinished = marks(ami)
            found = running(ami, versions)
            assert len(found) == 1, f"killed {moment} action {at}: runs {found}"
            ended[found[0] == target] += died
            book = sites.Book((versions[target],))
            assert sites.apply_to(ami, book).exit_code == 0, f"killed {moment} action {at}"
            assert running(ami, versions) == [target]
            assert not sites.plan_of(ami, book)
            assert book.applied or not unfinished, "the record of the killed apply was not made"
            now = target
    return ended[0], ended[1]


def test_killed_at_any_action(pbx: Any) -> None:
    """Killed at any action that changes something, apply leaves a site entirely old or entirely new."""
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        sites.apply_to(ami, sites.Book((SMALL[1],)))
        count = count_of(ami, SMALL[0])
    moments = [(n, moment) for n in range(count) for moment in ("during", "after")]
    assert len(moments) >= 25
    old, new = walk(pbx, SMALL, moments)
    assert old >= 10
    assert new >= 3


def test_killed_between_files(pbx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that stands in several files is entirely old until the last of them is live."""
    monkeypatch.setattr(names, "seats_per_file", lambda seats: 1)
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        sites.apply_to(ami, sites.Book((SMALL[1],)))
        assert count_of(ami, SMALL[0], promoting) == 5
    old, new = walk(pbx, SMALL, [(n, "after") for n in (0, 1, 2, 3, 3, 2, 1, 0)], promoting)
    assert (old, new) == (8, 0)
    old, new = walk(pbx, SMALL, [(4, "during"), (4, "after")], promoting)
    assert old + new == 2
    assert new >= 1


def test_killed_at_the_first_apply(pbx: Any) -> None:
    """A new site whose first apply is killed is not there at all, or whole; the next apply finishes."""
    book = sites.Book((SMALL[0],))
    objects = desired(SMALL[0], book.secrets(""), "a").only("seatline-pjsip-")
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        count = count_of(ami, SMALL[0])
        for at in range(count):
            pbx.wipe()
            killed(pbx, SMALL[0], at, "during")
            absent = not read_back(ami, Config(), gone=objects)
            assert absent != (running(ami, SMALL) == [0]), f"killed at action {at}"
            assert sites.apply_to(ami, book).exit_code == 0
            assert running(ami, SMALL) == [0]
            assert not sites.plan_of(ami, book)
