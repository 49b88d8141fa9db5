"""What a row of a form asks for: to add a number, to remove it, to change it (操作类型)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from provisioning.core.problem import Place
from provisioning.intake.fields import Fields
from provisioning.intake.headers import heading, plain


class Operation(StrEnum):
    """What is to be done with a number (增加, 删除, 变更)."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"


WORDS: Mapping[Operation, tuple[str, ...]] = {
    Operation.ADD: ("增加", "新增", "加入", "添加", "开通", "新装", "入网", "add", "new"),
    Operation.REMOVE: ("删除", "退出", "注销", "移除", "销户", "拆机", "拆除", "退网", "remove", "delete"),
    Operation.CHANGE: ("变更", "修改", "更改", "改号", "移机", "change", "modify"),
}
"""How the forms write each operation; the first word is what we write."""

OPERATION_HEADERS = ("操作", "操作类型", "业务类型", "办理类型", "受理类型", "operation")
"""The names of the column that says what to do with a row."""

FORMER_HEADERS = ("原号码", "原长号", "旧号码", "变更前号码", "改前号码", "old_number")
"""The names of the column with the number that a seat has had so far (改号)."""

FORMER_SHORT_HEADERS = ("原短号", "原短号码", "旧短号", "变更前短号", "old_short_number")
"""The names of the column with the short number that a seat has had so far: it is only compared."""

NEW_SHORT_HEADERS = ("新短号", "新短号码", "变更后短号")
"""Beside them 短号 is the one that a seat has had so far."""

NEW_HEADERS = ("新号码", "新长号", "变更后号码", "改后号码", "new_number")
"""Beside a former number, where no other column has the numbers: the one that the seat gets."""

CLEARS = frozenset({"-", "—", "–", "/", "清除"})
"""What a cell says whose value is to go; an empty cell says nothing at all."""

_BY_WORD = {plain(word): operation for operation, words in WORDS.items() for word in words}
_BY_WORD |= {"增": Operation.ADD, "删": Operation.REMOVE, "改": Operation.CHANGE}  # in a column 操作 alone
_OPERATION_HEADERS = frozenset(map(plain, OPERATION_HEADERS))
_FORMER_HEADERS = frozenset(map(plain, FORMER_HEADERS))
_NEW_HEADERS = frozenset(map(plain, NEW_HEADERS))
_FORMER_SHORT_HEADERS = frozenset(map(plain, FORMER_SHORT_HEADERS))
_NEW_SHORT_HEADERS = frozenset(map(plain, NEW_SHORT_HEADERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One number of a form: what is asked for it, and what its row says.

    `operation` None: nobody said; a known number is changed, another one added. `clears` are the columns
    whose value is to go, those of ours by their English name, others by their header. `former` and
    `former_short` are the numbers that the seat has had so far. `places` say where what is not in the row
    stands.
    """

    row: Fields
    operation: Operation | None = None
    clears: frozenset[str] = frozenset()
    former: str | None = None
    former_short: str | None = None
    faulty: bool = False
    """Whether something of the row could not be read, which has been told."""
    places: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def long_number(self) -> str | None:
        number: str | None = self.row.get("long_number")
        return number

    @property
    def short_so_far(self) -> tuple[str, str | None]:
        """The short number that the seat has, as far as the row says it, and in which column."""
        if self.former_short is None and self.operation is Operation.REMOVE:
            return "short_number", self.row.get("short_number")
        return "former_short", self.former_short

    def place(self, key: str | None) -> Place:
        """Where that column of the row stands, cleared or not; the row itself where it is not there."""
        return self.places.get(key or "") or self.row.place(key)


Fits = Callable[[str], bool]
"""Whether a text is the heading that is looked for."""


def is_operation_header(header: str) -> bool:
    return heading(header) in _OPERATION_HEADERS


def is_former_header(header: str) -> bool:
    return heading(header) in _FORMER_HEADERS


def is_new_header(header: str) -> bool:
    return heading(header) in _NEW_HEADERS


def is_former_short_header(header: str) -> bool:
    return heading(header) in _FORMER_SHORT_HEADERS


def is_new_short_header(header: str) -> bool:
    return heading(header) in _NEW_SHORT_HEADERS


def is_form_header(header: str) -> bool:
    """Whether a column of that name says what is to be done with a seat, and is none of the seat's own."""
    return is_operation_header(header) or is_former_header(header) or is_former_short_header(header)


def operation_of(text: str) -> Operation | None:
    """The operation that the text names, None when it is no word for one."""
    return _BY_WORD.get(plain(text))
