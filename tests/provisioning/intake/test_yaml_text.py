"""YAML is read as written values with places; hostile files end soon in one clear problem."""

from __future__ import annotations

import pytest

from provisioning.intake.tree import Listing, Mapping, Scalar
from provisioning.intake.yaml_bytes import MAX_BYTES, MAX_LINE
from provisioning.intake.yaml_text import parse

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE = [
    ("file-too-large", b"a: " + b"x" * 10_000_000, (None, None)),
    ("line-too-long", b"[" * 100_000, (1, 1)),
    ("yaml-too-deep", b"[" * 30_000, (1, 21)),
    ("yaml-too-deep", b"[\n" * 100_000, (21, 1)),
    ("yaml-too-deep", b"- " * 15_000, (1, 41)),
    ("yaml-too-deep", "".join(" " * n + "a:\n" for n in range(200)).encode(), (21, 21)),
    ("yaml-too-big", BOMB.encode(), (5, 14)),
    ("yaml-too-big", b"- a\n" * 100_000, None),
    ("yaml-alias", b"a: &a [*a]", (1, 8)),
    ("yaml-alias", b"a: *b", (1, 4)),
    ("yaml-tag", b'a: !!python/object/apply:os.system ["x"]', (1, 4)),
    ("yaml-tag", b'a: !!int "3"', (1, 4)),
    ("yaml-documents", b"a: 1\n---\nb: 2\n", (2, 1)),
    ("yaml-key", b"? [a]\n: b", (1, 3)),
    ("yaml-tab", b"a:\n\tb: 1\n", (2, 1)),
    ("yaml-tab", b"a:\n  b: 1\n  \tc: 2\n", (3, 3)),
    ("yaml-empty", b"", (1, 1)),
    ("yaml-empty", b"# nothing\n", (1, 1)),
    ("yaml-syntax", b'a: "b\n', (2, 1)),
    ("yaml-syntax", b"a: [b\nc: d\n", (2, 2)),
    ("yaml-syntax", b"a: !<%zz> b", (1, 7)),
    ("yaml-syntax", b"a: @b", (1, 4)),
    ("not-utf8", "a: 1\nb: 张".encode("gbk"), (2, 4)),
    ("not-utf8", "a: 1".encode("utf-16"), (1, 1)),
    ("control-character", b"a: 1\nb: \x00\n", (2, 4)),
    ("control-character", "a: \u2028".encode(), (1, 4)),
    ("duplicate-key", b"a: 1\nb: {c: 1, c: 2}\n", (2, 11)),
    ("line-too-long", b"a: !" + b"t" * MAX_LINE, (1, 1)),
    ("yaml-tag", b"\n".join(b"- !" + b"t" * 32_000 for _ in range(16)), None),
    ("yaml-syntax", b"a: '" + b"''\n" * (MAX_BYTES // 4), None),
    ("yaml-syntax", b"a: [" + b"\n" * (MAX_BYTES - 10), None),
]


@pytest.mark.parametrize(
    ("code", "content", "place"), HOSTILE, ids=[f"{h[0]}-{n}" for n, h in enumerate(HOSTILE)]
)
def test_a_hostile_file_ends_in_a_clear_problem(
    code: str, content: bytes, place: tuple[int | None, int | None] | None
) -> None:
    """A file that is no honest YAML gives a problem with its place, whatever it holds."""
    problem = next(p for p in parse("x.yaml", content).problems if p.code == code)
    assert problem.hint
    if place is not None:
        assert (problem.place.line, problem.place.column) == place


def test_every_duplicate_key_is_reported() -> None:
    """Of two keys of one name the second is wrong, and a third one too; the first one counts."""
    parsed = parse("x.yaml", b"a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n")
    assert [(p.code, p.place.line) for p in parsed.problems] == [
        ("duplicate-key", 2),
        ("duplicate-key", 3),
        ("duplicate-key", 4),
    ]
    assert isinstance(parsed.root, Mapping)
    assert parsed.root.entries[0] == (Scalar("a", True, 1, 1), Scalar("1", True, 1, 4))


def test_values_stay_as_written() -> None:
    """Numbers, dates and flags stay the text that was written, and whether they stood in quotes."""
    parsed = parse("x.yaml", b'\xef\xbb\xbf- 0870\n- "0870"\n- 2025-07-01\n- yes\n- |\n  1\n')
    assert isinstance(parsed.root, Listing)
    written = [(item.text, item.plain) for item in parsed.root.items if isinstance(item, Scalar)]
    assert written == [("0870", True), ("0870", False), ("2025-07-01", True), ("yes", True), ("1\n", False)]


def test_a_reference_stands_for_the_value() -> None:
    """A value named with & may be referred to with *, and then stands where it is referred to."""
    parsed = parse("x.yaml", b"a: &d {days: [30]}\nb: *d\n")
    assert parsed.problems == ()
    assert isinstance(parsed.root, Mapping)
    [_, (_, group)] = parsed.root.entries
    assert group == Mapping(((Scalar("days", True, 2, 4), Listing((Scalar("30", True, 2, 4),), 2, 4)),), 2, 4)


FULL_WIDTH = [
    ("contract：x\ncustomer: {name: y}\n", (1, 9), '": "'),
    ("a: 1\nbilling:\n  starts: 2025-07-01\n  payment：prepaid\n  rounding: call\n", (4, 10), '": "'),
    ("- a\n- item：x\n  b: c\n", (2, 7), '": "'),
    ("term: {from: 2025-07-01，to: 2025-12-31}\n", (1, 24), '", "'),
    ('rates: {internal: "0"，local: "0.06"}\n', (1, 22), '", "'),
]


@pytest.mark.parametrize(("text", "place", "told"), FULL_WIDTH)
def test_full_width_marks_are_named(text: str, place: tuple[int, int], told: str) -> None:
    """A full-width colon or comma that YAML stumbles over is named at its place, with what to write."""
    [problem] = parse("x.yaml", text.encode()).problems
    assert problem.code == "yaml-full-width"
    assert (problem.place.line, problem.place.column) == place
    assert told in problem.hint


def test_a_full_width_mark_in_a_name_is_not_blamed() -> None:
    """A syntax error beside a name with Chinese punctuation is told as what it is."""
    [problem] = parse("x.yaml", "a: {name: 某局（办公室）：一，二\nb: 1\n".encode()).problems
    assert problem.code == "yaml-syntax"
