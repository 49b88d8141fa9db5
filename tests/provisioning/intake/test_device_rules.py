"""IADs and the seats on their ports: models, settings, ports, MAC addresses, sites without a switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from provisioning.core.problem import Problem
from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]
MARK = "¦"
IADS = '  iads: [{name: iad-1, model: grandstream-gxw4248, mac: "c0:74:ad:00:00:01"}]'
TWO = (
    '  iads: [{name: iad-1, model: grandstream-ht802, mac: "c0:74:ad:00:00:01"}, '
    "{name: iad-2, model: zte-i508}]"
)
HT = '  iads: [{name: iad-1, model: grandstream-ht802, mac: "c0:74:ad:00:00:01", settings: {%s}}]'
PLACE = "iad: iad-1, port: 2"


def judged(read: ReadTexts, sample: str, *changes: tuple[str, str]) -> tuple[Reading, tuple[int, int] | None]:
    """The sample with these changes, and the place of the mark among them."""
    text = sample
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    place = None
    if MARK in text:
        before = text[: text.index(MARK)]
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    return read({"a.yaml": text.replace(MARK, "")}), place


def only(found: tuple[Problem, ...], code: str) -> Problem:
    (one,) = [problem for problem in found if problem.code == code]
    return one


@pytest.mark.parametrize(
    ("code", "iads", "row", "told"),
    [
        ("unknown-model", IADS.replace("model: grand", "model: ¦grant"), PLACE, "no such IAD model: grant"),
        ("unknown-model", IADS.replace("model: grandstream-gxw", "model: ¦gxw"), PLACE, "no such IAD model"),
        ("unknown-setting", HT % "caler_id: ¦x", PLACE, "a grandstream-ht802 has no setting caler_id"),
        ("wrong-setting", HT % "fax: ¦t37", PLACE, 'fax of a grandstream-ht802 cannot be "t37"'),
        (
            "wrong-setting",
            TWO.replace("zte-i508", "zte-i508, settings: {ports: ¦0}"),
            PLACE,
            "no number of ports",
        ),
        ("port-beyond-model", HT % "", "iad: iad-1, port: ¦3", "port 3 of iad-1: a grandstream-ht802 has 2"),
        ("port-beyond-model", HT % "", "port: ¦3", "port 3 of iad-1"),
        (
            "port-beyond-model",
            TWO.replace("zte-i508", 'zte-i508, settings: {ports: "8"}'),
            "iad: iad-2, port: ¦9",
            "port 9 of iad-2: a zte-i508 has 8",
        ),
        ("port-without-iad", TWO, "port: ¦2", "which IAD"),
        ("unknown-iad", TWO, "iad: ¦iad-3, port: 2", "site.iads lists iad-1, iad-2"),
        ("duplicate-port", IADS, "port: ¦1", "port 1 of iad-1 is used twice"),
        (
            "iad-overfull",
            IADS.replace("model: grandstream-gxw4248", "model: ¦grandstream-ht801"),
            "iad: iad-1",
            "2 seats name iad-1, which has 1 port: 1 too few",
        ),
    ],
)
def test_a_slip_is_named_with_its_place(
    code: str, iads: str, row: str, told: str, sample: str, read: ReadTexts
) -> None:
    """What cannot be among IADs and ports is an error at the value that is wrong, and nothing is read."""
    reading, place = judged(read, sample, (IADS, iads), (PLACE, row))
    problem = only(reading.problems, code)
    assert (problem.place.line, problem.place.column) == place
    assert told in f"{problem.message} {problem.hint}"
    assert reading.contracts == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("GXW4248", "grandstream-gxw4248"),
        ("gxw4248v2", "grandstream-gxw4248"),
        ("grandstram-gxw4224", "grandstream-gxw4224"),
        ("ht802", "grandstream-ht802"),
    ],
)
def test_a_slip_of_a_model_is_told_what_is_meant(
    written: str, meant: str, sample: str, read: ReadTexts
) -> None:
    """A model written without its maker, in capitals or with a slip is an error that names the right one."""
    reading, _ = judged(read, sample, ("grandstream-gxw4248", written))
    assert meant in only(reading.problems, "unknown-model").hint


@pytest.mark.parametrize(
    ("model", "warned"), [("huawei-iad208e", False), ("maipu-vg", False), ('"240"', True)]
)
def test_a_model_without_a_format_is_taken(model: str, warned: bool, sample: str, read: ReadTexts) -> None:
    """A box whose maker publishes nothing gets a worksheet; one of a strange maker is told."""
    reading, _ = judged(read, sample, ("grandstream-gxw4248", model))
    assert reading.problems == ()
    assert ("strange-model" in {warning.code for warning in reading.warnings}) == warned


def test_settings_are_read(sample: str, read: ReadTexts) -> None:
    """The settings of an IAD are texts by their names, and YAML's bare numbers and flags are no trap."""
    reading, _ = judged(
        read, sample, (IADS, TWO.replace("zte-i508", "zte-i508, settings: {a: 1, b: yes, c: true}"))
    )
    (contract,) = reading.contracts
    assert dict(contract.site.iads[1].settings) == {"a": "1", "b": "yes", "c": "true"}
    assert dict(contract.site.iads[0].settings) == {}


