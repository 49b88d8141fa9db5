"""The hand-written dialplan and the Python that charges must say the same."""

from __future__ import annotations

import re
from pathlib import Path

from pbx.section import parse
from provisioning.charging.zoning import ZONE_OF
from provisioning.core import numbering
from provisioning.core.numbering import PLAN, NumberClass

DIALPLANS = Path(__file__).parents[2] / "dialplans"
FILES = sorted(DIALPLANS.glob("*.conf"))


def lines(context: str) -> list[str]:
    """The lines of a context, without their priorities."""
    sections = [s for file in FILES for s in parse(file.read_text(encoding="utf-8")) if s.name == context]
    assert len(sections) == 1
    return [re.sub(r"^(?:\S+?,1|n)(?:\([a-z-]+\))?,", "", value) for _, value in sections[0].options]


def plain(shape: str) -> str:
    """A Python pattern as a POSIX one."""
    return shape.replace("(?:", "(")


def test_the_switch_knows_the_numbering_plan_row_by_row():
    """The rows of seatline-class are those of the plan: the same shapes, the same classes, the same order."""
    wanted = [
        f'ExecIf(${{REGEX("^({plain(row.shape)})$" ${{ARG1}})}}?Return({row.number_class}))' for row in PLAN
    ]
    assert lines("seatline-class") == [*wanted, "Return(unknown)"]


def test_the_switch_takes_the_country_off_by_the_same_shapes():
    """The four shapes by which numbering.py reads +86, 0086 and 86 stand in seatline-country as they are."""
    text = "\n".join(lines("seatline-country"))
    with_zeros, bare = plain(numbering._COUNTRY.pattern).split("|")[0], plain(numbering._COUNTRY.pattern)
    assert f'"^{with_zeros.replace("(", "").replace(")", "")}$"' in text
    assert f'"^86({bare.partition("|86(")[2]}$"' in text
    for shape in (numbering._WITHOUT_ZERO, numbering._AREA_SERVICE_WITHOUT_ZERO):
        assert f'"^{plain(shape.pattern)}$"' in text


def test_the_switch_knows_the_zone_of_every_class():
    """seatline-zone gives each class the zone it is charged in, and a class without one its own name."""
    said = dict(re.findall(r'^ExecIf\(\$\["\$\{ARG2\}" = "([a-z0-9-]+)"\]\?Return\((\w+)\)\)$',
                           "\n".join(lines("seatline-zone")), re.MULTILINE))  # fmt: skip
    for number_class in NumberClass:
        zone = ZONE_OF[number_class]
        assert said.get(number_class.value, number_class.value) == (
            zone.value if zone else number_class.value
        )


def test_the_switch_takes_the_home_area_off_the_same_numbers():
    """110 with the home area code is 110 for exactly the emergency numbers of the plan."""
    (row,) = (row for row in PLAN if row.number_class is NumberClass.EMERGENCY)
    assert f'"^${{SEATLINE_AREA}}({row.shape})$"' in lines("seatline-emergency-at-home")[0]


def test_emergency_numbers_stand_before_everything():
    """seatline-emergency has exactly the emergency numbers of the plan, each as itself."""
    (row,) = (row for row in PLAN if row.number_class is NumberClass.EMERGENCY)
    sections = [s for file in FILES for s in parse(file.read_text(encoding="utf-8"))]
    (emergency,) = (s for s in sections if s.name == "seatline-emergency")
    assert emergency.options == tuple(
        ("exten", f"{number},1,Gosub(seatline-call-emergency,s,1({number}))")
        for number in row.shape.split("|")
    )


def test_nobody_is_rung_before_a_claimed_diversion_is_forgotten():
    """Every Dial of the call logic comes right after seatline-undiverted."""
    sections = [s for file in FILES for s in parse(file.read_text(encoding="utf-8"))]
    before_dial = [
        said
        for section in sections
        for said, dial in zip(lines(section.name), lines(section.name)[1:], strict=False)
        if dial.startswith("Dial(")
    ]
    assert len(before_dial) > 1
    assert set(before_dial) == {"Gosub(seatline-undiverted,s,1)"}


def test_every_class_that_can_go_out_has_a_form():
    """Each class that a zone opens goes out in its own form, or in that of service numbers."""
    text = "\n".join(lines("seatline-form"))
    form_of = dict.fromkeys(re.findall(r'"\$\{ARG1\}" = "(hmt)"', text), "international")
    (same,) = re.findall(r'REGEX\("\^\(([a-z|]+)\)\$" \$\{ARG1\}\)\}\?Set\(LOCAL\(form\)=\$\{ARG1\}\)', text)
    (fixed,) = re.findall(r'REGEX\("\^\(([a-z|-]+)\)\$" \$\{ARG1\}\)\}\?Set\(LOCAL\(form\)=fixed\)', text)
    form_of |= {name: name for name in same.split("|")} | dict.fromkeys(fixed.split("|"), "fixed")
    known = {one.value for one in NumberClass}
    assert form_of.keys() - {"caller"} <= known
    national_with_zero = {"local", "long-distance", "area-service"}
    for number_class in NumberClass:
        name, zone = number_class.value, ZONE_OF[number_class]
        if name in ("emergency", "mobile", "international"):
            assert form_of[name] == name
        elif name in national_with_zero:
            assert form_of[name] == "fixed"
        elif name == "hmt":
            assert form_of[name] == "international"
        else:
            assert name not in form_of
            assert zone is None or zone.value == "service"


def test_an_emergency_call_asks_for_no_place_on_the_line():
    """In seatline-take-line the first thing is that an emergency call is counted and goes on."""
    first, *_, counted, back = lines("seatline-take-line")
    assert first == 'GotoIf($["${SEATLINE_CALLS}" = "" | "${ARG1}" = "emergency"]?anyway)'
    assert (counted, back) == ("Set(GROUP(seatline)=${SEATLINE_SITE})", "Return()")


def test_every_context_is_in_the_readme_and_every_reference_leads_somewhere():
    """Each hand-written context is named in dialplans/README.md, and each one that is called is there."""
    readme = (DIALPLANS / "README.md").read_text(encoding="utf-8")
    sections = [s for file in FILES for s in parse(file.read_text(encoding="utf-8"))]
    names = {section.name for section in sections}
    assert {name for name in names if name not in readme} == set()
    values = [value for section in sections for _, value in section.options]
    called = {name for value in values for name in re.findall(r"\b(seatline-[a-z-]+),s,1", value)}
    assert called - names == set()
