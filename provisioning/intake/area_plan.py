"""How long the fixed numbers of each area are: what libphonenumber knows of China (号码长度).

Asked only for numbers in national form with their area code: on locally dialled numbers and on service
numbers it is wrong, and there our own table (core/numbering.py) decides.
"""

from __future__ import annotations

from functools import lru_cache


def fits_plan(number: str) -> bool:
    """Whether the area exists and its numbers are that long. `number` is digits, beginning with 0."""
    if not number.startswith("0"):
        raise ValueError(f"not in national form: {number}")
    return _fits(number[1:-4] + "0000")


@lru_cache(maxsize=4096)
def _fits(any_of_block: str) -> bool:
    """The same for all ten thousand numbers of a block: the plan says nothing of the last four digits."""
    import phonenumbers

    # Built, not parsed: nothing is left to find out.
    return phonenumbers.is_valid_number(
        phonenumbers.PhoneNumber(country_code=86, national_number=int(any_of_block))
    )
