"""What differs between two states of one thing on a switch, in words; never a secret (差异)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pbx.section import CONTEXT, SECRET_OPTIONS, masked
from provisioning.planning import facts, names

Items = Mapping[tuple[str, str], tuple[tuple[str, str], ...]]


def words(before: Items, after: Items) -> tuple[str, ...]:
    """What differs between two states of one subject, item by item and option by option."""
    said = [*_number_words(before, after), *facts.words(before, after)]
    for item in {**before, **after}:
        kind, name = item
        if kind == "number" or kind in facts.KINDS or before.get(item) == after.get(item):
            continue
        title = name if kind == CONTEXT else names.title(kind, name)
        if item not in before:
            said.append(f"{title} added")
        elif item not in after:
            said.append(f"{title} removed")
        else:
            said += _option_words(title, before[item], after[item])
    return tuple(said)


def _number_words(before: Items, after: Items) -> Iterator[str]:
    """Numbers a seat is called by: gone, new, or one in the place of another."""
    gone = [name for kind, name in before if kind == "number" and (kind, name) not in after]
    new = [name for kind, name in after if kind == "number" and (kind, name) not in before]
    if len(gone) == len(new) == 1:
        yield f"number {gone[0]} -> {new[0]}"
        return
    if gone:
        yield f"number {', '.join(gone)} removed"
    if new:
        yield f"number {', '.join(new)} added"
    for kind, name in before:
        if kind == "number" and (kind, name) in after and before[kind, name] != after[kind, name]:
            yield f"number {name} led elsewhere"


def _option_words(
    title: str, before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]
) -> Iterator[str]:
    old, new = _by_key(before), _by_key(after)
    if old == new:
        yield f"{title}: options in another order"
    for key in {**old, **new}:
        was, becomes = old.get(key, []), new.get(key, [])
        if was == becomes:
            continue
        if key in SECRET_OPTIONS:
            yield f"{key} changed" if title == "auth" else f"{title}: {key} changed"
            continue
        gone = [masked(key, value) for value in was if value not in becomes]
        come = [masked(key, value) for value in becomes if value not in was]
        yield f"{title}: {key} {', '.join(gone) or '(none)'} -> {', '.join(come) or '(none)'}"


def _by_key(options: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in options:
        found.setdefault(key, []).append(value)
    return found
