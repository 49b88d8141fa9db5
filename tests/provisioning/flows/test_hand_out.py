"""A file is handed out once, in its time, to the device it is for, and to nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pbx.errors import Malformed
from provisioning.flows.errors import FlowError
from provisioning.flows.hand_out import CHECKS, DeviceFile, Request, fetch, offer_iads
from provisioning.flows.odd_fetch import REASONS, OddFetch
from provisioning.flows.ports import HandedOut, Offer

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
TOKEN = "T0kenOfTheFirstDevice123"
MAC = "c0:74:ad:00:00:01"
AGENT = "Grandstream Model HW GXW4248 V1.0 SW 1.0.5.2 DevId c074ad000001"
FILE = DeviceFile(
    site="zhaotong",
    iad="iad-1",
    model="grandstream-gxw4248",
    mac=MAC,
    file_name="cfgc074ad000001.xml",
    content=b"<secret/>",
    document={"lines": {}},
)
RIGHT = Request(token=TOKEN, file_name=FILE.file_name, user_agent=AGENT, remote="192.0.2.7")


@dataclass
class Book:
    """A ledger in memory: the address of one device, and what waits there."""

    offers: dict[str, Offer] = field(default_factory=dict)
    last: dict[str, HandedOut] = field(default_factory=dict)
    taken: list[Mapping[str, Any]] = field(default_factory=list)
    quicker: bool = False
    """Somebody else takes the file between the look and the grip."""
    instead: Offer | None = None
    """Another file is offered between the look and the grip."""

    def handed_out(self, site: str) -> Mapping[str, HandedOut]:
        return {iad: one for iad, one in self.last.items() if one.site == site}

    def offer(self, offers: Sequence[Offer], *, at: datetime, who: str) -> None:
        self.offers[TOKEN] = offers[-1]

    def device_at(self, token: str) -> tuple[str, str] | None:
        return ("zhaotong", "iad-1") if token == TOKEN else None

    def offered(self, token: str) -> Offer | None:
        return self.offers.get(token)

    def take(
        self, token: str, *, at: datetime, detail: Mapping[str, Any], seen: Offer | None = None
    ) -> Offer | None:
        if self.instead is not None:
            self.offers[token], self.instead = self.instead, None
        found = self.offers[token]
        if at >= found.until:
            self.offers[token] = replace(found, content=b"")
            return None
        if seen is not None and found != seen:
            return None
        del self.offers[token]
        self.taken.append(detail)
        self.last[found.iad] = HandedOut(
            site=found.site, iad=found.iad, document={}, digest="", how="fetched", at=at
        )
        return None if self.quicker else found


class Grandstream:
    """The family's eye for its devices."""

    def sent_by(self, user_agent: str) -> str | None:
        if not user_agent.startswith("Grandstream"):
            return None
        digits = user_agent.rpartition("DevId ")[2]
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


class Anything:
    """A family that never names itself."""

    def sent_by(self, user_agent: str) -> str | None:
        return ""


def family_of(model: str) -> Any:
    if model == "dinstar-gone":
        raise Malformed("no such family")
    return Grandstream() if model.startswith("grandstream") else Anything()


def book(*, minutes: int = 30, **others: Any) -> Book:
    """A book in which the file waits."""
    found = Book()
    offer_iads(found, [replace(FILE, **others)], minutes=minutes, at=NOW, who="li@desk")
    return found


def ask(of: Book, *, at: datetime = NOW, **others: Any) -> Offer | str:
    """The file that is handed out, or the reason why it is not."""
    found = fetch(of, replace(RIGHT, **others), now=at, family_of=family_of)
    return found.reason if isinstance(found, OddFetch) else found


def test_the_device_gets_its_file_once() -> None:
    """The device itself, in time, gets the file; who asks again gets nothing."""
    kept = book()
    found = ask(kept)
    assert isinstance(found, Offer)
    assert found.content == b"<secret/>"
    assert kept.taken == [{"remote": "192.0.2.7", "user_agent": AGENT}]
    assert ask(kept) == "taken"


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"token": "T0kenOfTheFirstDevice124"}, "unknown-token"),
        ({"token": ""}, "unknown-token"),
        ({"token": MAC}, "unknown-token"),
        ({"method": "HEAD"}, "wrong-method"),
        ({"method": "POST"}, "wrong-method"),
        ({"user_agent": "curl/8.5"}, "wrong-user-agent"),
        ({"user_agent": ""}, "wrong-user-agent"),
        ({"user_agent": "Grandstream" + "x" * 9000 + AGENT}, "wrong-user-agent"),
        ({"user_agent": AGENT.replace("000001", "000002")}, "wrong-mac"),
        ({"file_name": "cfgc074ad000002.xml"}, "other-name"),
        ({"file_name": "cfgc074ad000001"}, "other-name"),
        ({"file_name": "CFGC074AD000001.XML"}, "other-name"),
        ({"file_name": ""}, "other-name"),
        ({"at": NOW + timedelta(minutes=30)}, "expired"),
        ({"at": NOW + timedelta(days=300)}, "expired"),
    ],
)
def test_whoever_is_not_right_gets_nothing_and_spoils_nothing(others: dict[str, Any], reason: str) -> None:
    """A request that is wrong in one thing gets nothing, and the file still waits for its device."""
    kept = book()
    assert ask(kept, **others) == reason
    assert kept.taken == []
    assert isinstance(ask(kept), Offer) == (reason != "expired")