def test_a_switch_is_asterisk_or_none(sample: str, read: ReadTexts) -> None:
    """Without the key a site has a switch; none leaves it out; anything else is a slip."""
    (usual,) = read({"a.yaml": sample}).contracts
    assert usual.site.switch == "asterisk"
    (none,) = judged(read, sample, (IADS, f"{IADS}\n  switch: none"))[0].contracts
    assert none.site.switch == "none"
    assert only(judged(read, sample, (IADS, f"{IADS}\n  switch: freeswitch"))[0].problems, "bad-choice")


def test_a_port_alone_is_one_of_the_only_iad(sample: str, read: ReadTexts) -> None:
    """Where the site has one IAD, a row need not name it."""
    assert judged(read, sample, (PLACE, "port: 2"))[0].problems == ()


def test_more_seats_than_ports_are_counted(sample: str, read: ReadTexts) -> None:
    """Seats for which there is no port are a warning that says how many; the contract can be recorded."""
    one = IADS.replace("gxw4248", "ht801")
    reading, _ = judged(read, sample, (IADS, one), (PLACE, 'name: "x"'))
    assert reading.problems == ()
    told = only(reading.warnings, "too-few-ports").message
    assert told == "3 seats, and all IADs have 1 port (iad-1 1): 2 get none"
    unknown = TWO.replace("ht802", "ht801")
    reading, _ = judged(read, sample, (IADS, unknown), (PLACE, 'name: "x"'))
    assert "too-few-ports" not in {warning.code for warning in reading.warnings}


def test_an_iad_without_mac_is_warned_of(sample: str, read: ReadTexts) -> None:
    """Where the device asks for its file by its MAC address, the contract file should have it."""
    reading, _ = judged(read, sample, (', mac: "c0:74:ad:00:00:01"', ""))
    assert reading.problems == ()
    assert "iad-1 has no MAC address" in only(reading.warnings, "iad-without-mac").message
    reading, _ = judged(read, sample, (IADS, "  iads: [{name: iad-1, model: zte-i508}]"))
    assert "iad-without-mac" not in {warning.code for warning in reading.warnings}


def test_without_a_switch_the_operator_is_needed(sample: str, read: ReadTexts) -> None:
    """switch: none needs ims, and a registration for each seat."""
    start = sample.index("  ims:")
    ims = sample[start : sample.index("\n  ", start + 3) + 1]
    assert "iads" not in ims
    reading, place = judged(read, sample, (ims, "  switch: ¦none\n"))
    problem = only(reading.problems, "switchless-without-ims")
    assert (problem.place.line, problem.place.column) == place
    assert "no-ims" not in {warning.code for warning in reading.warnings}
    reading, place = judged(
        read, sample, (IADS, f"{IADS}\n  switch: none"), ("register: seat", "register: ¦trunk")
    )
    problem = only(reading.problems, "switchless-trunk")
    assert (problem.place.line, problem.place.column) == place


def test_without_switch_and_iads_nothing_is_configured(sample: str, read: ReadTexts) -> None:
    """A site that has neither is warned of: nothing would ever be written for it."""
    reading, _ = judged(
        read, sample, (IADS, "  switch: none"), ("iad: iad-1, port: 1, ", ""), (PLACE, 'name: "x"')
    )
    assert reading.problems == ()
    assert only(reading.warnings, "switchless-without-iads")
