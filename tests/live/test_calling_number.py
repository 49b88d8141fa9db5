"""Only a seat's own number is ever shown, whatever its telephone says; what it said is noted."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pbx.live.softphone import Call, Phone, Phones

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
pytestmark = pytest.mark.live

ANNA, BERT, SECOND = "08702120001", "08702120002", "08702120009"
MACHINE = "13900138000"
"""A mobile that nobody has registered: the operator answers for it."""
FOREIGN = "01085201234"


@dataclass(frozen=True)
class Office:
    """One contract; Anna's seat has a second number."""

    pbx: Any
    ims: Any
    bert: Phone
    secret: str

    def noted(self, least: int = 0) -> list[str]:
        """What the switch has noted of claims since it was started, once there are as many as that."""
        return sites.wait_for(  # type: ignore[no-any-return]
            lambda: [found] if len(found := self._noted()) >= least else None, "claims"
        )[0]

    def _noted(self) -> list[str]:
        log = (self.pbx.log / "messages.log").read_text(errors="replace")
        return [
            line.partition("seatline claim: ")[2] for line in log.splitlines() if "seatline claim: " in line
        ]


@pytest.fixture(scope="module")
def office(switches: Any) -> Iterator[Office]:
    """The contract on a wiped switch, and Bert's telephone."""
    pbx = switches.pbx
    pbx.wipe()
    made = sites.contract(of=sites.seats(3))
    seats = (replace(made.site.seats[0], second_number=SECOND), *made.site.seats[1:])
    book = sites.Book((replace(made, site=replace(made.site, seats=seats)),))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {(outcome.status, outcome.fault) for outcome in applied.outcomes} == {("applied", None)}
    secrets = book.secrets("zhaotong")
    with Phones(bind=switches.desks) as phones:
        bert = phones.register(BERT, auth_user=f"seat-{BERT}", secret=secrets[BERT], registrar=pbx.sip)
        yield Office(pbx, switches.ims, bert, secrets[ANNA])


@pytest.fixture
def says(office: Office, phones: Phones) -> Callable[[str], Phone]:
    """Anna's telephone, saying another user in its From."""
    return lambda user: phones.unregistered(
        user, auth_user=f"seat-{ANNA}", secret=office.secret, registrar=office.pbx.sip
    )


def shown(office: Office, call: Call) -> Mapping[str, str]:
    """What the operator was shown of a call, which it answers."""
    assert call.talk(0).code == 200
    return office.ims.calls()[-1]  # type: ignore[no-any-return]


CLAIMS = {
    "P-Asserted-Identity": f"<sip:{FOREIGN}@ims.example.net>",
    "P-Preferred-Identity": f'"110" <sip:{FOREIGN}@ims.example.net>',
    "Remote-Party-ID": f"<sip:{FOREIGN}@ims.example.net>;party=calling;privacy=off",
    "Diversion": f"<sip:{FOREIGN}@ims.example.net>;reason=unconditional",
    "History-Info": f"<sip:{FOREIGN}@ims.example.net>;index=1",
}


def test_a_number_claimed_in_any_header_is_overruled_and_noted(
    office: Office, says: Callable[[str], Phone], new_records: Callable[[int], list[Mapping[str, Any]]]
) -> None:
    """Whichever header says a foreign number, the operator sees the seat's own in From and P-Asserted-
    Identity and the foreign one nowhere; each claim is in the log and the call record says that there was
    one."""
    before = len(office.noted())
    phone = says("anna")
    for header, said in CLAIMS.items():
        seen = shown(office, phone.dial(MACHINE, headers=[(header, said)]))
        assert seen["from"] == f"+86{ANNA[1:]}"
        assert seen["PAI"].startswith(f"<sip:+86{ANNA[1:]}@")
        assert FOREIGN[1:] not in "".join(seen.values())
    seen = shown(office, says(FOREIGN).dial(MACHINE))
    assert FOREIGN[1:] not in "".join(seen.values())
    noted = office.noted(before + len(CLAIMS) + 1)[before:]
    assert noted == [
        f"seat {ANNA} says {FOREIGN} in {header} and shows its own" for header in (*CLAIMS, "From")
    ]
    found = new_records(len(CLAIMS) + 1)
    assert {(r["accountcode"], r["src"], r["userfield"]) for r in found} == {(ANNA, ANNA, "claimed")}


def test_a_seat_cannot_show_another_seats_number(
    office: Office, says: Callable[[str], Phone], new_records: Callable[[int], list[Mapping[str, Any]]]
) -> None:
    """A colleague's number, long or short, is as foreign as any: it is not shown, outside or inside, and
    noted."""
    before = len(office.noted())
    for said in (BERT, "+86870" + BERT[4:], "6002"):
        assert shown(office, says(said).dial(MACHINE))["from"] == f"+86{ANNA[1:]}"
    assert says(BERT).dial("6002").talk(0).code == 200
    assert "<sip:6001@" in office.bert.next_call().came_from
    assert len(office.noted(before + 4)) - before == 4
    assert {r["userfield"] for r in new_records(4)} == {"claimed"}


def test_the_own_number_in_any_form_is_no_claim(
    office: Office, says: Callable[[str], Phone], new_records: Callable[[int], list[Mapping[str, Any]]]
) -> None:
    """The seat's own number, its short one, its second one, its digest user and a name are nothing to
    note; a colleague's after them is."""
    before = len(office.noted())
    for said in (ANNA, f"+86{ANNA[1:]}", ANNA[4:], "6001", SECOND, f"seat-{ANNA}", "anna", "anonymous"):
        phone = says(said)
        assert shown(office, phone.dial(MACHINE))["from"] == f"+86{ANNA[1:]}"
    shown(office, phone.dial(MACHINE, headers=[("Remote-Party-ID", f"<sip:{BERT}@ims.example.net>")]))
    noted = office.noted(before + 1)[before:]
    assert noted == [f"seat {ANNA} says {BERT} in Remote-Party-ID and shows its own"]
    assert sorted(r["userfield"] for r in new_records(9)) == [*[""] * 8, "claimed"]


def test_of_a_claim_only_digits_get_into_the_log(office: Office, says: Callable[[str], Phone]) -> None:
    """Several numbers in one header are all noted, and letters, quotes, brackets and line breaks of a claim
    are not."""
    before = len(office.noted())
    said = f'"x\\" ${{SHELL(id)}} ,)" <sip:{FOREIGN}@a>, <tel:+8613811112222>'
    seen = shown(office, says("%0d%0a4007001234").dial(MACHINE, headers=[("P-Asserted-Identity", said)]))
    assert seen["from"] == f"+86{ANNA[1:]}"
    noted = office.noted(before + 2)[before:]
    assert [line for line in noted if "P-Asserted" in line] == [
        f"seat {ANNA} says {number} in P-Asserted-Identity and shows its own"
        for number in (FOREIGN, "008613811112222")
    ]
    assert "uid=" not in "".join(noted)


def test_hiding_the_number_is_no_way_either(office: Office, says: Callable[[str], Phone]) -> None:
    """Privacy: id and an anonymous From leave the seat's number where the operator sees it."""
    headers = [("Privacy", "id"), ("P-Asserted-Identity", "<sip:anonymous@anonymous.invalid>")]
    seen = shown(office, says("anonymous").dial(MACHINE, headers=headers))
    assert (seen["from"], seen["Privacy"]) == (f"+86{ANNA[1:]}", "")
    assert seen["PAI"].startswith(f"<sip:+86{ANNA[1:]}@")
