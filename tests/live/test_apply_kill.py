"""Whatever moment `apply` is killed at, the site runs entirely as before or entirely as planned."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
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
    sites.contract(of=sites.seats(3, first=2), zones=("internal", "hmt"), proxy=sites.OTHER_PROXY),
)


NEVER = -1
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


def filling(action: Action) -> bool:
    """The steps before it: each writes to a file of seats that nothing refers to yet."""
    written = dict(action.headers).get("DstFilename", "")
    return action.name == "UpdateConfig" and written.startswith("seatline-pjsip-1_")


class Deadly(sites.Wrapped):
    """Kills its own process at one action: while the switch is at it, or after its answer."""

    at = NEVER
    moment = "after"
    choice: Choice = staticmethod(changing)
    chosen = 0
    power: Callable[[], None] = staticmethod(lambda: None)
    """Ends the switch just before."""

    def before(self, action: Action) -> None:
        if not self.choice(action) or self.chosen != self.at:
            return
        if self.moment == "before":
            self.power()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.moment == "during":
            threading.Timer(0.001, os.kill, (os.getpid(), signal.SIGKILL)).start()

    def after(self, action: Action, reply: Reply) -> None:
        if self.choice(action):
            if self.chosen == self.at:
                self.power()
                os.kill(os.getpid(), signal.SIGKILL)
            self.chosen += 1


def killed(
    pbx: Any, applied: Any, at: int, moment: str, choice: Choice = changing, power: bool = False
) -> bool:
    """Runs apply of a contract, or of a book, in a process of its own that kills itself; whether it did, or
    had come to its end before. With `power` the switch goes at the same moment."""
    child = os.fork()
    if child == 0:
        try:
            switch = Deadly(sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret))
            switch.at, switch.moment, switch.choice = at, moment, choice
            if power:
                switch.power = pbx.kill
            book = applied if isinstance(applied, sites.Book) else sites.Book((applied,))
            done = sites.apply_to(switch, book, force=bool(book.earlier))
            os._exit(0 if done.exit_code == 0 else 1)
        except BaseException:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status)


def count_of(ami: Ami, contract: Any, choice: Choice = changing) -> int:
    """How many such actions an undisturbed apply has."""
    seen: list[Action] = []

    class Counting(sites.Wrapped):
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


def wait_at_rest(pbx: Any) -> None:
    """Waits until the switch is done with the action its asker died in: then only our session is left."""
    sites.wait_for(
        lambda: pbx.cli("manager show connected").splitlines()[-1].startswith("1 user"), "end of the session"
    )


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
            wait_at_rest(pbx)
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
    """A site whose seats stand in several files changes with one of them, as one in a single file does."""
    monkeypatch.setattr(names, "seats_per_file", lambda seats: 1)
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        sites.apply_to(ami, sites.Book((SMALL[1],)))
        assert count_of(ami, SMALL[0], promoting) == 1
        count = count_of(ami, SMALL[1], filling)
    assert count == 3
    moments = [(n, moment) for n in range(count) for moment in ("during", "after")]
    assert walk(pbx, SMALL, moments, filling) == (len(moments), 0)
    assert walk(pbx, SMALL, [(0, "after")], promoting) == (0, 1)


def test_killed_at_the_first_apply(pbx: Any) -> None:
    """A new site whose first apply is killed is not there at all, or whole; the next apply finishes."""
    versions = (sites.contract(of=sites.seats(12)), SMALL[1])
    book = sites.Book(versions[:1])
    objects = desired(versions[0], book.secrets(""), "a").only("seatline-pjsip-")
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        count = count_of(ami, versions[0])
        for at in range(0, count, 3):
            pbx.wipe()
            killed(pbx, versions[0], at, "during")
            wait_at_rest(pbx)
            absent, found = not read_back(ami, Config(), gone=objects), running(ami, versions)
            assert absent != (found == [0]), f"killed at action {at}"
            if absent:
                assert {c["action"] for c in sites.plan_of(ami, book).to_json()["changes"]} == {"add"}
            assert sites.apply_to(ami, book).exit_code == 0, f"killed at action {at}"
            assert running(ami, versions) == [0]
            assert not sites.plan_of(ami, book)


def test_killed_while_a_site_is_renamed(pbx: Any) -> None:
    """Whenever apply is killed, all telephones of a renamed site have its old name, or all have the new."""
    old = sites.contract(of=sites.seats(3))
    new = replace(old, site=replace(old.site, name="aaa"))
    both = (old, new)
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        book = sites.Book((old,))
        assert sites.apply_to(ami, book).exit_code == 0
        now, at, died = 0, 0, True
        while died:
            book = sites.Book((both[1 - now],), earlier=(both[now],))
            died = killed(pbx, book, at, "after", promoting)
            wait_at_rest(pbx)
            found = running(ami, both)
            assert len(found) == 1, f"killed after action {at}: runs {found}"
            assert sites.apply_to(ami, book, force=True).exit_code == 0
            assert running(ami, both) == [1 - now]
            assert not sites.plan_of(ami, book).notes
            now, at = 1 - now, at + 1
        assert at == 3


@pytest.mark.parametrize(("moment", "end"), [("before", 0), ("after", 1)])
def test_the_power_goes_for_both(pbx: Any, moment: str, end: int) -> None:
    """When apply and the switch end together at the switch-over, the switch comes up entirely old or new,
    still knows that somebody has to look, and the next apply finishes."""
    # The switch's database writes late: what the test before left must be on disk when the power goes, and
    # this apply's lock, which may be remembered again, must be of a process that is gone by then.
    pbx.restart()
    assert not killed(pbx, SMALL[0], NEVER, "after")
    assert killed(pbx, SMALL[1], 0, moment, promoting, power=True)
    pbx.start()
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert running(ami, SMALL) == [end]
        assert set(marks(ami)) == {"zhaotong"}
        book = sites.Book((SMALL[1],))
        assert sites.apply_to(ami, book).exit_code == 0
        assert running(ami, SMALL) == [1]
        assert not sites.plan_of(ami, book).notes
        assert book.applied
