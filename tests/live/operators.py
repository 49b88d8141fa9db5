"""The demanding operator of the live tests: what it asks of its customers, how it fails, what it has seen.

`operator.ims` is the container as the other tests know it; docker/README.md has the table of what it can ask.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pbx import pjsip
from pbx.config import Config
from pbx.section import Section

DOMAIN = "ims.example.net"
REFUSED = "ims refused "
FULL = "ims full "


@dataclass(frozen=True)
class Message:
    """A SIP message as the operator had it."""

    line: str
    """Its first line, with its way: "<== " came from us, "==> " went to us."""
    second: int
    """When, in seconds since 1970."""
    text: str
    """All of it, under a line that says where it came from or went."""


@dataclass
class Operator:
    """An `ims` that asks for passwords, and the handles by which a test makes it harder or makes it fail."""

    ims: Any
    """The container: conftest.Ims."""
    secrets: Path
    """Its folder of secrets, where ims-passwords lies."""
    passwords: dict[str, str] = field(default_factory=dict)
    """What is in that file: public user to digest password."""

    @property
    def sip(self) -> str:
        return self.ims.sip

    def demand(self, *, passwords: Mapping[str, str] | None = None, **settings: str) -> None:
        """Asks these things from now on, and of all else the usual: challenge="invite", expires="60-120",
        timers="required", session="90", reliable="required", auth_user="{bare}@{domain}", callers="any",
        identity="required", capacity="2". `passwords` are set for a while, beside the usual ones."""
        lines = "".join(f"{user} {word}\n" for user, word in (self.passwords | dict(passwords or {})).items())
        (self.secrets / "ims-passwords").write_text(lines)
        (self.secrets / "ims-passwords").chmod(0o600)
        asked = [f"SEATLINE_IMS_{key.upper()}={value}" for key, value in settings.items()]
        names = [part for one in asked for part in ("-e", one)]
        said = _docker("exec", *names, self.ims.id, "seatline-public-users", "reload")
        assert "reloaded successfully" in said, said

    @contextmanager
    def asking(self, *, passwords: Mapping[str, str] | None = None, **settings: str) -> Iterator[None]:
        """Demands these things for a while, and the usual afterwards; who is registered stays so."""
        self.demand(passwords=passwords, **settings)
        try:
            yield
        finally:
            self.demand()

    def goes_with(self, number: str, main: str) -> None:
        """A number that may be shown without a registration of its own, as `main` has one (a trunk's DDI)."""
        self.ims.cli(f"database put goes-with {number} {main}")

    def forget(self) -> int:
        """Loses all registrations, as after a crash without a backup; how many there were."""
        said = self.ims.cli("database deltree registrar")
        found = re.search(r"(\d+) database entries removed", said)
        return int(found[1]) if found else 0

    def reset(self) -> None:
        """As new: the usual demands, nobody registered, no call up, nothing noted."""
        self.ims.cli("channel request hangup all")
        self.wait_idle()
        self.ims.shell("truncate --no-create --size 0 /var/log/asterisk/calls.log")
        self.ims.cli("database deltree goes-with")
        self.forget()
        self.demand()
        self.listen()

    def wait_idle(self) -> None:
        """Waits until no call is up: a caller who has hung up is told so before all legs are gone."""
        wait_for(lambda: idle(self.ims), "end of all calls")

    def notes(self, kind: str = REFUSED) -> list[str]:
        """What it noted since `reset` about calls it did not take, in order: `REFUSED` or `FULL`."""
        lines = self.ims.noted().splitlines()
        return [line.partition(kind)[2] for line in lines if kind in line]

    def listen(self) -> None:
        """Begins to keep all SIP messages, from now on."""
        self.ims.cli("pjsip set history clear")
        self.ims.cli("pjsip set history on")

    def heard(self) -> list[str]:
        """The first line of each message since `listen`: "<== INVITE sip:..." from us, "==> SIP/2.0 ..."."""
        return [one.line for one in self.history()]

    def history(self) -> list[Message]:
        """All messages since `listen`; one that was sent again, for want of a quick answer, is there once."""
        kept = self.ims.cli("pjsip show history")
        rows = re.findall(r"^(\d+) (\d+) \* (<==|==>) \S+ +(.*)$", kept, re.MULTILINE)
        ask = "; echo; echo %%; ".join(f"asterisk -rx 'pjsip show history entry {row[0]}'" for row in rows)
        texts = re.split(r"^%%\n", self.ims.shell(ask), flags=re.MULTILINE) if rows else []
        found: dict[str, Message] = {}
        for (_, second, way, line), text in zip(rows, texts, strict=True):
            whole = text.strip().partition("\n")[2]
            found.setdefault(f"{way}{whole}", Message(f"{way} {line.strip()}", int(second), text.strip()))
        return list(found.values())

    def contact(self, user: str) -> str:
        """The URI a public user is registered at, "" when it is not."""
        kept = self.ims.cli("database show registrar/contact")
        uris = re.findall(r'"uri":"([^"]+)"', kept.replace("\\/", "/"))
        return next((uri for uri in uris if uri.startswith(f"sip:{user}@")), "")

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Blackout: its process stands still and answers nothing. What it was sent meanwhile is not
        lost: it is answered afterwards, too late, as a switch that hung would do."""
        _docker("kill", "--signal", "STOP", self.ims.id)
        try:
            yield
        finally:
            _docker("kill", "--signal", "CONT", self.ims.id)
            wait_for(
                lambda: "Asterisk" in self.ims.cli("core show version"), "answer of the operator's console"
            )

    @contextmanager
    def out_of_service(self) -> Iterator[None]:
        """Blackout with an answer: 503 to every call and every registration."""
        self.ims.cli("pjsip set maintenance on all")
        try:
            yield
        finally:
            self.ims.cli("pjsip set maintenance off all")


def registration(proxy: str, user: str, password: str, **options: str) -> tuple[Section, ...]:
    """The registration of one public user as planned, with its digest password and options of its own."""
    name = user.removeprefix("+")
    made = pjsip.registration(
        f"{name}-reg",
        endpoint="line-x",
        user=user,
        domain=DOMAIN,
        proxy=f"sip:{proxy}",
        transport="seatline-udp",
        auth=f"{name}-ims-auth",
    )
    kept = tuple((key, value) for key, value in made.options if key not in options)
    auth = pjsip.auth(f"{name}-ims-auth", user=f"{user}@{DOMAIN}", secret=password)
    return replace(made, options=(*kept, *options.items())), auth


def put(pbx: Any, *sections: Section) -> None:
    pbx.put(Config({"seatline-pjsip-x-01.conf": sections}))


def standing(pbx: Any) -> dict[str, str]:
    """How the switch's registrations stand, by name: Registered, Unregistered, Rejected."""
    return dict(re.findall(r"^ *(\S+)/sip\S+ +\S+ +(\w+)", pbx.cli("pjsip show registrations"), re.MULTILINE))


def state(pbx: Any, user: str = "+868702120001") -> str:
    """How a registration of `registration` stands, "" when there is none."""
    return standing(pbx).get(f"{user.removeprefix('+')}-reg", "")


def wait_registered(pbx: Any, *names: str, timeout: float = 60.0) -> None:
    """Waits until the switch itself has these registrations, or all it has: what stands at an operator may
    be left of a former registration, and calls do not come in on that."""

    def done() -> bool:
        found = standing(pbx)
        return bool(found) and {found.get(name) for name in names or found} == {"Registered"}

    wait_for(done, f"registration of {names or 'all'}", timeout)


def idle(switch: Any) -> bool:
    """Whether no call is up at a switch, nor any leg of one."""
    count = switch.cli("core show channels count").splitlines()
    return {"0 active channels", "0 active calls"} <= set(count)


def rejected_for(pbx: Any) -> int:
    """In how many seconds a rejected registration is tried again; 0 when none is rejected."""
    found = re.search(r"Rejected +\(exp. (\d+)s\)", pbx.cli("pjsip show registrations"))
    return int(found[1]) if found else 0


def wait_for(done: Callable[[], Any], what: str, timeout: float = 60.0) -> Any:
    """Asks again and again until the answer is something."""
    end = time.monotonic() + timeout
    while not (found := done()):
        assert time.monotonic() < end, f"no {what} within {timeout:g} s"
        time.sleep(0.1)
    return found


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout
