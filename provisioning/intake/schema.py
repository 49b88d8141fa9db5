"""The whole schema of the contract file, as data: every key, its kind, and which must be there.

The same keys with words of explanation are in README.md beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.intake import ims_kinds, kinds, policy_kinds, words
from provisioning.intake.columns import COLUMNS, HEADERS, SEVERAL
from provisioning.intake.words import Word

__all__ = ["COLUMNS", "CONTRACT", "HEADERS", "SEVERAL", "Kind", "Many", "Named", "Numbers", "Shape"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A group of keys. `required` are those that must be there."""

    keys: Mapping[str, Kind]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values of one kind, at most so many."""

    of: Shape | Word
    most: int


@dataclass(frozen=True, slots=True)
class Named:
    """Values of one kind under names that are not ours to list, at most so many."""

    of: Word
    name: Word
    most: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """The number rows: the name of a sheet, or the rows themselves as a list."""


Kind = Word | Shape | Many | Named | Numbers


def _shape(keys: Mapping[str, Kind], *required: str) -> Shape:
    return Shape(keys, frozenset(required))


DUE = _shape(
    {
        "days": words.whole(0, 366),
        "working_days": words.whole(0, 250),
        "day_of_month": words.whole(1, 31),
    }
)

BILLING = _shape(
    {
        "starts": kinds.DAY,
        "payment": words.one_of("prepaid", "postpaid"),
        "invoice_every_months": words.choice_of_whole(1, 3, 6, 12),
        "due": DUE,
        "late_fee": _shape(
            {
                "rate": kinds.SHARE,
                "per": words.one_of("day", "month"),
                "of": words.one_of("arrears", "contract"),
            },
            *("rate", "per", "of"),
        ),
        "rounding": words.one_of("call", "bill"),
        "reconcile_within": kinds.SHARE,
        "keep_months": words.whole(0, 240),
    }
)

RECURRING = _shape(
    {
        "item": kinds.ITEM,
        "name": words.text(),
        "quantity": kinds.QUANTITY,
        "unit": kinds.PRICE,
        "total": kinds.AMOUNT,
        "prorate": kinds.PRORATE,
        "tax": kinds.SHARE,
    },
    *("item", "name"),
)

ONCE = _shape(
    {
        "item": kinds.ITEM,
        "name": words.text(),
        "total": kinds.AMOUNT,
        "due": kinds.DAY,
        "tax": kinds.SHARE,
    },
    *("item", "name", "total"),
)

CALLS = _shape(
    {
        "increment": words.whole(1, 3600),
        "rates": _shape(
            dict.fromkeys(("internal", "local", "domestic", "service", "hmt", "international"), kinds.RATE)
        ),
        "incoming": kinds.PRICE,
        "duration": words.one_of("exact", "whole"),
        "allowance": _shape(
            {
                "minutes": words.whole(0, 10_000_000),
                "per": words.one_of("seat", "contract"),
                "zones": Many(policy_kinds.ZONE, 6),
            },
            *("minutes", "per", "zones"),
        ),
    },
    *("increment", "rates", "incoming"),
)

MESSAGES = _shape(
    {
        "price": kinds.PRICE,
        "characters": words.whole(1, 1000),
        "part_characters": words.whole(1, 1000),
        "signature": words.text(40),
        "list": words.one_of("allow", "deny"),
        "per_second": words.whole(1, 100_000),
    },
    "price",
)

PAYER = _shape(
    {
        "seat": kinds.TELEPHONE,
        "way": words.one_of("amount", "share", "items", "fixed"),
        "amount": kinds.AMOUNT,
        "share": kinds.SHARE,
        "items": Many(kinds.ITEM, 50),
    },
    *("seat", "way"),
)

POLICY = _shape(
    {
        "calling_number": words.one_of("contract-only"),
        "hours": _shape(
            {
                "outgoing": policy_kinds.HOURS,
                "days": policy_kinds.WEEKDAYS,
                "holidays": Many(kinds.DAY, 400),
                "call_backs_within": words.whole(1, 720),
            },
            "outgoing",
        ),
        "calls_per_number_per_day": words.whole(1, 100_000),
        "calls_per_callee_per_day": words.whole(1, 100_000),
        "calls_per_minute": words.whole(1, 1000),
        "calls_per_seat": words.whole(1, 1000),
        "zones_by_seat": Many(policy_kinds.ZONE, 6),
        "mobile_calls_out": kinds.FLAG,
        "forwarding": words.one_of("closed", "open"),
        "recording": _shape({"keep_days": words.whole(1, 36_500)}, "keep_days"),
        "allow_list": kinds.FLAG,
        "max_call_seconds": words.whole(1, 86_400),
    }
)

IMS = _shape(
    {
        "domain": kinds.DOMAIN,
        "proxy": kinds.PROXY,
        "register": words.one_of("seat", "trunk"),
        "user": kinds.IMS_USER,
        **ims_kinds.IMS_KEYS,
        "passwords": words.text(255),
        "session_timers": _shape({**ims_kinds.SESSION_TIMERS}),
        "user_phone": kinds.FLAG,
        "numbers_out": _shape({**ims_kinds.NUMBERS_OUT}),
        "numbers_in": Many(
            _shape({"begins": ims_kinds.BEGINS, "becomes": ims_kinds.BECOMES}, *("begins", "becomes")), 50
        ),
    },
    *("domain", "proxy"),
)

SITE = _shape(
    {
        "name": kinds.SITE_NAME,
        "area_code": kinds.AREA_CODE,
        "switch": words.one_of("asterisk", "none"),
        "numbers": Numbers(),
        "short_numbers": _shape(
            {"digits": words.whole(2, 8), "first": kinds.FIRST_DIGITS}, *("digits", "first")
        ),
        "main_number": kinds.LONG_NUMBER,
        "voice_lines": Many(
            _shape(
                {
                    "bandwidth": kinds.BANDWIDTH,
                    "count": words.whole(1, 10_000),
                    "concurrent_calls": words.whole(1, 100_000),
                },
                "bandwidth",
            ),
            100,
        ),
        "ims": IMS,
        "iads": Many(
            _shape(
                {
                    "name": kinds.DEVICE_NAME,
                    "model": kinds.DEVICE_NAME,
                    "mac": kinds.MAC,
                    "settings": Named(kinds.SETTING, kinds.SETTING_NAME, 50),
                },
                *("name", "model"),
            ),
            1000,
        ),
        "features": Many(kinds.FEATURE, 50),
        "switchboard": _shape(
            {"operators": Many(kinds.REACHED, 50), "hours": policy_kinds.HOURS, "days": policy_kinds.WEEKDAYS}
        ),
    },
    *("name", "area_code"),
)

CONTRACT = _shape(
    {
        "contract": kinds.CONTRACT_ID,
        "customer": _shape({"name": words.text(), "group_code": kinds.GROUP_CODE}, "name"),
        "operator": _shape({"name": words.text()}, "name"),
        "term": _shape(
            {
                "from": kinds.DAY,
                "to": kinds.DAY,
                "renewal_months": words.whole(0, 120),
                "notice_days": words.whole(0, 3660),
                "changes_by": words.whole(1, 31),
            },
            *("from", "to"),
        ),
        "billing": BILLING,
        "recurring": Many(RECURRING, 500),
        "once": Many(ONCE, 500),
        "stated": _shape({"month": kinds.AMOUNT, "term": kinds.AMOUNT}),
        "calls": CALLS,
        "messages": MESSAGES,
        "payers": Many(PAYER, 20_000),
        "policy": POLICY,
        "site": SITE,
    },
    *("contract", "customer", "operator", "term", "site"),
)
