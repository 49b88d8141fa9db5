"""The keys under site.ims: one slip gives one problem at its place, and the defaults are the core's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest

from provisioning.core.site import Ims
from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]

SLIPS = [
    ("bad-auth-user", 'auth_user: "86{area}{local}@{domain}"', 'auth_user: ¦"{usr}"', "did you mean {user}?"),
    ("bad-auth-user", 'auth_user: "86{area}{local}@{domain}"', 'auth_user: ¦"{user};a"', "plain characters"),
    ("bad-realm", "realm: ims.example.net", 'realm: ¦"a b"', "digest realm"),
    ("bad-whole-number", "expires: 600", "expires: ¦5", "from 60 to 604800"),
    ("bad-choice", "reliable: required", "reliable: ¦yes", "none"),
    ("bad-choice", "identity: ppi", "identity: ¦rpid", "pai | ppi | none"),
    ("bad-choice", "{use: required", "{use: ¦always", "none | supported | required"),
    ("bad-whole-number", "least: 120", "least: ¦60", "from 90 to 86400"),
    ("session-timers", "least: 120", "least: ¦1300", "expires after 1200 seconds, before the least time"),
    ("session-timers", "expires: 1200, least: 120", "least: ¦1801", "expires after 1800 seconds"),
    ("bad-flag", "user_phone: false", "user_phone: ¦no", "true or false"),
    ("bad-number-form", 'fixed: "0{area}{local}"', 'fixed: ¦"0{area}"', "whole number"),
    ("bad-number-form", 'fixed: "0{area}{local}"', 'fixed: ¦"{local}"', "{number} or {area}{local}"),
    ("bad-number-form", 'fixed: "0{area}{local}"', 'fixed: ¦"{7}{local}"', "fields here are {number}"),
    ("bad-number-form", 'fixed: "0{area}{local}"', 'fixed: ¦"86+{number}"', "very beginning"),
    ("bad-number-form", 'mobile: "{number}"', 'mobile: ¦"a{number}"', "plain characters"),
    ("bad-number-form", 'mobile: "{number}"', 'mobile: ¦"0"', "whole number"),
    ("bad-number-form", 'service: "{area}{number}"', 'service: ¦"{local}"', "fields here are"),
    ("bad-number-form", 'emergency: "+86{number}"', 'emergency: ¦"${EXTEN}"', "no field here"),
    ("bad-number-form", 'international: "+{abroad}"', 'international: ¦"{number})"', "plain characters"),
    ("unknown-key", 'mobile: "{number}"', '¦mobil: "{number}"', "did you mean mobile?"),
    ("bad-beginning", 'begins: "9"', 'begins: ¦"9x"', "with or without +"),
    ("bad-beginning", 'begins: "9"', 'begins: ¦""', "with or without +"),
    ("bad-beginning", 'becomes: "+86"', 'becomes: ¦"86+"', 'or nothing ("")'),
    ("missing-key", '{begins: "9", becomes: ""}', '¦{begins: "9"}', "becomes"),
    ("duplicate-beginning", 'begins: "17951"', 'begins: ¦"9"', "named twice"),
    ("beginning-unchanged", 'becomes: "+86"', 'becomes: ¦"17951"', "becomes the same"),
]  # fmt: skip

WARNINGS = [
    ("auth-user-shared", '"86{area}{local}@{domain}"', '¦"group@{domain}"', "same digest user"),
    (
        "service-number-user",
        'long_number: "08702120003"',
        'long_number: "12393"¦',
        "registers as +8687012393",
    ),
    ("number-form-with-zero", 'fixed: "0{area}{local}"', 'fixed: ¦"+86{number}"', "+8608702120001"),
]


def changed(sample: str, old: str, new: str) -> tuple[str, tuple[int, int]]:
    """The sample with one slip, and the line and column of what stands behind the mark."""
    assert sample.count(old) >= 1
    text = sample.replace(old, new, 1)
    before = text[: text.index("¦")]
    return text.replace("¦", ""), (before.count("\n") + 1, len(before) - before.rfind("\n"))


def line_of(text: str, begins: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if line.startswith(begins))


@pytest.mark.parametrize(("code", "old", "new", "told"), SLIPS)
def test_a_slip_under_ims_is_named_with_its_place(
    code: str, old: str, new: str, told: str, sample: str, read: ReadTexts
) -> None:
    """One slip under site.ims gives one problem, where it stands, with a way to mend it."""
    text, place = changed(sample, old, new)
    reading = read({"x.yaml": text})
    [problem] = reading.problems
    assert (problem.code, (problem.place.line, problem.place.column)) == (code, place)
    assert told in problem.message + " / " + problem.hint
    assert reading.contracts == ()


@pytest.mark.parametrize(("code", "old", "new", "told"), WARNINGS)
def test_what_is_odd_under_ims_is_a_warning(
    code: str, old: str, new: str, told: str, sample: str, read: ReadTexts
) -> None:
    """What an operator may really want so is read, and warned of."""
    text, place = changed(sample, old, new)
    reading = read({"x.yaml": text})
    assert reading.problems == ()
    [warning] = [one for one in reading.warnings if one.code == code]
    assert warning.place.line == (place[0] if code != "service-number-user" else line_of(sample, "  ims:"))
    assert told in warning.message


@pytest.mark.parametrize(
    ("user", "shown"), [("+868702120000", "+868702120000"), ("+86{area}", "+86870"), ("office-1", "")]
)
def test_a_trunk_that_hides_its_seats_is_a_warning(
    user: str, shown: str, sample: str, read: ReadTexts
) -> None:
    """One number for all callers of a trunk is warned of; an account's name is never shown, and is none."""
    text = sample.replace("register: seat", "register: trunk").replace(
        'user: "+86{area}{local}"', f'user: "{user}"', 1
    )
    reading = read({"x.yaml": text})
    told = [one.message for one in reading.warnings if one.code == "caller-shared"]
    assert told == (
        [f"every call will show {shown} as its caller, whichever seat it is made from"] * bool(shown)
    )


@pytest.mark.parametrize(
    ("main", "told"),
    [("", ["the trunk registers 08702120001, the lowest of its numbers"]), ("08702120001", [])],
)
def test_a_trunk_without_a_main_number_is_a_warning(
    main: str, told: list[str], sample: str, read: ReadTexts
) -> None:
    """Without a main number another seat may change what a trunk registers; it may be a seat's number."""
    written = f'  main_number: "{main}"\n' if main else ""
    text = re.sub(r"  main_number:.*\n", written, sample.replace("register: seat", "register: trunk"))
    reading = read({"x.yaml": text})
    assert reading.problems == ()
    found = [one.message for one in reading.warnings if one.code == "trunk-without-main-number"]
    assert [message.partition(":")[0] for message in found] == told


def test_what_ims_leaves_out_is_the_usual(sample: str, read: ReadTexts) -> None:
    """A site.ims of domain and proxy alone has every default of the core."""
    line = next(one for one in sample.splitlines() if one.startswith("  ims:"))
    text = sample.replace(line, '  ims: {domain: ims.example.net, proxy: "sip:192.0.2.1"}')
    [contract] = read({"x.yaml": text}).contracts
    assert contract.site.ims == Ims(domain="ims.example.net", proxy="sip:192.0.2.1")
