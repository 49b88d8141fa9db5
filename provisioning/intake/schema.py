"""The whole schema of the contract file, as data: every key, its kind, and which must be there.

The same keys with words of explanation are in README.md beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.intake import ims_kinds, kinds, words
from provisioning.intake.words import Word


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
                "zones": Many(kinds.ZONE, 6),
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
        "hours": _shape({"outgoing": kinds.HOURS}, "outgoing"),
        "calls_per_number_per_day": words.whole(1, 100_000),
        "calls_per_callee_per_day": words.whole(1, 100_000),
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

COLUMNS: Mapping[str, Word] = {
    "long_number": kinds.LONG_NUMBER,
    "short_number": kinds.SHORT_NUMBER,
    "remark": words.text(),
    "name": words.text(),
    "department": words.text(),
    "iad": kinds.DEVICE_NAME,
    "port": words.whole(1, 1024),
    "mobile": kinds.MOBILE,
    "second_number": kinds.LONG_NUMBER,
    "features": words.several(kinds.FEATURE),
    "changed_to": kinds.NEW_NUMBER,
    "allowed": words.several(kinds.CALLABLE),
}
"""The columns of the number sheet (长短号开通明细) by their English names."""

SEVERAL: Mapping[str, Word] = {"features": kinds.FEATURE, "allowed": kinds.CALLABLE}
"""The columns that hold several values, and what each of them is."""

HEADERS: Mapping[str, str] = {
    "IMS固话号码": "long_number",
    "对应短号码": "short_number",
    "备注": "remark",
    "姓名": "name",
    "部门": "department",
    "接入设备": "iad",
    "端口": "port",
    "手机号码": "mobile",
    "第二号码": "second_number",
    "功能": "features",
    "新号码": "changed_to",
    "亲情号码": "allowed",
    "长号": "long_number",
    "长号码": "long_number",
    "固话号码": "long_number",
    "固定电话": "long_number",
    "固定电话号码": "long_number",
    "座机号码": "long_number",
    "电话号码": "long_number",
    "IMS号码": "long_number",
    "IMS固话号": "long_number",
    "短号": "short_number",
    "短号码": "short_number",
    "对应短号": "short_number",
    "手机号": "mobile",
}
"""The columns by their Chinese names, as the operators' opening forms write them."""
