"""What a row of a form asks for: to add a number, to remove it, to change it (操作类型)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from provisioning.core.problem import Place
from provisioning.intake.fields import Fields
from provisioning.intake.headers import plain


class Operation(StrEnum):
    """What is to be done with a number (增加, 删除, 变更)."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"


WORDS: Mapping[Operation, tuple[str, ...]] = {
    Operation.ADD: ("增加", "新增", "加入", "添加", "开通", "新装", "add", "new"),
    Operation.REMOVE: ("删除", "退出", "注销", "移除", "销户", "拆机", "remove", "delete"),
    Operation.CHANGE: ("变更", "修改", "更改", "change", "modify"),
}
"""How the forms write each operation; the first word is what we write."""

OPERATION_HEADERS = ("操作", "操作类型", "业务类型", "办理类型", "受理类型", "operation")
"""The names of the column that says what to do with a row."""

FORMER_HEADERS = ("原号码", "原长号", "旧号码", "old_number")
"""The names of the column with the number that a seat has had so far (改号)."""

CLEARS = frozenset({"-", "清除"})
"""What a cell says whose value is to go; an empty cell says nothing at all."""

_BY_WORD = {plain(word): operation for operation, words in WORDS.items() for word in words}
_OPERATION_HEADERS = frozenset(map(plain, OPERATION_HEADERS))
_FORMER_HEADERS = frozenset(map(plain, FORMER_HEADERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One number of a form: what is asked for it, and what its row says.

    `operation` None: nobody said; a known number is changed, another one added. `clears` are the columns
    whose value is to go, those of ours by their English name, others by their header. `former` is the number
    the seat has had so far. `places` say where what is not in the row stands.
    """

    row: Fields
    operation: Operation | None = None
    clears: frozenset[str] = frozenset()
    former: str | None = None
    faulty: bool = False
    """Whether something of the row could not be read, which has been told."""
    places: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def long_number(self) -> str | None:
        number: str | None = self.row.get("long_number")
        return number

    def place(self, key: str | None) -> Place:
        """Where that column of the row stands, cleared or not; the row itself where it is not there."""
        return self.places.get(key or "") or self.row.place(key)


Fits = Callable[[str], bool]
"""Whether a text is the heading that is looked for."""


def is_operation_header(header: str) -> bool:
    return plain(header) in _OPERATION_HEADERS


def is_former_header(header: str) -> bool:
    return plain(header) in _FORMER_HEADERS


def operation_of(text: str) -> Operation | None:
    """The operation that the text names, None when it is no word for one."""
    return _BY_WORD.get(plain(text))


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a line such as 操作类型：☑新增 □删除 says: the operations that are ticked, of those that stand
    there. `other` is for 其他, when it is ticked."""

    ticked: tuple[Operation, ...]
    offered: tuple[Operation, ...]
    other: bool = False


_MARK_ON = r"[☑☒✅■√✓✔●◉▣◼⊠]|[\[(（【]\s*[xX√✓✔☑vV]\s*[\])）】]"
_MARK_OFF = r"[□☐○◻◯▢⬜]|[\[(（【]\s*[\])）】]"
_OTHER = r"其他|其它|other"
_WORD = "|".join(
    sorted((re.escape(word) for words in WORDS.values() for word in words), key=len, reverse=True)
)
_TOKENS = re.compile(
    f"(?P<on>{_MARK_ON})|(?P<off>{_MARK_OFF})|(?P<word>{_WORD})|(?P<other>{_OTHER})", re.IGNORECASE
)
_FORM_NAMES = re.compile(
    r"受理\s*[/、]?\s*变更\s*[单表]|变更\s*[单表]|(?:add|remove|change)\s*form", re.IGNORECASE
)


def ticked(text: str) -> Ticked | None:
    """The operations that a line offers and ticks; without any box, those it names. None: it names none.

    A box belongs to the word behind it, or before it where the line begins with a word.
    """
    tokens = [(found.lastgroup or "", found[0]) for found in _TOKENS.finditer(_FORM_NAMES.sub(" ", text))]
    words = [token for token in tokens if token[0] in ("word", "other")]
    if not words:
        return None
    offered = tuple(dict.fromkeys(_BY_WORD[plain(word)] for kind, word in words if kind == "word"))
    marks = [kind for kind, _ in tokens if kind in ("on", "off")]
    if not marks:
        return Ticked(offered, offered)
    chosen = list(_chosen(tokens))
    operations = tuple(dict.fromkeys(_BY_WORD[plain(word)] for kind, word in chosen if kind == "word"))
    return Ticked(operations, offered, any(kind == "other" for kind, _ in chosen))


def _chosen(tokens: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The words whose box is ticked."""
    before = tokens[0][0] in ("on", "off")
    ordered = tokens if before else tokens[::-1]
    mark = ""
    for kind, text in ordered:
        if kind in ("on", "off"):
            mark = kind
        else:
            if mark == "on":
                yield kind, text
            mark = ""
