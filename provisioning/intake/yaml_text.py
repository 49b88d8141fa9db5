"""YAML text as a tree of written values with their places; nothing is interpreted, nothing constructed.

The only file that knows the YAML library, and of it only the stream of events: a tag makes no object,
an alias bomb is counted, not expanded. Limits keep any file, however hostile, under a second or two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from provisioning.core.problem import Place, Problem
from provisioning.intake import yaml_marks
from provisioning.intake.text_form import shown
from provisioning.intake.tree import Listing, Mapping, Node, Parsed, Scalar, moved
from provisioning.intake.yaml_bytes import Broken, decoded, forbidden

MAX_DEPTH = 20
MAX_NODES = 30_000

_TAB_INDENT = re.compile(r" *\t")


@dataclass(slots=True)
class _Open:
    """A list or a mapping whose end is still to come."""

    mapping: bool
    line: int
    column: int
    anchor: str | None
    began: int
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    lines_of: dict[str, int] = field(default_factory=dict)
    key: Scalar | None = None


def parse(file: str, content: bytes) -> Parsed:
    """The tree of one YAML file. `file` is its name in problems; ends always, and soon."""
    try:
        text = decoded(file, content)
    except Broken as broken:
        return Parsed(root=None, problems=(broken.problem,))
    controls = tuple(forbidden(file, text))
    if controls:
        return Parsed(root=None, problems=controls)
    builder = _Builder(file)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except Broken as broken:
        return Parsed(root=None, problems=(*builder.problems, broken.problem))
    except MarkedYAMLError as fault:
        return Parsed(root=None, problems=(*builder.problems, _syntax_problem(file, text, fault)))
    except Exception:  # the library ends some malformed files in a ValueError, IndexError, AssertionError
        problem = Problem(
            code="yaml-syntax",
            message="this is not YAML: reading ends here",
            hint="compare with the example of a contract file; quote texts that hold special signs",
            place=Place(file=file, line=builder.line, column=builder.column),
        )
        return Parsed(root=None, problems=(*builder.problems, problem))
    if builder.root is None:
        builder.complain("yaml-empty", "the file is empty", "write a contract into it", 1, 1)
    return Parsed(root=builder.root, problems=tuple(builder.problems))


def _syntax_problem(file: str, text: str, fault: MarkedYAMLError) -> Problem:
    mark = fault.problem_mark or fault.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.split("\n")
    here = lines[line - 1] if line <= len(lines) else ""
    if _TAB_INDENT.match(here) or here[column - 1 : column] == "\t":
        return Problem(
            code="yaml-tab",
            message="a tab stands where YAML takes only spaces",
            hint="indent with spaces, two for each level",
            place=Place(file=file, line=line, column=here.find("\t") + 1),
        )
    begun = fault.context_mark
    mark_there = yaml_marks.slip(lines, line - 3 if begun is None else max(begun.line + 1, line - 20), line)
    if mark_there is not None:
        at, where, sign, hint = mark_there
        return Problem(
            code="yaml-full-width",
            message=f"a full-width {sign} means nothing to YAML",
            hint=hint,
            place=Place(file=file, line=at, column=where),
        )
    why = " ".join(str(fault.problem or fault.context or "it cannot be read").split())[:200]
    since = f" (what began at line {begun.line + 1})" if begun is not None and begun.line + 1 != line else ""
    return Problem(
        code="yaml-syntax",
        message=f"this is not YAML: {shown(why)[1:-1]}{since}",
        hint="check indentation, brackets and quotes here and in the line before",
        place=Place(file=file, line=line, column=column),
    )


class _Builder:
    """Makes the tree of one document out of the library's events, within the limits."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.line = self.column = 1
        self._documents = 0
        self._nodes = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node | None, int]] = {}

    def complain(self, code: str, message: str, hint: str, line: int, column: int) -> None:
        place = Place(file=self.file, line=line, column=column)
        self.problems.append(Problem(code=code, message=message, hint=hint, place=place))

    def _end(self, code: str, message: str, hint: str) -> Broken:
        place = Place(file=self.file, line=self.line, column=self.column)
        return Broken(Problem(code=code, message=message, hint=hint, place=place))

    def take(self, event: Any) -> None:
        """One event of the library; raises Broken when reading has to stop."""
        self.line, self.column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._end(
                    "yaml-documents",
                    'a second document begins here ("---")',
                    "write one contract to a file",
                )
        elif isinstance(event, ScalarEvent):
            self._count(1)
            self._refuse_tag(event)
            self._add(self._scalar(event), anchor=event.anchor, size=1)
        elif isinstance(event, AliasEvent):
            self._alias(str(event.anchor))
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close()

    def _count(
        self, nodes: int, hint: str = "keep the number rows in a sheet, named under site.numbers"
    ) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._end("yaml-too-big", f"the file holds more than {MAX_NODES} values", hint)

    def _scalar(self, event: Any) -> Scalar:
        # A bare date's or number's text stands as written; block text (| and >) counts as quoted.
        return Scalar(str(event.value), event.style in (None, ""), self.line, self.column)

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None and str(event.tag) != "!":
            self.complain(
                "yaml-tag",
                f"the tag {shown(str(event.tag))} has no meaning in a contract file",
                "delete the tag; write texts in quotes",
                self.line,
                self.column,
            )

    def _begin(self, event: Any) -> None:
        self._count(1)
        self._refuse_tag(event)
        if len(self._open) >= MAX_DEPTH:
            raise self._end(
                "yaml-too-deep",
                f"more than {MAX_DEPTH} levels stand inside one another",
                "a contract file has at most six levels; check brackets and indentation",
            )
        anchor = str(event.anchor) if event.anchor is not None else None
        if anchor is not None:
            self._anchors[anchor] = (None, 0)
        mapping = isinstance(event, MappingStartEvent)
        self._open.append(_Open(mapping, self.line, self.column, anchor, self._nodes))

    def _close(self) -> None:
        done = self._open.pop()
        node: Node
        if done.mapping:
            node = Mapping(tuple(done.entries), done.line, done.column)
        else:
            node = Listing(tuple(done.items), done.line, done.column)
        self._add(node, anchor=done.anchor, size=self._nodes - done.began + 1)

    def _alias(self, name: str) -> None:
        if name not in self._anchors:
            raise self._end(
                "yaml-alias", f"*{shown(name)[1:-1]} refers to nothing", "write the value itself here"
            )
        node, size = self._anchors[name]
        if node is None:
            raise self._end(
                "yaml-alias", f"*{shown(name)[1:-1]} stands inside itself", "write the value itself here"
            )
        self._count(size, "write the values themselves instead of * references")
        self._add(moved(node, self.line, self.column), anchor=None, size=size)

    def _add(self, node: Node, *, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._anchors[str(anchor)] = (node, size)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if not parent.mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = self._key(node)
        else:
            self._enter(parent, parent.key, node)
            parent.key = None

    def _key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        raise Broken(
            Problem(
                code="yaml-key",
                message="a list or a group of keys stands where a key is due",
                hint='write one word and a colon, such as "name:"',
                place=Place(file=self.file, line=node.line, column=node.column),
            )
        )

    def _enter(self, parent: _Open, key: Scalar, node: Node) -> None:
        first = parent.lines_of.setdefault(key.text, key.line)
        if len(parent.lines_of) == len(parent.entries):
            self.complain(
                "duplicate-key",
                f"the key {shown(key.text)} stands twice; first in line {first}",
                "keep one of them",
                key.line,
                key.column,
            )
            return
        if isinstance(node, Scalar) and node.plain and not node.text:
            node = Scalar("", True, key.line, key.column)  # nothing is written: the key is its place
        parent.entries.append((key, node))
