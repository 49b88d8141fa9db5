"""Reads a tree of written values by the schema; collects every problem on the way."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.core.problem import Problem, Severity
from provisioning.intake import schema, yaml_marks
from provisioning.intake.fields import Fields, Found
from provisioning.intake.schema import Kind, Many, Named, Numbers, Shape
from provisioning.intake.sheet import Cell, place
from provisioning.intake.text_form import Bare, bare_form, half_width, nearest, shown, without_invisible
from provisioning.intake.tree import Listing, Node, Scalar
from provisioning.intake.tree import Mapping as Group
from provisioning.intake.words import Word, text
from provisioning.intake.wrong import Wrong

MAX_KEYS = 100
MAX_GUESSES = 1000
_SHEET_NAME = text(255)

_BARE_PROBLEMS = {
    "number": ("number-not-text", "a bare number"),
    "flag": ("flag-not-text", "a bare true or false"),
    "date": ("date-not-text", "a bare date"),
}


class Walk:
    """One walk through one file. `problems` grows; what could be read comes back as Fields.

    In a workbook `sheet` is the sheet that is walked through.
    """

    def __init__(self, file: str, sheet: str | None = None) -> None:
        self.file = file
        self.sheet = sheet
        self.problems: list[Problem] = []

    def contract(self, root: Node) -> Fields:
        """The whole file as fields."""
        if not isinstance(root, Group):
            self._wrong_kind(root, "the file", 'keys such as "contract:" and "site:"')
            return Fields(self.file, root.line, root.column)
        return self._group(root, schema.CONTRACT, "")

    def complain(
        self, node: Node | Found | Cell, code: str, message: str, hint: str, severity: Severity = "error"
    ) -> None:
        at = place(self.file, self.sheet, node.line, node.column)
        self.problems.append(Problem(code=code, message=message, hint=hint, place=at, severity=severity))

    def word(self, written: str, word: Word, at: Node | Found | Cell, path: str) -> Found | None:
        """One value read; None and a problem when it is not what is due."""
        visible = written
        if word.sheds_invisible:
            visible = without_invisible(written, no_break=word.halves_width)
        plain = visible.strip()
        if len(visible) != len(written):
            self.complain(
                at,
                "invisible-character",
                f"{path} holds characters that cannot be seen: {shown(written)}; they are left out",
                "delete and retype the value",
                "warning",
            )
        if word.halves_width:
            folded = half_width(plain)
            if folded != plain:
                self.complain(
                    at,
                    "full-width",
                    f"{path} is written in full-width characters: {shown(plain)}; read as {shown(folded)}",
                    "retype it with the input method switched to half-width",
                    "warning",
                )
                plain = folded
        try:
            return Found(word.read(plain), at.line, at.column)
        except Wrong as wrong:
            bare = isinstance(at, Scalar) and at.plain and wrong.code.startswith("bad-")
            hint = (yaml_marks.hint(written) if bare else None) or wrong.hint
            self.complain(at, wrong.code, f"{path}: {wrong.message}", hint)
            return None

    def _group(self, node: Group, shape: Shape, path: str) -> Fields:
        if len(node.entries) > MAX_KEYS:
            self.complain(
                node,
                "too-many-keys",
                f"{path or 'the file'} has {len(node.entries)} keys; at most {MAX_KEYS} are read",
                "check the indentation",
            )
            return Fields(self.file, node.line, node.column, faulty=frozenset(shape.keys))
        values: dict[str, Found] = {}
        faulty: set[str] = set()
        for key, child in node.entries:
            kind = shape.keys.get(key.text)
            if kind is None:
                self._unknown(key, shape, path)
                continue
            found = self._value(child, kind, f"{path}.{key.text}" if path else key.text)
            if found is None:
                faulty.add(key.text)
            else:
                values[key.text] = found
                if (
                    isinstance(child, Listing)
                    and isinstance(kind, Many)
                    and len(found.value) < len(child.items)
                ):
                    faulty.add(key.text)
        for name in sorted(shape.required - values.keys() - faulty):
            self.complain(
                node,
                "missing-key",
                f'the key "{name}" is missing{f" under {path}" if path else ""}',
                _MISSING.get(name) or f"write {_sample(name, shape.keys[name])}",
            )
        return Fields(self.file, node.line, node.column, values, frozenset(faulty))

    def _unknown(self, key: Scalar, shape: Shape, path: str) -> None:
        # Of a file full of slips only the first ones are worth the search for what was meant.
        close = nearest(key.text, shape.keys) if len(self.problems) < MAX_GUESSES else None
        home = _HOMES.get(key.text)
        if home is not None:
            hint = f"{key.text} stands under {home}" if home else f"{key.text} stands at the outermost level"
            if close:
                hint += f"; or did you mean {close}?"
        elif key.plain and "：" in key.text:
            hint = yaml_marks.COLON
        elif close:
            hint = f"did you mean {close}?"
        else:
            hint = f"the keys here are {', '.join(shape.keys)}"
        where = f" under {path}" if path else ""
        self.complain(key, "unknown-key", f"there is no key {shown(key.text)}{where}", hint)

    def _value(self, node: Node, kind: Kind, path: str) -> Found | None:
        if isinstance(node, Scalar) and node.plain and bare_form(node.text) == "nothing":
            self.complain(node, "value-missing", f"{path} has no value", "write one, or delete the key")
            return None
        if isinstance(kind, Word):
            return self.scalar(node, kind, path)
        if isinstance(kind, Many):
            return self._many(node, kind, path)
        if isinstance(kind, Numbers):
            return self._numbers(node, path)
        if isinstance(kind, Named):
            return self._named(node, kind, path)
        if not isinstance(node, Group):
            self._wrong_kind(node, path, f"a group of keys ({', '.join(kind.keys)})")
            return None
        return Found(self._group(node, kind, path), node.line, node.column)

    def scalar(self, node: Node, word: Word, path: str) -> Found | None:
        """One value that must be a single word, in the quotes that it needs."""
        if not isinstance(node, Scalar):
            self._wrong_kind(node, path, word.due)
            return None
        if node.plain and yaml_marks.all_quoted(node.text):
            self.complain(
                node,
                "full-width-quotes",
                f"{path} stands in full-width quotes: {shown(node.text)[1:-1]}; they quote nothing",
                f"{yaml_marks.QUOTE}; where they belong to the text, around them",
            )
            return None
        form = bare_form(node.text) if node.plain else None
        if form is None or form in word.bare:
            return self.word(node.text, word, node, path)
        if form == "nothing":
            self.complain(node, "value-missing", f"{path} has no value", "write one, or delete the key")
            return None
        if word.bare:  # a kind that may be bare, but not as this: its own words say best what is due
            return self.word(node.text, word, node, path)
        code, what = _BARE_PROBLEMS[form]
        self.complain(
            node,
            code,
            f"{path} is {what}, {shown(node.text)[1:-1]}, where {word.due} is due as text",
            _quoted_hint(node.text, word, form),
        )
        return None

    def _many(self, node: Node, kind: Many, path: str) -> Found | None:
        if not isinstance(node, Listing):
            self._wrong_kind(node, path, "a list, each entry after a dash, or in [ ]")
            return None
        if len(node.items) > kind.most:
            self.complain(
                node,
                "list-too-long",
                f"{path} has {len(node.items)} entries; at most {kind.most} are read",
                "check the indentation, or split the contract",
            )
            return None
        found: list[Found] = []
        for number, item in enumerate(node.items, start=1):
            one = self._value(item, kind.of, f"{path}[{number}]")
            if one is not None:
                found.append(one)
        return Found(tuple(found), node.line, node.column)

    def _named(self, node: Node, kind: Named, path: str) -> Found | None:
        if not isinstance(node, Group):
            self._wrong_kind(node, path, f"a group of keys such as {kind.name.example}: {kind.of.example}")
            return None
        if len(node.entries) > kind.most:
            what = f"{path} has {len(node.entries)} keys; at most {kind.most} are read"
            self.complain(node, "too-many-keys", what, "check the indentation")
            return None
        values: dict[str, Found] = {}
        faulty: set[str] = set()
        for key, child in node.entries:
            name = self.word(key.text, kind.name, key, path)
            found = self.scalar(child, kind.of, f"{path}.{shown(key.text)[1:-1]}") if name else None
            if name is None or found is None:
                faulty.add(key.text)
            else:
                values[name.value] = found
        return Found(
            Fields(self.file, node.line, node.column, values, frozenset(faulty)), node.line, node.column
        )

    def _numbers(self, node: Node, path: str) -> Found | None:
        """The name of a sheet as text, or the nodes of inline rows, which `number_rows` reads."""
        if isinstance(node, Listing):
            return Found(node, node.line, node.column)
        if isinstance(node, Scalar):
            return self.scalar(node, _SHEET_NAME, path)
        self._wrong_kind(node, path, "the name of a sheet, or a list of rows")
        return None

    def _wrong_kind(self, node: Node, path: str, due: str) -> None:
        mark = yaml_marks.hint(node.text) if isinstance(node, Scalar) and node.plain else None
        self.complain(
            node,
            "wrong-kind",
            f"{path} is {_KIND_NAMES[type(node)]}, where {due} is due",
            mark or _SHAPE_HINT,
        )


def _quoted_hint(written: str, word: Word, form: Bare) -> str:
    """How to write as text what stands there bare: in quotes if that would do, else what is due."""
    try:
        word.read(written)
    except Wrong as wrong:
        if form != "number":
            return f"write {word.due}"
        said = wrong.code == "bad-choice" or "quotes" in wrong.hint
        return wrong.hint if said else f"{wrong.hint}; in quotes"
    return f"put it in quotes: {shown(written)}"


_KIND_NAMES: Mapping[type, str] = {Scalar: "a single value", Listing: "a list", Group: "a group of keys"}
_SHAPE_HINT = "compare with the example of a contract file; check dashes, brackets and indentation"


_MISSING: Mapping[str, str] = {
    "site": "write site: with name, area_code and numbers; numbers: [] where the contract only pays for "
    "members (payers) and has no seats",
}
"""What to write for a missing key, where its kind does not say enough."""


def _sample(name: str, kind: Kind) -> str:
    if isinstance(kind, Word):
        quote = "" if kind.bare else '"'
        return f"{name}: {quote}{kind.example}{quote}"
    if isinstance(kind, Shape):
        return f"{name}: with {', '.join(sorted(kind.required) or kind.keys)}"
    if isinstance(kind, Numbers):
        return "numbers: with the name of a sheet (.xlsx, .xls, .ods, .csv), or a list of rows"
    return f"{name}: with a list"


def _homes(shape: Shape, path: str, known: dict[str, str]) -> dict[str, str]:
    """Where each key belongs, for those that belong to one group only."""
    for name, kind in shape.keys.items():
        known[name] = path if name not in known else "?"
        inner = kind.of if isinstance(kind, Many) else kind
        if isinstance(inner, Shape):
            _homes(inner, f"{path}.{name}" if path else name, known)
    return known


_HOMES = {name: path for name, path in _homes(schema.CONTRACT, "", {}).items() if path != "?"}
