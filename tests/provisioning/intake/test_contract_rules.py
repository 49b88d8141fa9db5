"""Each rule of the contract file: one slip gives one problem, at its exact place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]

MARK = "¦"
"""Stands in a case right before the place that the problem must name."""

# The code, the text of the sample that is changed, what it becomes, a part of what the user is told.
Case = tuple[str, str, str, str]

KEYS: list[Case] = [
    ("unknown-key", "area_code:", "¦aera_code:", "did you mean area_code?"),
    ("unknown-key", "  keep_months: 6\n", "  keep_months: 6\n  ¦zzz: 1\n", "the keys here are starts"),
    ("unknown-key", "once: []", "¦area_code: '0870'\nonce: []", "stands under site"),
    ("unknown-key", "name: iad-1, model", "name: iad-1, ¦modle: a, model", "did you mean model?"),
    ("unknown-key", 'short_number: "6002"', '¦short_numbr: "6002"', "did you mean short_number?"),
    ("missing-key", "contract: zhaotong-2025\n", "¦", 'the key "contract" is missing'),
    ("missing-key", "term: {from: 2025-07-01, to:", "term: ¦{to:", 'the key "from" is missing under term'),
    ("missing-key", "{domain: ims.example.net, proxy", "¦{proxy", '"domain" is missing under site.ims'),
    ("missing-key", "per: seat, zones: [local, domestic]}", "per: seat}", "zones"),
    ("missing-key", 'long_number: "08702120003", ', "", "has no long_number"),
    ("duplicate-key", "once: []", "once: []\n¦contract: x", "first in line 1"),
    ("duplicate-key", "per: day,", "per: day, ¦per: day,", "stands twice"),
    ("duplicate-key", 'short_number: "6001"', 'short_number: "6001", ¦短号: "6009"', "written twice"),
    ("wrong-kind", "once: []", "once: ¦none", "a single value, where a list"),
    (
        "wrong-kind",
        "operator: {name: 中国移动云南昭通分公司}",
        "operator: ¦[1]",
        "a list, where a group of keys",
    ),
    ("wrong-kind", "customer: {name: 昭通某办公室", "customer: {name: ¦{a: b}", "where text is due"),
    ("wrong-kind", "per_second: 20", "per_second: ¦[20]", "a list, where a whole number"),
    ("wrong-kind", '  - {seat: "13800138000", way: share, share: "0.5"}', "  - ¦5", "payers[2]"),
    ("value-missing", "payment: prepaid", "¦payment:", "billing.payment has no value"),
    ("value-missing", "payment: prepaid", "payment: ¦~", "billing.payment has no value"),
    ("value-missing", "name: 客户内网服务", 'name: ¦"  "', "blank"),
]

BARE: list[Case] = [
    ("number-not-text", 'main_number: "08702120000"', "main_number: ¦08702120000", '"08702120000"'),
    ("number-not-text", 'area_code: "0870"', "area_code: ¦0870", 'put it in quotes: "0870"'),
    ("number-not-text", 'total: "4860.00"', "total: ¦4860.00", '"4860.00"'),
    ("number-not-text", 'internal: "0"', "internal: ¦0", "calls.rates.internal"),
    ("number-not-text", 'group_code: "8700000001"', "group_code: ¦8700000001", "in quotes"),
    (
        "number-not-text",
        'long_number: "08702120001"',
        "long_number: ¦08702120001",
        "site.numbers[1].long_number",
    ),
    ("number-not-text", 'short_number: "6002"', "short_number: ¦6_002", "in quotes"),
    ("number-not-text", 'unit: "24.00"', "unit: ¦2.4e1", "in quotes"),
    ("number-not-text", 'allowed: ["6001"', "allowed: [¦6001", "in quotes"),
    ("number-not-text", "model: grandstream-gxw4248", "model: ¦240", "in quotes"),
    ("number-not-text", "contract: zhaotong-2025", "contract: ¦0x1f", "in quotes"),
    ("flag-not-text", "department: 办公室", "department: ¦true", "a bare true or false"),
    ("date-not-text", "department: 办公室", "department: ¦2025-07-01", "a bare date"),
    ("bad-date", "to: 2025-12-31", "to: ¦20251231", "year-month-day"),
    ("number-not-text", '"08702120002"', "¦8702120002", 'write "08702120002" as text'),
    ("number-not-text", 'local: "0.06"', "local: ¦.06", 'a 0 before the point: "0.06"'),
    ("number-not-text", 'unit: "24.00"', "unit: ¦24.", 'leave out the point: "24"'),
    ("number-not-text", 'tax: "0.06"', "tax: ¦.06", '"0.06"'),
    ("flag-not-text", "forwarding: closed", "forwarding: ¦false", "write one of closed | open"),
    ("flag-not-text", "payment: prepaid", "payment: ¦true", "write one of prepaid | postpaid"),
    ("flag-not-text", 'local: "0.06"', "local: ¦false", "write a rate in yuan a minute, or closed"),
    ("bad-flag", "allow_list: false", "allow_list: ¦0", "true or false"),
    ("bad-flag", "allow_list: false", "allow_list: ¦no", "true or false"),
    ("bad-whole-number", "increment: 60", "increment: ¦2025-07-01", "whole number"),
]

VALUES: list[Case] = [
    ("bad-contract-id", "contract: zhaotong-2025", "contract: ¦Zhaotong_2025", "small letters"),
    ("bad-site-name", "  name: zhaotong\n", "  name: ¦-zhaotong\n", "small letters"),
    ("bad-area-code", 'area_code: "0870"', 'area_code: ¦"870"', "area code"),
    ("bad-date", "to: 2025-12-31", "to: ¦2025-02-30", "not a day of the calendar"),
    ("bad-date", "to: 2025-12-31", 'to: ¦"2025-7-1"', "2025-07-01"),
    ("bad-choice", "payment: prepaid", "payment: ¦prepayed", "did you mean prepaid?"),
    ("bad-choice", "rounding: call", "rounding: ¦fen", "write one of call, bill"),
    ("bad-choice", "invoice_every_months: 6", "invoice_every_months: ¦5", "1 | 3 | 6 | 12"),
    ("bad-choice", "per: day", "per: ¦year", "day | month"),
    ("bad-choice", "of: arrears", "of: ¦arrear", "arrears"),
    ("bad-choice", "duration: exact", "duration: ¦rough", "exact | whole"),
    ("bad-choice", "list: deny", "list: ¦block", "allow | deny"),
    ("bad-choice", "register: seat", "register: ¦line", "seat | trunk"),
    ("bad-choice", "forwarding: closed", "forwarding: ¦off", "closed | open"),
    ("bad-choice", "calling_number: contract-only", "calling_number: ¦any", "contract-only"),
    ("bad-choice", "prorate: month", "prorate: ¦week", "month | day | year | once"),
    ("bad-choice", "zones: [local, domestic]", "zones: [local, ¦domestik]", "did you mean domestic?"),
    ("bad-choice", "[fax, video]", "[¦faks, video]", "did you mean fax?"),
    ("bad-choice", "features: [vnet,", "features: [¦v-net,", "did you mean vnet?"),
    ("bad-choice", "way: share, share", "way: ¦part, share", "amount | share | items | fixed"),
    ("bad-amount", 'total: "4860.00"', 'total: ¦"4,860.00"', "no separators"),
    ("bad-amount", 'total: "4860.00"', 'total: ¦"-4860.00"', "below 0"),
    ("bad-amount", 'total: "4860.00"', 'total: ¦"4860.005"', "parts of a fen"),
    ("bad-amount", 'total: "4860.00"', 'total: ¦"4860元"', "not an amount"),
    ("bad-amount", 'total: "4860.00"', 'total: ¦"４860"', "not an amount"),
    ("bad-amount", 'local: "0.06"', 'local: ¦"1e-2"', "not an amount"),
    ("bad-amount", "hmt: closed", "hmt: ¦close", "did you mean closed?"),
    ("bad-amount", "hmt: closed", "hmt: ¦no", "closed where the zone is not open"),
    ("bad-amount", 'internal: "0"', "internal: ¦free", '"0" where calls are free'),
    ("bad-amount", 'local: "0.06"', "local: ¦open", 'such as "0.06"'),
    ("bad-amount", 'local: "0.06"', 'local: ¦".06"', '"0.06"'),
    ("bad-choice", "payment: prepaid", "payment: ¦prepaid\n    rounding：call", '": "'),
    ("wrong-kind", "due: {days: 30}", "due:\n    ¦days：30", '": "'),
    ("unknown-key", "term: {from: 2025-07-01", "term: {¦notice：30, from: 2025-07-01", '": "'),
    ("bad-choice", "zones: [local, domestic]", "zones: [¦local，domestic]", '", "'),
    ("full-width-quotes", 'area_code: "0870"', "area_code: ¦“0870”", "ASCII quotes"),
    ("full-width-quotes", "name: 昭通某办公室", "name: ¦“昭通某办公室”", "ASCII quotes"),
    ("bad-share", 'rate: "0.003"', 'rate: ¦"3‰"', "3 per mille"),
    ("bad-share", 'tax: "0.06"', 'tax: ¦"6"', "between 0 and 1"),
    ("bad-quantity", "quantity: 3", "quantity: ¦0", "1 or more"),
    ("bad-quantity", "quantity: seats", "quantity: ¦seat", "seats"),
    ("bad-whole-number", "increment: 60", "increment: ¦0", "from 1 to 3600"),
    ("bad-whole-number", "notice_days: 30", "notice_days: ¦30.5", "whole number"),
    ("bad-whole-number", "notice_days: 30", "notice_days: ¦-1", "whole number"),
    ("bad-whole-number", "port: 2", "port: ¦0", "whole number"),
    ("bad-hours", '"08:00-19:00"', '¦"19:00-08:00"', "earlier time first"),
    ("bad-hours", '"08:00-19:00"', '¦"8-19"', "08:00-19:00"),
    ("bad-mac", '"c0:74:ad:00:00:01"', '¦"c0:74:ad:00:00"', "six pairs"),
    ("bad-proxy", '"sip:127.0.0.1:5070"', '¦"127.0.0.1"', "sip:host"),
    ("bad-proxy", '"sip:127.0.0.1:5070"', '¦"sip:127.0.0.1:99999"', "sip:host"),
    ("bad-proxy", '"sip:127.0.0.1:5070"', '¦"sip:127.0.0.1;lr"', "without parameters"),
    ("bad-proxy", '"sip:127.0.0.1:5070"', '¦"sip:300.0.0.1"', "sip:host"),
    ("bad-domain", "domain: ims.example.net", 'domain: ¦"ims example"', "domain name"),
    ("bad-ims-user", '"+86{area}{local}"', '¦"+86{aera}{local}"', "{area}"),
    ("bad-ims-user", '"+86{area}{local}"', '¦"+86{area}"', "same user"),
    ("bad-ims-user", '"+86{area}{local}"', '¦"a;b{local}"', "pattern"),
    ("bad-bandwidth", "bandwidth: 100M", "bandwidth: ¦fast", "100M"),
    ("bad-first-digits", 'first: "6"', 'first: ¦"six"', "first digits"),
    ("bad-item", "item: intranet", "item: ¦内网", "short name"),
    ("bad-device", "name: iad-1, model", 'name: ¦"a b", model', "name or model"),
    ("control-character", "name: 昭通某办公室", 'name: ¦"昭通\\n办公室"', "U+000A"),
    ("control-character", "name: 昭通某办公室", 'name: ¦"a\\0b"', "U+0000"),
    ("control-character", "name: 昭通某办公室", 'name: ¦"a\\ud800b"', "U+D800"),
    ("text-too-long", "name: 昭通某办公室", "name: ¦" + "长" * 201, "at most 200"),
]

NUMBERS: list[Case] = [
    ("bad-number", '"08702120002"', '¦"0870-2120002"', 'such as "08702120002"'),
    ("bad-number", '"08702120002"', '¦"0870212000255"', "11 or 12 digits"),
    ("bad-number", '"08702120002"', '¦"0870a120002"', "digits only"),
    ("bad-number", '"08702120002"', '¦"+868702120002"', 'such as "08702120002"'),
    ("bad-number", '"08702120002"', '¦"0086 870 2120002"', 'such as "08702120002"'),
    ("bad-number", '"08702120002"', '¦"870-2120002"', 'such as "08702120002"'),
    ("bad-number", '"08702120002"', '¦"00868702120002"', "national form 08702120002"),
    ("bad-number", 'mobile: "13800138000"', 'mobile: ¦"8613800138000"', "like 13800138000"),
    ("mobile-as-long-number", '"08702120002"', '¦"+86 138-0013-8000"', "under mobile"),
    ("mobile-as-long-number", 'main_number: "08702120000"', 'main_number: ¦"13800138000"', "mobile"),
    ("emergency-number", 'main_number: "08702120000"', 'main_number: ¦"119"', "emergency"),
    ("bad-number", 'main_number: "08702120000"', 'main_number: ¦"0085221234567"', "not a long number"),
    ("emergency-number", 'mobile: "13800138000"', 'second_number: ¦"119"', "emergency"),
    ("mobile-as-long-number", 'mobile: "13800138000"', 'second_number: ¦"13800138000"', "mobile"),
    ("emergency-number", 'mobile: "13800138000"', 'changed_to: ¦"119"', "emergency"),
    ("number-abroad", 'mobile: "13800138000"', 'changed_to: ¦"0085221234567"', "outside"),
    ("number-abroad", 'mobile: "13800138000"', 'changed_to: ¦"0013125551234"', "outside"),
    ("bad-short-number", '"6002"', '¦"6"', "1 digit;"),
    ("area-code-differs", 'area_code: "0870"', 'area_code: ¦"0871"', "no number has it"),
    ("bad-number", '"08702120002"', '¦"868702120002"', "national form 08702120002"),
    ("bad-number", '"08702120002"', '¦"0101234567"', "is not a long number"),
    ("leading-zero-lost", '"08702120002"', '¦"8702120002"', '"08702120002"'),
    ("area-code-missing", '"08702120002"', '¦"2120002"', "08702120002"),
    ("scientific-notation", '"08702120002"', '¦"8.70212E+10"', "Text (文本)"),
    ("number-not-text", '"08702120002"', '¦"8702120002.0"', "stored as a number"),
    ("mobile-as-long-number", '"08702120002"', '¦"13800138009"', "under mobile"),
    ("emergency-number", '"08702120002"', '¦"12110"', "emergency number"),
    ("bad-number", 'mobile: "13800138000"', 'mobile: ¦"12800138000"', "13800138000"),
    ("bad-number", '"01085200000"]', '¦"0855"]', "not a telephone number"),
    ("area-code-missing", '"01085200000"]', '¦"2120009"]', "area code"),
    ("area-code-missing", 'main_number: "08702120000"', 'main_number: ¦"2120000"', "area code"),
    ("bad-short-number", '"6002"', '¦"6"', "2 to 8"),
    ("short-number-collides", '"6002"', '¦"110"', "emergency number 110"),
    ("short-number-collides", '"6002"', '¦"12395"', "emergency number 12395"),
    ("short-number-collides", '"6002"', '¦"1000"', "10xxx"),
    ("short-number-collides", '"6002"', '¦"1234"', "12xxx"),
    ("short-number-collides", '"6002"', '¦"114"', "1xx"),
    ("short-number-collides", '"6002"', '¦"9555"', "95xxx"),
    ("short-number-collides", '"6002"', '¦"9600"', "96xxx"),
    ("short-number-collides", '"6002"', '¦"0602"', "begins with 0"),
    ("short-number-collides", '"6002"', '¦"6002000"', "local numbers"),
    ("short-number-collides", '"6002"', '¦"60020000"', "local numbers"),
    ("short-number-collides", 'first: "6"', 'first: ¦"16"', "begin with 1"),
    ("short-number-collides", "{digits: 4,", "{digits: 7,", "7 digits"),
    ("short-number-shape", '"6002"', '¦"7002"', "4 digits beginning with 6"),
    ("short-number-shape", '"6002"', '¦"60021"', "4 digits beginning with 6"),
    ("duplicate-long-number", '"08702120002"', '¦"08702120001"', "first in line 44"),
    ("duplicate-long-number", 'mobile: "13800138000"', 'second_number: ¦"08702120003"', "first in line 46"),
    ("duplicate-short-number", '"6002"', '¦"6001"', "first in line 44"),
    ("unknown-iad", "iad: iad-1, port: 2", "iad: ¦iad-2, port: 2", "site.iads lists iad-1"),
    ("duplicate-port", "port: 2", "port: ¦1", "first in line 44"),
    ("unknown-short-number", 'allowed: ["6001"', 'allowed: ["6009"', "no short number of this contract"),
    ("duplicate-iad", "iads: [{name: iad-1", "iads: [{name: iad-1, model: a}, {name: ¦iad-1", "name iad-1"),
    (
        "duplicate-mac",
        "iads: [{name: iad-1",
        'iads: [{name: x, model: a, mac: "C0-74-AD-00-00-01"}, {name: iad-1',
        "c0:74:ad:00:00:01",
    ),
    ("duplicate-feature", "features: [vnet,", "features: [vnet, ¦vnet,", "named twice"),
]

SENSE: list[Case] = [
    ("term-ends-before-it-begins", "to: 2025-12-31", "to: ¦2025-06-30", "before it begins on 2025-07-01"),
    ("billing-before-term", "starts: 2025-07-01", "starts: ¦2025-06-30", "before the term begins"),
    ("billing-after-term", "starts: 2025-07-01", "starts: ¦2026-01-01", "after the term has ended"),
    ("due-not-one", "due: {days: 30}", "due: ¦{days: 30, day_of_month: 30}", "days and day_of_month"),
    ("due-not-one", "due: {days: 30}", "due: ¦{}", "says nothing"),
    ("duplicate-zone", "zones: [local, domestic]", "zones: [local, ¦local]", "named twice"),
    ("allowance-of-closed-zone", "zones: [local, domestic]", "zones: [local, ¦hmt]", "closes it"),
    ("payer-without-seat", '{seat: "08702120001"', '{seat: ¦"08702120009"', "neither a seat"),
    ("duplicate-payer", '{seat: "13800138000"', '{seat: ¦"08702120001"', "first in line 29"),
    ("payer-way", 'way: amount, amount: "50.00"', "way: ¦amount", "needs amount"),
    ("payer-way", 'way: amount, amount: "50.00"', "way: ¦fixed", "needs amount"),
    ("payer-way", 'way: amount, amount: "50.00"', "way: ¦items, items: []", "needs items"),
    ("payer-way", 'share: "0.5"', 'share: "0.5", amount: ¦"1.00"', "takes share, not amount"),
    ("duplicate-item", "item: line-30m", "item: ¦line-100m", "first in line 15"),
    (
        "fee-without-price",
        '{item: intranet, name: 客户内网服务, total: "1140.00"',
        "¦{item: intranet, name: x",
        "neither",
    ),
    ("fee-does-not-add-up", 'total: "500.00"', 'unit: "499.00", total: ¦"500.00"', "1 x 499.00 is 499.00"),
    ("seat-count", "quantity: seats", "quantity: ¦4", "4 seats, but there are 3 number rows"),
    ("seat-count", "quantity: seats", "quantity: ¦1", "charges 1 seat, but"),
    ("seat-quantity-missing", 'quantity: seats, unit: "24.00"', 'unit: ¦"24.00"', "write quantity: seats"),
    (
        "stated-month-differs",
        'month: "6572.00"',
        'month: ¦"6548.00"',
        "6548.00 a month, but the recurring fees add up to 6572.00",
    ),
    ("stated-term-differs", 'term: "39432.00"', 'term: ¦"39431.00"', "6 months at 6572.00"),
    ("list-too-long", "zones: [local,", "zones: ¦[local, local, local, local, local, local,", "7 entries"),
]

SHEETS: list[Case] = [
    ("file-missing", "", "numbers.xlsx", "there is no number sheet in/numbers.xlsx"),
    ("file-missing", "", "numbers", "there is no number sheet in/numbers"),
    ("file-missing", "", "numbers.csv", "there is no number sheet in/numbers.csv"),
]


def marked(text: str) -> tuple[str, tuple[int, int] | None]:
    """The text without its mark, and the line and column of what follows the mark."""
    at = text.find(MARK)
    if at < 0:
        return text, None
    before = text[:at]
    return text.replace(MARK, ""), (before.count("\n") + 1, at - before.rfind("\n"))


def label(case: object) -> str | None:
    return None if not isinstance(case, tuple) else f"{case[0]}: {case[2]}"[:60]


def judge(reading: Reading, code: str, place: tuple[int, int] | None, told: str) -> None:
    [problem] = [p for p in reading.problems if p.code == code]
    if place is not None:
        assert (problem.place.line, problem.place.column) == place
    assert told in problem.message + " / " + problem.hint
    assert problem.severity == "error"
    assert reading.contracts == ()


@pytest.mark.parametrize("case", [*KEYS, *BARE, *VALUES, *NUMBERS, *SENSE], ids=label)
def test_a_slip_is_named_with_its_place(case: Case, sample: str, read: ReadTexts) -> None:
    """One slip in a good contract gives one problem of its kind, where it stands, with a way to mend it."""
    code, old, new, told = case
    assert sample.count(old) >= 1
    text, place = marked(sample.replace(old, new, 1))
    reading = read({"in/zhaotong.yaml": text})
    judge(reading, code, place, told)
    assert {p.place.file for p in reading.problems} == {"in/zhaotong.yaml"}


@pytest.mark.parametrize("case", SHEETS, ids=label)
def test_a_sheet_that_cannot_be_read_is_named(case: Case, sample: str, read: ReadTexts) -> None:
    """A number sheet that is no CSV or is not there gives one problem, where it is named."""
    code, _, name, told = case
    start, end = sample.index("    - {long"), sample.index("  short_numbers:")
    text = sample[:start].rstrip() + f" {MARK}{name}\n" + sample[end:]
    text, place = marked(text)
    reading = read({"in/zhaotong.yaml": text})
    judge(reading, code, place, told)
    assert len(reading.problems) == 1


WARNINGS: list[Case] = [
    (
        "retention-not-by-seats",
        "recurring:\n",
        'recurring:\n  - {item: retention, name: 停机保号, unit: ¦"5.00"}\n',
        "no seat that is kept alone",
    ),
    ("rate-missing", ', service: "0.06"', "", "says nothing of service"),
    ("number-length", '"08702120003"', '¦"087021200031"', "most others of area 0870 have 11"),
    ("number-not-in-plan", '"08702120003"', '¦"087021200031"', "another length"),
    ("number-unusual", '"08702120003"', '¦"08701234567"', "begin with 2 to 8"),
    ("nothing-allowed", "allow_list: false", "allow_list: true", "nobody but emergency"),
    ("full-width", '"08702120001", short', '¦"０8702120001", short', 'read as "08702120001"'),
    ("invisible-character", '"08702120002"', '¦"0870\u200b2120002"', "<U+200B>"),
    ("number-outside-area", '"08702120003"', '¦"08712120003"', "area code 0870"),
    ("tax-unusual", 'tax: "0.06"', 'tax: ¦"0.6"', "0.06, 0.09, 0.13"),
    ("rate-unusual", 'service: "0.06"', 'service: ¦"60"', "more than 20"),
    ("rate-unusual", 'incoming: "0"', 'incoming: ¦"20.01"', "incoming"),
    ("allowance-without-zone", "zones: [local, domestic]", "zones: ¦[]", "no call"),
    ("unknown-item", 'way: amount, amount: "50.00"', "way: items, items: [seat, ¦phone]", "no item"),
    ("mac-of-no-device", '"c0:74:ad:00:00:01"', '¦"ff:ff:ff:ff:ff:ff"', "many devices"),
    ("mac-of-no-device", '"c0:74:ad:00:00:01"', '¦"01:00:5e:00:00:01"', "many devices"),
    ("mac-of-no-device", '"c0:74:ad:00:00:01"', '¦"00:00:00:00:00:00"', "empty"),
    ("late-fee-unusual", 'rate: "0.003", per: day', 'rate: ¦"1", per: day', "doubles"),
    ("invisible-character", "办公室}", "¦办\u202e公室}", "<U+202E>"),
]


@pytest.mark.parametrize("case", WARNINGS, ids=label)
def test_a_warning_leaves_the_contract_usable(case: Case, sample: str, read: ReadTexts) -> None:
    """What is odd but not wrong is a warning with its place, and the contract is read."""
    code, old, new, told = case
    text, place = marked(sample.replace(old, new, 1))
    reading = read({"zhaotong.yaml": text})
    assert reading.problems == ()
    assert len(reading.contracts) == 1
    found = [w for w in reading.warnings if w.code == code]
    assert found
    if place is not None:
        assert (found[0].place.line, found[0].place.column) == place
    assert told in found[0].message
    assert {w.severity for w in reading.warnings} == {"warning"}


def test_a_signature_may_have_its_brackets(sample: str, read: ReadTexts) -> None:
    """A signature in brackets is what the paper has: no warning."""
    bare, bracketed = (
        read({"a.yaml": sample.replace("signature: 吉林医保", f"signature: {text}")})
        for text in ("吉林医保", "【吉林医保】")
    )
    assert bracketed.problems == ()
    assert bracketed.warnings == bare.warnings


def test_a_hint_is_accepted_when_it_is_followed(sample: str, read: ReadTexts) -> None:
    """What is suggested for a number in another form is a number that is read."""
    for written in ("+868702120002", "0086-870-2120002", "870 2120002", "(0870)2120002", "00868702120002"):
        [problem] = read({"a.yaml": sample.replace('"08702120002"', f'"{written}"')}).problems
        assert "08702120002" in problem.hint


def test_what_no_bill_shows_yet_gives_one_warning(sample: str, read: ReadTexts) -> None:
    """Messages, payers and late fees are recorded, and until a bill has them check says so."""
    [message] = [w.message for w in read({"zhaotong.yaml": sample}).warnings if w.code == "not-charged-yet"]
    assert message.endswith("recorded, not yet on any bill")
    assert "billing.late_fee" in message