def test_a_file_whose_time_is_over_is_wiped_when_that_is_seen() -> None:
    """The first request that comes too late wipes the file; the ledger is not asked to again."""
    kept = book()
    assert ask(kept, at=NOW + timedelta(hours=1)) == "expired"
    assert kept.offers[TOKEN].content == b""


def test_what_is_taken_is_what_was_looked_at() -> None:
    """A file for another MAC that is offered between the look and the grip is looked at for itself."""
    kept = book()
    kept.instead = replace(kept.offers[TOKEN], mac="c0:74:ad:00:00:09")
    assert ask(kept) == "wrong-mac"
    assert kept.taken == []
    kept = book()
    kept.instead = replace(kept.offers[TOKEN], content=b"newer")
    found = ask(kept)
    assert isinstance(found, Offer)
    assert found.content == b"newer"


def test_a_window_is_open_to_its_last_moment() -> None:
    """A file waits until its time, and not a moment longer."""
    last = NOW + timedelta(minutes=30) - timedelta(microseconds=1)
    assert isinstance(ask(book(), at=last), Offer)


def test_without_an_offer_there_is_nothing() -> None:
    """The address of a device for which nothing waits gives nothing, whatever was carried there before."""
    kept = Book()
    assert ask(kept) == "no-offer"
    kept.last["iad-1"] = HandedOut(
        site="zhaotong", iad="iad-1", document={}, digest="", how="carried", at=NOW
    )
    assert ask(kept) == "no-offer"


def test_of_two_at_once_one_gets_it() -> None:
    """Who was slower by a moment is told that it was taken."""
    kept = book()
    kept.quicker = True
    assert ask(kept) == "taken"


def test_a_file_that_was_wiped_is_over() -> None:
    """An offer without content has had its time."""
    assert ask(book(content=b"")) == "expired"


def test_a_device_that_names_no_mac_is_known_by_token_and_name() -> None:
    """Where the family sends no MAC the token opens, for the right name alone, and a wrong one is told."""
    kept = book(model="patton-sn4324", file_name="a.cfg")
    assert ask(kept, file_name="b.cfg", user_agent="") == "wrong-name"
    assert isinstance(ask(kept, file_name="a.cfg", user_agent=""), Offer)


def test_a_mac_that_the_contract_does_not_say_is_not_compared() -> None:
    """A device whose MAC nobody recorded is known by its User-Agent's kind alone."""
    assert ask(book(mac=None), user_agent="curl/8.5") == "wrong-user-agent"
    assert isinstance(ask(book(mac=None)), Offer)


def test_a_model_that_nobody_knows_any_more_gets_nothing() -> None:
    """An offer whose template was taken away is handed to nobody."""
    assert ask(book(model="dinstar-gone")) == "unknown-model"


def test_what_is_odd_tells_whose_address_it_was_and_no_secret() -> None:
    """What is written down names the device and who asked, without token, file name or odd characters."""
    asked = replace(RIGHT, user_agent="Evil\x1b[2J" + "x" * 500, remote="192.0.2.66")
    found = fetch(book(), asked, now=NOW, family_of=family_of)
    assert isinstance(found, OddFetch)
    assert (found.site, found.iad, found.remote) == ("zhaotong", "iad-1", "192.0.2.66")
    assert found.user_agent == "Evil?[2J" + "x" * 192
    for text in (str(found), repr(found), repr(asked)):
        assert TOKEN not in text
        assert FILE.file_name not in text


def test_every_reason_has_its_words() -> None:
    """The table of decisions and the table of words have the same reasons."""
    assert {reason for reason, _ in CHECKS} == set(REASONS)


@pytest.mark.parametrize("minutes", [0, -5, 24 * 60 + 1])
def test_a_window_is_a_minute_to_a_day(minutes: int) -> None:
    """A window that is no window, or is open for days, is refused."""
    with pytest.raises(FlowError, match="1 to 1440 minutes"):
        offer_iads(Book(), [FILE], minutes=minutes, at=NOW, who="li@desk")


def test_nothing_to_offer_opens_nothing() -> None:
    """Without a file there is no offer, and the ledger is left alone."""
    assert offer_iads(Book(), [], minutes=30, at=NOW, who="li@desk") == ()
