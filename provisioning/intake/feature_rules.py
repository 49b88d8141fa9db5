"""A feature has the data it needs, and data has the contract's feature (功能校验)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioning.core.problem import Problem
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """What a feature of the contract lives by: a column of some seat, or the seat's own feature."""

    columns: tuple[str, ...] = ()
    hint: str
    own: bool = False
    """Whether a seat has it only by naming it under features (功能)."""


_NEEDS: Mapping[str, _Need] = {
    "vnet": _Need(columns=("short_number", "mobile_short"), hint="短号码 (short_number)"),
    "one-number": _Need(
        columns=("further",), own=True, hint="一号通号码 (further), or 手机号码 and 一号通 under 功能"
    ),
    "video": _Need(own=True, hint="视频 under 功能 (features)"),
    "fax": _Need(own=True, hint="传真 under 功能 (features)"),
    "t38": _Need(own=True, hint="传真;T.38传真 under 功能 (features)"),
    "pos": _Need(own=True, hint="POS under 功能 (features)"),
    "two-numbers": _Need(columns=("second_number",), hint="第二号码 (second_number)"),
    "number-change": _Need(columns=("changed_to",), hint="新号码 (changed_to)"),
}
"""Of ringback the sounds are needed, which are no part of the contract; of switchboard see policy_rules."""

_OF_SEAT: Mapping[str, tuple[tuple[str, ...], str]] = {
    "vnet": (("short_number",), "write its short number"),
    "one-number": (("further", "mobile"), "write the numbers that ring with it: 一号通号码 or 手机号码"),
    "two-numbers": (("second_number",), "write 第二号码 (second_number)"),
    "number-change": (("changed_to",), "write 新号码 (changed_to)"),
    "pos": (("allowed",), "write the numbers its card terminal calls: 亲情号码 (allowed)"),
}
"""What a seat that names a feature itself has to say besides."""

_INCLUDED = {"further": "one-number", "second_number": "two-numbers", "mobile_short": "vnet"}
"""The columns that are the data of a feature."""


def features_have_data(paper: Paper) -> Iterator[Problem]:
    """What the contract includes and no seat can use is told in one warning, it may be on purpose."""
    if paper.rows is None:
        return
    idle = [
        (found.value, _NEEDS[found.value].hint)
        for found in paper.site.many("features")
        if found.value in _NEEDS and not any(_has(row, found.value) for row in paper.seats)
    ]
    if idle:
        yield paper.site.warning(
            "features",
            "feature-without-data",
            f"no seat has what makes it work: {', '.join(name for name, _ in idle)}",
            f"where a seat is to have it, fill in {idle[0][1]}; nothing to mend where none is",
        )


def _has(row: Fields, feature: str) -> bool:
    """Whether a seat has what the feature lives by, as far as its row can be read."""
    need = _NEEDS[feature]
    if any(row.get(column) or column in row.faulty for column in need.columns):
        return True
    return need.own and (feature in (row.get("features") or ()) or "features" in row.faulty)


def seats_have_data(paper: Paper) -> Iterator[Problem]:
    """A seat that has a feature of its own says what the feature needs."""
    for row in paper.seats:
        own: tuple[str, ...] = row.get("features") or ()
        for feature in own:
            columns, hint = _OF_SEAT.get(feature, ((), ""))
            if columns and not any(row.get(column) or column in row.faulty for column in columns):
                yield row.warning(
                    "features",
                    "feature-without-data",
                    f"{row.get('long_number') or 'the seat'} has {feature} and says nothing of "
                    f"{' or '.join(columns)}",
                    hint,
                )
        if "t38" in own and "fax" not in own:
            yield row.warning(
                "features",
                "feature-without-data",
                f"{row.get('long_number') or 'the seat'} has t38 and not fax: it stays a telephone",
                "write both: 传真;T.38传真",
            )


def t38_has_its_iad(paper: Paper) -> Iterator[Problem]:
    """A fax machine sends by T.38 only where its IAD is set so too, as far as one can tell which that is."""
    iads = {iad.get("name"): iad for iad in paper.site.groups("iads")}
    relays = {name for name, iad in iads.items() if iad.group("settings").get("fax") == "t38"}
    for row in paper.seats:
        own: tuple[str, ...] = row.get("features") or ()
        if not {"fax", "t38"} <= set(own) or "iad" in row.faulty:
            continue
        named = row.get("iad")
        may = {named} & iads.keys() if named is not None else iads.keys()
        if may and not may & relays:
            yield row.warning(
                "features",
                "t38-without-iad",
                f"{row.get('long_number') or 'the seat'} has t38, and its IAD "
                f"({' or '.join(sorted(map(str, may)))}) sends faxes in the voice channel",
                "write settings: {fax: t38} at the IAD, or take T.38传真 away",
            )


def data_is_included(paper: Paper) -> Iterator[Problem]:
    """Where the contract lists its features, a seat does not use another one without saying so."""
    site = paper.site
    if not site.has("features") or "features" in site.faulty:
        return
    included = {found.value for found in site.many("features")}
    for row in paper.seats:
        own = included | set(row.get("features") or ())
        for column, feature in _INCLUDED.items():
            if row.get(column) and feature not in own and "features" not in row.faulty:
                yield row.warning(
                    column,
                    "feature-not-included",
                    f"{column} is {feature}, which site.features does not include",
                    f"add {feature} to site.features, or under 功能 of the seat, if the paper has it",
                )


FEATURE_RULES: tuple[Rule, ...] = (features_have_data, seats_have_data, t38_has_its_iad, data_is_included)
