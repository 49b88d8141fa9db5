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
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, "CN"))
    except phonenumbers.NumberParseException:
        return False
