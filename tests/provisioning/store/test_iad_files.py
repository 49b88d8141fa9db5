"""What the ledger keeps for IADs: the operator's passwords, the devices' secrets, their files."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from provisioning.flows.errors import FlowError
from provisioning.flows.ports import HandedOut, Offer
from provisioning.store.ledger import SqlLedger

JULY = date(2025, 7, 1)
FILE = b"<xml>CANARY</xml>"
DOCUMENT = {"model": "grandstream-gxw4248", "ports": {"1": "08702120001"}}
PASSWORDS = {"08702120001": "CANARYone", "08702120002": "CANARYtwo"}


@pytest.fixture
def devices(ledger: SqlLedger, sample: SimpleNamespace) -> Any:
    """The secrets of two IADs of the site."""
    return ledger.device_secrets(
        "zhaotong", ["iad-1", "iad-2"], new_secret=sample.secrets_maker(), at=sample.now
    )


@pytest.fixture
def offer(sample: SimpleNamespace) -> Offer:
    """A file for iad-1 that may be fetched for half an hour."""
    return Offer(
        site="zhaotong",
        iad="iad-1",
        model="grandstream-gxw4248",
        mac="c0:74:ad:00:00:01",
        file_name="cfgc074ad000001.xml",
        content=FILE,
        document=DOCUMENT,
        until=sample.now + timedelta(minutes=30),
    )


def rows(ledger: SqlLedger, asked: str) -> list[Any]:
    """What a hand with a database client finds."""
    engine = create_engine(ledger._engine.url)
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(asked)))
    finally:
        engine.dispose()


def record(ledger: SqlLedger, sample: SimpleNamespace, passwords: Any, **changes: Any) -> Any:
    made = sample.contract(**changes)
    return ledger.record_versions(
        [(made, JULY)],
        new_secret=sample.secrets_maker(),
        at=sample.now,
        who=sample.who,
        ims_passwords={made.id: passwords},
    )


def test_the_operators_passwords_are_kept_with_their_contract(
    ledger: SqlLedger, sample: SimpleNamespace
) -> None:
    """Passwords are recorded with a contract, and only with it; the contract's document has none."""
    record(ledger, sample, PASSWORDS)
    assert dict(ledger.ims_passwords("zhaotong-2025")) == PASSWORDS
    assert dict(ledger.ims_passwords("jilin-2025")) == {}
    assert "CANARY" not in str(rows(ledger, "SELECT document FROM contract_version"))
    assert "CANARY" not in str(rows(ledger, "SELECT detail FROM audit"))


