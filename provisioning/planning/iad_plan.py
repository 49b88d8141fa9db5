"""What would change on a site's IADs: what left the house last against what should be (IAD变更计划)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pbx.iad.device import Device, Line
from provisioning.planning.plan import Change, Plan

Document = Mapping[str, Any]
"""A device without any secret, as plain data: what `document` makes of it."""
_Place = tuple[str, int]


def document(device: Device, *, numbers: Mapping[int, str], key: str, fetches: bool = True) -> Document:
    """The device as it may be kept and compared: without any secret, but with fingerprints of them.

    `numbers` are the long numbers on its ports, `key` is the device's token: who does not have it learns
    nothing from a fingerprint. `fetches` says whether its format has words for where to fetch at all.
    """
    address = device.fetch_url if fetches else None
    return {
        "model": device.model,
        "mac": device.mac,
        "server": asdict(device.server),
        "settings": dict(device.settings),
        "fetches": address is not None,
        "secret": _print(key, device.admin_password or "", address or ""),
        "ports": len(device.ports),
        "lines": {str(port): _line(line, numbers[port], key) for port, line in device.lines},
    }


def _line(line: Line, number: str, key: str) -> dict[str, Any]:
    return {
        "number": number,
        "user": line.user,
        "auth_user": line.auth_user,
        "display": line.display,
        "untouched": line.untouched,
        "t38": line.t38,
        "secret": _print(key, line.auth_user, line.password),
    }


def _print(key: str, *texts: str) -> str:
    """Tells whether a secret is the former one; to whoever has no key it says nothing."""
    return hmac.digest(key.encode(), "\n".join(texts).encode(), "sha256").hex()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What an IAD got last: its document, and the digest of its file."""

    document: Document
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What should be of an IAD: its document, its file's name and digest, its numbers' short numbers.

    The digest is None where the file cannot be written yet.
    """

    document: Document
    file: str
    short_numbers: Mapping[str, str]
    digest: str | None = None


def iad_plan(site: str, former: Mapping[str, Former], wanted: Mapping[str, Wanted]) -> Plan:
    """The changes from what the devices got last to what they should have, each device before its ports.

    A number on another port has moved: that is one change, told where it comes to. A file that says the same
    in other words, because a newer seatline writes it, is a change of the device.
    """
    before = {iad: former[iad].document for iad in sorted(former)}
    moves = _Moves(stood=_places(before), stands=_places({iad: one.document for iad, one in wanted.items()}))
    changes: list[Change] = []
    for iad in (*wanted, *(name for name in before if name not in wanted)):
        changes += _device_changes(iad, before, wanted, moves)
        if iad in former and iad in wanted and _reads_otherwise(former[iad], wanted[iad]):
            words = ("its file is written otherwise now",)
            changes.append(Change(action="change", kind="iad", name=iad, file=wanted[iad].file, detail=words))
    existing = len(before) + sum(len(one["lines"]) for one in before.values())
    return Plan(site=site, changes=tuple(changes), existing=existing)


def to_hand_out(former: Mapping[str, Former], wanted: Mapping[str, Wanted]) -> frozenset[str]:
    """The IADs that should get a new file; also one that only loses a line to another."""
    return frozenset(
        iad
        for iad, one in wanted.items()
        if iad not in former or one.document != former[iad].document or _reads_otherwise(former[iad], one)
    )


def _reads_otherwise(former: Former, wanted: Wanted) -> bool:
    """Whether the same device is written in other words by now."""
    return wanted.document == former.document and wanted.digest not in (None, former.digest)


def is_other_device(former: Document, wanted: Document) -> bool:
    """Whether another box than the one that got the former file is to get the new one (换机)."""
    return former["model"] != wanted["model"] or _other_mac(former, wanted)


def is_strange_to_secrets(former: Document, wanted: Document) -> bool:
    """Whether it is another box for certain, so that nothing the former one knows may open anything for it:
    not where only the model was corrected."""
    same_mac = wanted["mac"] is not None and former["mac"] == wanted["mac"]
    return is_other_device(former, wanted) and not same_mac


def _other_mac(former: Document, wanted: Document) -> bool:
    return None not in (former["mac"], wanted["mac"]) and former["mac"] != wanted["mac"]


def loses_all(site: str, former: Mapping[str, Former], wanted: Mapping[str, Wanted]) -> str | None:
    """Why a plan needs --force: telephones are in use, and none would be left. None where it does not."""
    had = sum(len(one.document["lines"]) for one in former.values())
    if not had or any(one.document["lines"] for one in wanted.values()):
        return None
    return (
        f"site {site}: its IADs would lose all of {had} lines; look at `seatline plan {site}`, "
        "and add --force if it is meant so"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moves:
    """Where each number stood and where it stands."""

    stood: Mapping[str, _Place]
    stands: Mapping[str, _Place]


def _device_changes(
    iad: str, before: Mapping[str, Document], wanted: Mapping[str, Wanted], moves: _Moves
) -> Iterator[Change]:
    old = before.get(iad)
    new = wanted[iad].document if iad in wanted else None
    file = wanted[iad].file if iad in wanted else ""
    if old is None and new is not None:
        lines = len(new["lines"])
        what = (str(new["model"]), f"{lines} line{'' if lines == 1 else 's'}")
        yield Change(action="add", kind="iad", name=iad, file=file, detail=what)
    elif new is None and old is not None:
        yield Change(action="remove", kind="iad", name=iad, file=file, detail=(str(old["model"]),))
    elif old is not None and new is not None and (detail := tuple(_device_words(old, new))):
        yield Change(action="change", kind="iad", name=iad, file=file, detail=detail)
    yield from _port_changes(iad, before, wanted, moves)


def _device_words(old: Document, new: Document) -> Iterator[str]:
    """What of the device itself is otherwise."""
    if old["model"] != new["model"]:
        yield f"model {old['model']} -> {new['model']}"
    if old["mac"] != new["mac"]:
        yield f"MAC {old['mac'] or '(none)'} -> {new['mac'] or '(none)'}"
    for what, key in (("server", "server"), ("setting", "settings")):
        was, becomes = old[key], new[key]
        for name in sorted({*was, *becomes}):
            if was.get(name) != becomes.get(name):
                yield f"{what} {name} {_told(was.get(name))} -> {_told(becomes.get(name))}"
    if old["ports"] != new["ports"]:
        yield f"ports {old['ports']} -> {new['ports']}"
    if old["fetches"] != new["fetches"]:
        yield "fetches its file itself" if new["fetches"] else "does not fetch its file any more"
    elif old["secret"] != new["secret"]:
        yield "address or web password changed"


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "(none)" if value in (None, "") else str(value)


def _port_changes(
    iad: str, before: Mapping[str, Document], wanted: Mapping[str, Wanted], moves: _Moves
) -> Iterator[Change]:
    """The changes of the ports of one IAD, in their order."""
    old = before[iad]["lines"] if iad in before else {}
    new = wanted[iad].document["lines"] if iad in wanted else {}
    file = wanted[iad].file if iad in wanted else ""
    for port in sorted({*map(int, old), *map(int, new)}):
        was, becomes = old.get(str(port)), new.get(str(port))
        name = f"{iad}/{port}"
        if becomes is None:
            if was is not None and was["number"] not in moves.stands:
                yield Change(action="remove", kind="port", name=name, file=file, detail=(was["number"],))
            continue
        action, detail = _port_words((iad, port), was, becomes, moves)
        if action:
            short = wanted[iad].short_numbers.get(becomes["number"])
            yield Change(action=action, kind="port", name=name, file=file, short_number=short, detail=detail)


def _port_words(
    place: _Place, was: Document | None, becomes: Document, moves: _Moves
) -> tuple[str, tuple[str, ...]]:
    """What becomes of a port that is in use afterwards: the action ("" for none), and the words."""
    number = becomes["number"]
    from_where = moves.stood.get(number)
    gone = was["number"] if was is not None and was["number"] not in moves.stands else None
    if from_where == place and was is not None:
        words = tuple(_line_words(was, becomes))
        return ("change", (number, *words)) if words else ("", ())
    if from_where is not None:
        told = f"{number} moves here from {from_where[0]}/{from_where[1]}"
        return "change", (told, *([f"{gone} removed"] if gone else []))
    return ("change", (f"{gone} -> {number}",)) if gone else ("add", (number,))


def _line_words(was: Document, becomes: Document) -> Iterator[str]:
    for key in ("user", "auth_user", "display", "untouched", "t38"):
        if was[key] != becomes[key]:
            yield f"{key} {_told(was[key])} -> {_told(becomes[key])}"
    if was["secret"] != becomes["secret"]:
        yield "secret changed"


def _places(documents: Mapping[str, Document]) -> dict[str, _Place]:
    """Where each number stands."""
    return {
        line["number"]: (iad, int(port))
        for iad, one in documents.items()
        for port, line in one["lines"].items()
    }
