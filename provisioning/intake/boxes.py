"""What the boxes of a form ask for, and a line such as 操作类型：删除; prose asks for nothing (勾选框).

An operation is taken from a whole option of a box (☑删除), or from a label and one word behind it, and from
nothing else: a note on how numbers are removed (注销须知) stands above many a list, and must not remove them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioning.intake.operations import WORDS, Operation, operation_of
from provisioning.intake.sheet import Cell
from provisioning.intake.text_form import half_width, without_invisible

LABELS = ("操作类型", "操作类别", "业务类型", "业务操作", "变更类型", "变更类别", "办理类型", "受理类型")
"""What stands before the operation of a whole form: before boxes, or before the one word."""

_MARK_ON = r"[☑☒✅■√✓✔●◉▣◼⊠]|[\[(（【]\s*[xX√✓✔☑vV]\s*[\])）】]"
_MARK_OFF = r"[□☐○◻◯▢⬜]|[\[(（【]\s*[\])）】]"
_MARK = re.compile(f"(?P<on>{_MARK_ON})|(?P<off>{_MARK_OFF})")
_HOW_TO_TICK = re.compile(r"[（(]?请?在?\w{0,6}[□☐]\s*[中内里]?\s*[打划画]\s*[“\"]?[√✓✔勾][”\"]?[)）]?[:：]?")

_WORD = "|".join(
    sorted((re.escape(word) for words in WORDS.values() for word in words), key=len, reverse=True)
)
_NAMES_ONE = re.compile(f"(?<![a-z])(?:{_WORD})(?![a-z])", re.IGNORECASE)
_ABOUT = "(?:集团|成员|用户|号码|业务|座机|固话|短号)*"
_OPTION = re.compile(f"{_ABOUT}({_WORD}){_ABOUT}", re.IGNORECASE)
_OTHER = re.compile(f"(?:其他|其它|other)(?:(?!{_WORD}).)*", re.IGNORECASE | re.DOTALL)
_ASIDE = re.compile(r"[（(][^（()）]*[)）]")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")

_OF_FORM = re.compile(
    f"(?:{'|'.join((*LABELS, '受理内容', '办理内容', '变更内容', '请勾选', '请选择', 'operation'))}|^操作)$",
    re.IGNORECASE,
)
"""What before boxes says that they are for the whole form."""
_NO_LABEL = re.compile(
    r"[0-9一二三四五六七八九十]*|.*(?:受理|变更|登记|申请)[/、]?(?:受理|变更|登记|申请)?[单表]"
)
"""What before boxes labels nothing: a number, the form's name."""
_PAIR = re.compile(r"[^:]+:\s*\S.*", re.DOTALL)
_WRITTEN = re.compile(f"(?:{'|'.join(LABELS)}|操作|operation)\\s*(?::\\s*(?P<said>.*))?", re.I | re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What one cell above a list, or a cell of its column 操作, asks for.

    `chosen` holds the operations that are ticked, or the one that is written; None in it is for a ticked
    option that is none of ours. Only one operation alone is clear.
    """

    chosen: tuple[Operation | None, ...] = ()
    boxes: bool = True

    @property
    def operation(self) -> Operation | None:
        return self.chosen[0] if len(self.chosen) == 1 else None


@dataclass(frozen=True, slots=True)
class _Boxes:
    """The options of a run of boxes, and what stands before them."""

    before: str
    options: tuple[tuple[str, bool], ...]

    def chosen(self) -> tuple[Operation | None, ...]:
        return tuple(dict.fromkeys(_meant(text) for text, ticked in self.options if ticked and text))

    def offered(self) -> frozenset[Operation]:
        found = (_meant(text) for text, _ in self.options if not _OTHER.fullmatch(text))
        return frozenset(operation for operation in found if operation is not None)


def ticked(text: str) -> Asking | None:
    """What the boxes of one cell ask for; None where it has none, or they are for something else."""
    boxes = _boxes(_plain(text))
    return Asking(chosen=boxes.chosen()) if boxes is not None and boxes.offered() else None


def option(text: str) -> Operation | None:
    """The operation that a cell of a column 操作 names as an option of a box would: 新增成员, 其他."""
    return _meant(_bare(_plain(text)))


def asked(row: Sequence[Cell]) -> Iterator[tuple[Cell, Asking]]:
    """What the cells of one row above a list ask for, each with the cell that says so."""
    filled = [cell for cell in row if cell.text]
    for begin, run in _runs([_plain(cell.text) for cell in filled]):
        said = _asked_by_boxes(run, [_plain(cell.text) for cell in filled[:begin]])
        if said is not None:
            yield filled[begin], said
    for at, cell in enumerate(filled):
        following = filled[at + 1] if at + 1 < len(filled) else None
        written = _written(_plain(cell.text), "" if following is None else _plain(following.text))
        if written is not None:
            yield cell, written


def _asked_by_boxes(run: str, before: Sequence[str]) -> Asking | None:
    """What boxes ask for: those with a label of the form's operation, or without any label.

    Boxes behind another label (国际长途：☑开通 □关闭) are that one's. Where they offer several operations all
    the same, nobody knows.
    """
    boxes = _boxes(run)
    offered = frozenset() if boxes is None else boxes.offered()
    if boxes is None or not offered:
        return None
    label = _EDGES.sub("", boxes.before or _label(before))
    if _OF_FORM.search(label):
        return Asking(chosen=boxes.chosen())
    if _NO_LABEL.fullmatch(label) and (len(offered) > 1 or not before):
        return Asking(chosen=boxes.chosen())
    return Asking() if len(offered) > 1 else None


def _label(before: Sequence[str]) -> str:
    """The label that stands in the cell before: of label and value side by side, only the first is one."""
    single = [text for text in before if not _MARK.search(text) and not _PAIR.fullmatch(text)]
    last = before[-1] if before else ""
    return last if last in single and (last.endswith(":") or len(single) % 2) else ""


def _written(text: str, following: str) -> Asking | None:
    """What a label without boxes asks for: 操作类型：删除, in one cell or two; unclear when it says more."""
    found = None if _MARK.search(text) else _WRITTEN.fullmatch(text)
    if found is None:
        return None
    said = found["said"] or ("" if ":" in following else following)
    if not _NAMES_ONE.search(said) or _MARK.search(said):
        return None
    operation = operation_of(said)
    return Asking(chosen=() if operation is None else (operation,), boxes=False)


def _runs(texts: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The cells with boxes, neighbours together: each of ☑, 新增, □ and 删除 may have a cell of its own."""
    begin, run = 0, ""
    for at, text in enumerate(texts):
        boxes = _boxes(text)
        goes_on = boxes is not None and not boxes.before and all(map(_goes_on, boxes.options))
        if run and (goes_on or _is_option(text)):
            run += f"\n{text}"
        elif boxes is not None or _begins(texts, at):
            if run:
                yield begin, run
            begin, run = at, text
        elif run:
            yield begin, run
            run = ""
    if run:
        yield begin, run


def _goes_on(option: tuple[str, bool]) -> bool:
    return not option[0] or _is_option(option[0])


def _begins(texts: Sequence[str], at: int) -> bool:
    """Whether a word stands here whose box is the next cell."""
    following = texts[at + 1] if at + 1 < len(texts) else ""
    return _is_option(texts[at]) and _MARK.fullmatch(following) is not None


def _boxes(text: str) -> _Boxes | None:
    """The options of the text, each with whether it is ticked; None where there is no box.

    A box belongs to the word behind it, or before it where the first word stands before the first box.
    """
    text = _HOW_TO_TICK.sub(" ", text)
    marks = list(_MARK.finditer(text))
    if not marks:
        return None
    ends = [0, *(mark.end() for mark in marks)]
    begins = [*(mark.start() for mark in marks), len(text)]
    parts = [text[end:begin].strip() for end, begin in zip(ends, begins, strict=True)]
    first = re.split(r"[:\s]", parts[0])[-1]
    if _is_option(first) and not _is_option(parts[-1]):
        before, words = parts[0].removesuffix(first).strip(), [first, *parts[1:-1]]
    else:
        before, words = parts[0], parts[1:]
    named = zip(words, marks, strict=True)
    return _Boxes(before, tuple((_bare(word), mark["on"] is not None) for word, mark in named))


def _bare(option: str) -> str:
    """An option without what explains it in brackets, and without the marks around it."""
    aside = _ASIDE.search(option)
    if aside is not None and not _NAMES_ONE.search(aside[0]):
        option = _ASIDE.sub("", option, count=1)
    return _EDGES.sub("", "".join(option.split()))


def _is_option(text: str) -> bool:
    return _OPTION.fullmatch(_bare(text)) is not None or _OTHER.fullmatch(_bare(text)) is not None


def _meant(option: str) -> Operation | None:
    """The operation of an option; 其他 is how some forms write a change."""
    found = _OPTION.fullmatch(option)
    if found is not None:
        return operation_of(found[1])
    return Operation.CHANGE if _OTHER.fullmatch(option) else None


def _plain(text: str) -> str:
    return half_width(without_invisible(text)).strip()
