"""Number classes and national forms, by the table that the switch is tested on too."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.core.numbering import PLAN, NumberClass, classify, national

CASES = list(
    csv.DictReader(
        (Path(__file__).parents[2] / "golden/numbering/cases.csv").read_text(encoding="utf-8").splitlines()
    )
)
DIALLED = st.text(alphabet="0123456789", min_size=1, max_size=20)
AREAS = st.sampled_from(["010", "021", "0431", "0870", "0908", "0955"])
# 0400 and 0800 are no area codes: 400 and 800 are shared-cost numbers.
FIXED = st.from_regex(r"0(10|2[0-57-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7}", fullmatch=True).filter(
    lambda number: number[:4] not in ("0400", "0800")
)
MOBILE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['dialled']} in {case['area_code']}")
def test_a_dialled_number_has_its_class_and_national_form(case: dict[str, str]) -> None:
    """Each dialled number of the table has the class and the national form that stand beside it."""
    dialled, area_code = case["dialled"], case["area_code"]
    assert classify(dialled, area_code) == case["class"]
    assert (national(dialled, area_code) or "") == case["national"]


def test_the_table_of_cases_is_complete() -> None:
    """There are over 60 cases, each class is among them, and none stands there twice."""
    assert len(CASES) >= 60
    assert {case["class"] for case in CASES} == {kind.value for kind in NumberClass}
    assert len({(case["dialled"], case["area_code"]) for case in CASES}) == len(CASES)


def test_every_row_of_the_plan_is_needed() -> None:
    """Each row of the plan is the first fit of at least one number that people dial."""
    plain = [re.sub(r"[ ()-]", "", case["dialled"]) for case in CASES]
    first_fits = {next((row for row in PLAN if re.fullmatch(row.shape, digits)), None) for digits in plain}
    assert first_fits >= set(PLAN)


@given(text=st.one_of(DIALLED, st.text(max_size=12)), area_code=AREAS)
@settings(max_examples=200)
def test_any_text_has_a_class(text: str, area_code: str) -> None:
    """Whatever stands in a record has exactly one class, and a national form made of ASCII digits or none."""
    found = national(text, area_code)
    assert classify(text, area_code) in NumberClass
    assert found is None or re.fullmatch(r"[0-9]{3,}", found)


@given(text=DIALLED, area_code=AREAS)
@settings(max_examples=200)
def test_the_national_form_is_its_own(text: str, area_code: str) -> None:
    """The national form of a national form is itself."""
    found = national(text, area_code)
    if found is not None:
        assert national(found, area_code) == found


@given(number=st.one_of(FIXED, MOBILE), area_code=AREAS)
@settings(max_examples=200)
def test_the_country_code_changes_nothing(number: str, area_code: str) -> None:
    """+86, 0086 and 86 before a fixed or mobile number mean the same number."""
    bare = number.removeprefix("0")
    for text in (f"+86{bare}", f"0086{bare}", f"86{bare}"):
        assert national(text, area_code) == number
        assert classify(text, area_code) is classify(number, area_code)


@given(area_code=AREAS, number=FIXED)
@settings(max_examples=200)
def test_a_local_number_is_the_same_with_its_area_code(area_code: str, number: str) -> None:
    """A number dialled without its area code at home is the one dialled with it, and both are local."""
    local = number[3:] if number[:3] in ("010",) or number.startswith("02") else number[4:]
    assert national(local, area_code) == area_code + local
    assert classify(local, area_code) is classify(area_code + local, area_code) is NumberClass.LOCAL


@given(number=st.one_of(FIXED, MOBILE))
@settings(max_examples=200)
def test_what_phonenumbers_knows_we_know_alike(number: str) -> None:
    """A national number that phonenumbers calls a valid fixed line or mobile is one here too."""
    parsed = phonenumbers.parse("+86" + number.removeprefix("0"), None)
    kind = phonenumbers.number_type(parsed)
    ours = classify(number, "0000")
    if kind == phonenumbers.PhoneNumberType.FIXED_LINE:
        assert ours is NumberClass.LONG_DISTANCE
    elif kind == phonenumbers.PhoneNumberType.MOBILE:
        assert ours is NumberClass.MOBILE


def test_where_phonenumbers_is_wrong_we_do_not_follow() -> None:
    """8701234 and 5551234 are local numbers here; phonenumbers takes them for national ones."""
    for local in ("8701234", "5551234"):
        assert phonenumbers.is_valid_number(phonenumbers.parse(local, "CN"))
        assert national(local, "0870") == "0870" + local
