"""What a YAML file says, as written: scalars, lists and groups of keys, each with its place."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.core.problem import Problem


@dataclass(frozen=True, slots=True)
class Scalar:
    """A written value; `plain` when it stands without quotes, so that YAML would guess its kind."""

    text: str
    plain: bool
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and their values in the order of the file; of a key that stands twice, the first."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int


Node = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The tree of a file, or None, and what is wrong with the file as YAML."""

    root: Node | None
    problems: tuple[Problem, ...] = ()


def moved(node: Node, line: int, column: int) -> Node:
    """The node as if it were written there, with all that is in it."""
    if isinstance(node, Scalar):
        return Scalar(node.text, node.plain, line, column)
    if isinstance(node, Listing):
        return Listing(tuple(moved(item, line, column) for item in node.items), line, column)
    entries = tuple(
        (Scalar(key.text, key.plain, line, column), moved(value, line, column)) for key, value in node.entries
    )
    return Mapping(entries, line, column)
