"""The kinds of values that the contract file's keys and the sheet's columns take, each as a Word."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from provisioning.core.contract import Prorate
from provisioning.core.money import round_fen, yuan
from provisioning.intake import number_forms, words
from provisioning.intake.text_form import nearest, shown
from provisioning.intake.words import Word
from provisioning.intake.wrong import Wrong

CLOSED = "closed"
"""What a rate is when calls to its zone are not open (不开通)."""

SEATS = "seats"
"""The quantity of an item that is charged by the seats in service (据实结算)."""


def _amount(text: str) -> Decimal:
    try:
        amount = yuan(text)
    except ValueError as fault:
        raise Wrong(
            "bad-amount",
            f"{shown(text)} is not an amount in yuan",
            _round_point(text)
            or 'write digits, and a point before the fen: "4860.00"; no separators, signs or units',
        ) from fault
    if amount < 0 or text.startswith("-"):
        raise Wrong("bad-amount", f"the amount {text} is below 0", "write an amount of 0 or more")
    return amount


def _round_point(text: str) -> str | None:
    """How to write a number that lacks its digits before or behind the point, None where none does."""
    if re.fullmatch(r"\.[0-9]{1,6}", text):
        return f'write a 0 before the point: "0{text}"'
    if re.fullmatch(r"[0-9]{1,12}\.", text):
        return f'leave out the point: "{text[:-1]}"'
    return None


def _fen_amount(text: str) -> object:
    amount = _amount(text)
    if amount != round_fen(amount):
        raise Wrong("bad-amount", f"{text} has parts of a fen", "write at most two digits after the point")
    return amount


def _rate(text: str) -> object:
    if text == CLOSED:
        return None
    if re.search(r"[0-9]", text):
        return _amount(text)
    close = nearest(text, [CLOSED], cutoff=0.6)
    raise Wrong(
        "bad-amount",
        f"{shown(text)} is not a rate",
        "did you mean closed?"
        if close
        else 'write a rate such as "0.06", "0" where calls are free, closed where the zone is not open',
    )


def _share(text: str) -> object:
    share = Decimal(text) if re.fullmatch(r"[0-9](\.[0-9]{1,6})?", text) else None
    if share is None or share > 1:
        raise Wrong(
            "bad-share",
            f"{shown(text)} is not a share between 0 and 1",
            _round_point(text) or 'write 3 per mille as "0.003", 9 % as "0.09"',
        )
    return share


def _day(text: str) -> object:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError(text)
        day = date.fromisoformat(text)
        if not 1990 <= day.year <= 2199:
            raise ValueError(text)
    except ValueError as fault:
        raise Wrong(
            "bad-date", f"{shown(text)} is not a day of the calendar", "write year-month-day: 2025-07-01"
        ) from fault
    return day


def _flag(text: str) -> object:
    if text.lower() not in ("true", "false"):
        raise Wrong("bad-flag", f"{shown(text)} is neither true nor false", "write true or false")
    return text.lower() == "true"


def _mac(text: str) -> object:
    if not re.fullmatch(r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}", text):
        raise Wrong(
            "bad-mac", f"{shown(text)} is not a MAC address", 'write six pairs, such as "c0:74:ad:00:00:01"'
        )
    return text.lower().replace("-", ":")


_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"


def _host_fits(host: str) -> bool:
    if len(host) > 253 or not re.fullmatch(_HOST, host):
        return False
    if re.fullmatch(r"[0-9.]+", host):
        return len(host.split(".")) == 4 and all(int(part) < 256 for part in host.split("."))
    return True


def _domain(text: str) -> object:
    if not _host_fits(text):
        raise Wrong(
            "bad-domain", f"{shown(text)} is not a domain name", "write it like ims.example.net, without sip:"
        )
    return text


def _proxy(text: str) -> object:
    found = re.fullmatch(r"sip:([^:]*)(?::([1-9][0-9]{0,4}))?", text)
    if not found or not _host_fits(found[1]) or int(found[2] or 5060) > 65535:
        raise Wrong(
            "bad-proxy",
            f"{shown(text)} is not the SIP address of a proxy",
            'write sip:host or sip:host:port, such as "sip:127.0.0.1:5070", without parameters',
        )
    return text


def _ims_user(text: str) -> object:
    rest = re.sub(r"\{(area|local|long)\}", "", text)
    if not text or len(text) > 64 or not re.fullmatch(r"[A-Za-z0-9+._-]*", rest):
        raise Wrong(
            "bad-ims-user",
            f"{shown(text)} is not a pattern of an IMS user",
            'use letters, digits, + . _ - and {area}, {local}, {long}, such as "+86{area}{local}"',
        )
    return text


def _quantity(text: str) -> object:
    if text == SEATS:
        return None
    if re.fullmatch(r"[1-9][0-9]{0,6}", text):
        return Decimal(text)
    raise Wrong(
        "bad-quantity",
        f"{shown(text)} is not a quantity",
        "write a whole number of 1 or more, or seats for the seats really in service",
    )


AMOUNT = Word(due="an amount in yuan", example="4860.00", read=_fen_amount)
PRICE = Word(due="an amount in yuan", example="0.06", read=_amount)
RATE = Word(due="a rate in yuan a minute, or closed", example="0.06", read=_rate)
SHARE = Word(due="a share between 0 and 1", example="0.09", read=_share)
DAY = Word(due="a day", example="2025-07-01", read=_day, bare=frozenset({"date"}))
FLAG = Word(due="true or false", example="true", read=_flag, bare=frozenset({"flag"}))
MAC = Word(due="a MAC address", example="c0:74:ad:00:00:01", read=_mac)
DOMAIN = Word(due="a domain name", example="ims.example.net", read=_domain)
PROXY = Word(due="the SIP address of a proxy", example="sip:127.0.0.1:5070", read=_proxy)
IMS_USER = Word(due="a pattern of an IMS user", example="+86{area}{local}", read=_ims_user)
QUANTITY = Word(due="a whole number or seats", example="3", read=_quantity, bare=frozenset({"number"}))
PRORATE = words.one_of(*(way.value for way in Prorate))

CONTRACT_ID = words.pattern(
    "[a-z0-9][a-z0-9-]{0,63}",
    code="bad-contract-id",
    due="a contract's name: small letters, digits and -, at most 64",
    example="zhaotong-2025",
)
SITE_NAME = words.pattern(
    "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?",
    code="bad-site-name",
    due="a site's name: small letters, digits and - within, at most 40",
    example="zhaotong",
)
ITEM = words.pattern(
    "[a-z0-9][a-z0-9_-]{0,39}",
    code="bad-item",
    due="the short name of an item: small letters, digits, - and _",
    example="line-100m",
)
GROUP_CODE = words.pattern("[0-9A-Za-z-]{1,40}", code="bad-code", due="a group code", example="8700000001")
BANDWIDTH = words.pattern("[1-9][0-9]{0,5}[KMG]", code="bad-bandwidth", due="a bandwidth", example="100M")
AREA_CODE = words.pattern(
    number_forms.AREA_CODE.pattern, code="bad-area-code", due="an area code of mainland China", example="0870"
)
DEVICE_NAME = words.pattern(
    "[A-Za-z0-9][A-Za-z0-9._-]{0,39}",
    code="bad-device",
    due="the name or model of a device: letters, digits, . _ and -",
    example="iad-1",
)
SETTING_NAME = words.pattern(
    "[a-z][a-z0-9_]{0,39}",
    code="bad-setting-name",
    due="the name of a setting: small letters, digits and _",
    example="caller_id",
)
SETTING = replace(words.text(100), example="fsk-bellcore", bare=frozenset({"number", "flag"}))
FIRST_DIGITS = words.pattern(
    "[0-9]{1,10}", code="bad-first-digits", due="the first digits there may be", example="6"
)


def _number(due: str, example: str, read: Callable[[str], object]) -> Word:
    return Word(due=due, example=example, read=read, sheds_invisible=True, halves_width=True)


LONG_NUMBER = _number("a long number", "08702120001", number_forms.long_number)
SHORT_NUMBER = _number("a short number", "6001", number_forms.short_number)
MOBILE = _number("a mobile number", "13800138000", number_forms.mobile)
TELEPHONE = _number("a telephone number", "08702120000", number_forms.any_number)
NEW_NUMBER = _number("a telephone number", "08702120008", number_forms.new_number)
CALLABLE = _number("a telephone number", "01085200000", number_forms.callable_number)
REACHED = _number("a telephone number", "13800138000", number_forms.reached_number)

FEATURES = (
    *("vnet", "one-number", "ringback", "video", "fax", "pos"),
    *("two-numbers", "number-change", "switchboard", "t38"),
)
_FEATURES = {
    "V网": "vnet",
    "融合V网": "vnet",
    "一号通": "one-number",
    "融合一号通": "one-number",
    "彩铃": "ringback",
    "集团彩铃": "ringback",
    "视频": "video",
    "视频通话": "video",
    "传真": "fax",
    "POS": "pos",
    "POS刷卡": "pos",
    "一机双号": "two-numbers",
    "改号通知": "number-change",
    "总机": "switchboard",
    "融合总机": "switchboard",
    "T38": "t38",
    "T.38": "t38",
    "T.38传真": "t38",
    "T38传真": "t38",
}
"""What the opening form calls them (业务开通)."""
FEATURE = words.one_of(*FEATURES, also=_FEATURES)
RING_ORDER = words.one_of(
    *("together", "in-order"),
    also={"同振": "together", "同时振铃": "together", "顺振": "in-order", "顺序振铃": "in-order"},
)
