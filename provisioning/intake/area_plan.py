"""How long the fixed numbers of each area are: what libphonenumber knows of China (号码长度).

Asked only for numbers in national form with their area code: on locally dialled numbers and on service
numbers it is wrong, and there our own table (core/numbering.py) decides.
"""

from __future__ import annotations


def fits_plan(number: str) -> bool:
    """Whether the area exists and its numbers are that long. `number` is digits, beginning with 0."""
    import phonenumbers

    if not number.startswith("0"):
        raise ValueError(f"not in national form: {number}")
    # Built, not parsed: nothing is left to find out, and a sheet may hold tens of thousands.
    return phonenumbers.is_valid_number(
        phonenumbers.PhoneNumber(country_code=86, national_number=int(number[1:]))
    )