def test_numbers_that_are_not_named_keep_their_password(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """A contract that stands so already takes new passwords all the same, and forgets none."""
    record(ledger, sample, PASSWORDS)
    assert record(ledger, sample, {"08702120002": "CANARYnew"}) == ()
    assert dict(ledger.ims_passwords("zhaotong-2025")) == {**PASSWORDS, "08702120002": "CANARYnew"}
    record(ledger, sample, {})
    assert len(ledger.ims_passwords("zhaotong-2025")) == 2


def test_only_changed_passwords_are_audited(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """The audit counts what was new or other than before; the same again is no event."""
    record(ledger, sample, PASSWORDS)
    record(ledger, sample, PASSWORDS)
    record(ledger, sample, {**PASSWORDS, "08702120002": "CANARYnew"})
    asked = "SELECT detail FROM audit WHERE event = 'ims-passwords-recorded' ORDER BY id"
    told = [str(detail) for (detail,) in rows(ledger, asked)]
    assert len(told) == 2
    assert "2" in told[0]
    assert "1" in told[1]


def test_passwords_of_a_refused_contract_are_not_kept(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """When a contract cannot be recorded, neither are its passwords."""
    record(ledger, sample, {})
    with pytest.raises(FlowError, match="Nothing was recorded"):
        record(ledger, sample, PASSWORDS, name="other-2025", site="other")
    assert dict(ledger.ims_passwords("other-2025")) == {}


def test_a_devices_secrets_stay(ledger: SqlLedger, devices: Any, sample: SimpleNamespace) -> None:
    """A device gets a token and a password once, each its own, and keeps them."""
    more = ["iad-2", "iad-3", "iad-1"]
    again = ledger.device_secrets("zhaotong", more, new_secret=iter(("t", "p")).__next__, at=sample.now)
    assert {name: again[name] for name in devices} == dict(devices)
    assert (again["iad-3"].token, again["iad-3"].admin_password) == ("t", "p")
    words = [word for one in devices.values() for word in (one.token, one.admin_password)]
    assert len(set(words)) == 4


def test_the_same_name_at_another_site_is_another_device(
    ledger: SqlLedger, devices: Any, sample: SimpleNamespace
) -> None:
    """iad-1 of one site has not the token of iad-1 of another."""
    other = ledger.device_secrets("jilin", ["iad-1"], new_secret=lambda: "other", at=sample.now)
    assert other["iad-1"].token != devices["iad-1"].token


def test_a_token_names_its_device(ledger: SqlLedger, devices: Any) -> None:
    """Whose address it is that was asked for is known, whether there is an offer or not."""
    assert ledger.device_at(devices["iad-2"].token) == ("zhaotong", "iad-2")
    assert [ledger.device_at(other) for other in ("", "iad-2", "\udc80")] == [None] * 3


def test_no_two_devices_share_a_token(ledger: SqlLedger, devices: Any, sample: SimpleNamespace) -> None:
    """A token that another device has is refused by the database itself."""
    with pytest.raises(FlowError, match="Nothing was written"):
        ledger.device_secrets("jilin", ["iad-1"], new_secret=lambda: devices["iad-1"].token, at=sample.now)


def test_what_was_carried_stands(ledger: SqlLedger, sample: SimpleNamespace) -> None:
    """The newest file of a device takes the place of the former; the audit has both."""
    first = HandedOut(
        site="zhaotong", iad="iad-1", document=DOCUMENT, digest="a" * 64, how="carried", at=sample.now
    )
    second = replace(first, digest="b" * 64, at=sample.now + timedelta(days=1))
    ledger.record_handed_out([first, replace(first, iad="iad-2")], who=sample.who)
    ledger.record_handed_out([second], who=sample.who)
    assert ledger.handed_out("zhaotong") == {"iad-1": second, "iad-2": replace(first, iad="iad-2")}
    assert ledger.handed_out("jilin") == {}
    asked = "SELECT subject FROM audit WHERE event = 'iad-carried' ORDER BY id"
    assert [subject for (subject,) in rows(ledger, asked)] == [
        "zhaotong/iad-1",
        "zhaotong/iad-2",
        "zhaotong/iad-1",
    ]


def test_an_offer_is_found_by_its_token_only(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """The token opens the device's own offer; any other token, or the MAC, opens nothing."""
    ledger.offer([offer], at=sample.now, who=sample.who)
    assert ledger.offered(devices["iad-1"].token) == offer
    for other in (devices["iad-2"].token, offer.mac or "", "", "\udc80", "x" * 5000):
        assert ledger.offered(other) is None
        assert ledger.take(other, at=sample.now, detail={}) is None
    assert ledger.offered(devices["iad-1"].token) == offer


def test_an_offer_is_taken_once(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """The first fetch gets the file and stands as handed out; there is no second."""
    ledger.offer([offer], at=sample.now, who=sample.who)
    token = devices["iad-1"].token
    later = sample.now + timedelta(minutes=1)
    assert ledger.take(token, at=later, detail={"address": "192.0.2.7"}) == offer
    assert ledger.take(token, at=later, detail={}) is None
    assert ledger.offered(token) is None
    assert ledger.handed_out("zhaotong")["iad-1"] == HandedOut(
        site="zhaotong",
        iad="iad-1",
        document=DOCUMENT,
        digest=sha256(FILE).hexdigest(),
        how="fetched",
        at=later,
    )
    ((who, detail),) = rows(ledger, "SELECT who, detail FROM audit WHERE event = 'iad-fetched'")
    assert who == "zhaotong/iad-1"
    assert "192.0.2.7" in str(detail)
    assert "CANARY" not in str(detail)


def test_two_fetches_at_once_have_one_winner(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """However many fetch at the same moment, one of them gets the file."""
    token = devices["iad-1"].token
    for _ in range(3):
        ledger.offer([offer], at=sample.now, who=sample.who)
        ready = Barrier(6)

        def take(_: int, ready: Barrier = ready) -> Offer | None:
            ready.wait()
            return ledger.take(token, at=sample.now, detail={})

        with ThreadPoolExecutor(6) as pool:
            taken = [got for got in pool.map(take, range(6)) if got is not None]
        assert taken == [offer]


@pytest.mark.parametrize("late", [timedelta(minutes=30), timedelta(days=9)])
def test_an_offer_whose_time_is_over_is_wiped(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace, late: timedelta
) -> None:
    """From its time on nobody gets the file, and the ledger does not keep it; that there was one is known."""
    ledger.offer([offer], at=sample.now, who=sample.who)
    token = devices["iad-1"].token
    assert ledger.take(token, at=sample.now + late, detail={}) is None
    assert ledger.offered(token) == replace(offer, content=b"")
    assert ledger.take(token, at=sample.now, detail={}) is None
    assert rows(ledger, "SELECT content FROM offer") == [(None,)]
    assert ledger.handed_out("zhaotong") == {}


def test_a_new_offer_closes_the_former_and_wipes_what_is_over(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """A device has one offer; opening any wipes the files of all windows that nobody came through."""
    ledger.offer([offer, replace(offer, iad="iad-2")], at=sample.now, who=sample.who)
    later = sample.now + timedelta(hours=1)
    newer = replace(offer, content=b"newer", until=later + timedelta(minutes=5))
    ledger.offer([newer], at=later, who=sample.who)
    assert ledger.offered(devices["iad-1"].token) == newer
    assert rows(ledger, "SELECT count(*) FROM offer WHERE content IS NULL AND iad = 'iad-2'") == [(1,)]


def test_a_carried_file_closes_an_offer(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """What was carried to the device is not overwritten by an older file that waited to be fetched."""
    ledger.offer([offer], at=sample.now, who=sample.who)
    carried = HandedOut(
        site="zhaotong", iad="iad-1", document=DOCUMENT, digest="a" * 64, how="carried", at=sample.now
    )
    ledger.record_handed_out([carried], who=sample.who)
    assert ledger.take(devices["iad-1"].token, at=sample.now, detail={}) is None


def test_a_device_without_an_address_is_offered_nothing(
    ledger: SqlLedger, offer: Offer, sample: SimpleNamespace
) -> None:
    """An offer needs the device's token; where one lacks it, none of the offers is opened."""
    ledger.device_secrets("zhaotong", ["iad-2"], new_secret=sample.secrets_maker(), at=sample.now)
    with pytest.raises(FlowError, match="iad-1"):
        ledger.offer([replace(offer, iad="iad-2"), offer], at=sample.now, who=sample.who)
    assert rows(ledger, "SELECT count(*) FROM offer") == [(0,)]


def test_a_forgotten_device_leaves_nothing(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """A device that is gone from the site has no token, no offer and no file any more; others keep theirs."""
    ledger.offer([offer, replace(offer, iad="iad-2")], at=sample.now, who=sample.who)
    ledger.forget_iads("zhaotong", ["iad-1", "never-there"], at=sample.now, who=sample.who)
    assert ledger.offered(devices["iad-1"].token) is None
    assert ledger.offered(devices["iad-2"].token) is not None
    renewed = ledger.device_secrets("zhaotong", ["iad-1"], new_secret=lambda: "renewed", at=sample.now)
    assert renewed["iad-1"].token == "renewed"
    asked = "SELECT subject FROM audit WHERE event = 'iad-forgotten'"
    assert rows(ledger, asked) == [("zhaotong/iad-1",)]


def test_nothing_shows_a_secret(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace, add: Callable[..., Any]
) -> None:
    """Printing passwords, secrets and offers tells what they are of, and none of them."""
    record(ledger, sample, PASSWORDS)
    passwords = ledger.ims_passwords("zhaotong-2025")
    shown = f"{passwords} {passwords!r} {devices!r} {offer!r}"
    assert "CANARY" not in shown
    assert "IMS passwords of 2 numbers" in shown


def test_what_is_open_is_known(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """The open windows of a site are known with their ends; one that is over or taken is not open."""
    ledger.offer([offer, replace(offer, iad="iad-2")], at=sample.now, who=sample.who)
    assert ledger.open_offers("zhaotong", at=sample.now) == {"iad-1": offer.until, "iad-2": offer.until}
    assert ledger.open_offers("jilin", at=sample.now) == {}
    assert ledger.open_offers("zhaotong", at=offer.until) == {}
    ledger.take(devices["iad-1"].token, at=sample.now, detail={})
    assert list(ledger.open_offers("zhaotong", at=sample.now)) == ["iad-2"]


def test_only_what_was_looked_at_is_taken(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """A file that came in the place of the one that was looked at waits for the next look."""
    token = devices["iad-1"].token
    ledger.offer([offer], at=sample.now, who=sample.who)
    seen = ledger.offered(token)
    newer = replace(offer, content=b"newer")
    ledger.offer([newer], at=sample.now, who=sample.who)
    assert ledger.take(token, at=sample.now, detail={}, seen=seen) is None
    assert ledger.take(token, at=sample.now, detail={}, seen=ledger.offered(token)) == newer


def test_renewed_secrets_are_others(
    ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace
) -> None:
    """Renewing leaves neither token, password, offer nor SIP secret as it was; the audit does not show it."""
    record(ledger, sample, {})
    before = dict(ledger.secrets("zhaotong"))
    ledger.offer([offer], at=sample.now, who=sample.who)
    made = iter(f"CANARYnew{n}" for n in range(99))
    ledger.renew_iads(
        "zhaotong",
        ["iad-1", "iad-9"],
        ["08702120001"],
        new_secret=made.__next__,
        at=sample.now,
        who=sample.who,
    )
    assert ledger.device_at(devices["iad-1"].token) is None
    assert ledger.device_at("CANARYnew0") == ("zhaotong", "iad-1")
    assert ledger.open_offers("zhaotong", at=sample.now) == {}
    assert ledger.device_at(devices["iad-2"].token) == ("zhaotong", "iad-2")
    after = ledger.secrets("zhaotong")
    assert [number for number in before if before[number] != after[number]] == ["08702120001"]
    told = rows(ledger, "SELECT subject, detail FROM audit WHERE event = 'iad-renewed' ORDER BY id")
    assert [subject for subject, _ in told] == ["zhaotong/iad-1", "zhaotong/iad-9"]
    assert "CANARY" not in str(told)


def test_devices_change_names(ledger: SqlLedger, devices: Any, offer: Offer, sample: SimpleNamespace) -> None:
    """Two devices that exchange their names keep each its own; what else stood under a name is gone."""
    ledger.device_secrets("zhaotong", ["old"], new_secret=iter(("t", "p")).__next__, at=sample.now)
    ledger.offer([offer], at=sample.now, who=sample.who)
    names = {"iad-1": "iad-2", "iad-2": "iad-1"}
    ledger.rename_iads("zhaotong", names, at=sample.now, who=sample.who)
    ledger.rename_iads("zhaotong", {"iad-2": "old"}, at=sample.now, who=sample.who)
    assert ledger.device_at(devices["iad-2"].token) == ("zhaotong", "iad-1")
    assert ledger.device_at(devices["iad-1"].token) == ("zhaotong", "old")
    assert ledger.open_offers("zhaotong", at=sample.now) == {}
    asked = "SELECT subject FROM audit WHERE event = 'iad-renamed' ORDER BY id"
    assert rows(ledger, asked) == [("zhaotong/iad-2",), ("zhaotong/iad-1",), ("zhaotong/old",)]
