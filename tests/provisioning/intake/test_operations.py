"""What forms call each operation, and which boxes are ticked."""

from __future__ import annotations

import pytest

from provisioning.intake.operations import (
    Operation,
    is_former_header,
    is_operation_header,
    operation_of,
    ticked,
)

ADD, REMOVE, CHANGE = Operation.ADD, Operation.REMOVE, Operation.CHANGE


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        *(("增加", ADD), ("新增", ADD), ("加入", ADD), ("开通", ADD), ("Add", ADD), (" 增 加 ", ADD)),
        *(("删除", REMOVE), ("退出", REMOVE), ("注销", REMOVE), ("REMOVE", REMOVE)),
        *(("变更", CHANGE), ("修改", CHANGE), ("change", CHANGE)),
        *(("", None), ("暂停", None), ("增加删除", None)),
    ],
)
def test_an_operation_by_its_words(text: str, operation: Operation | None) -> None:
    """Each operation has its Chinese and English words; anything else is none."""
    assert operation_of(text) is operation


@pytest.mark.parametrize(
    ("line", "operations"),
    [
        ("操作类型：☑新增 □删除 □变更", (ADD,)),
        ("操作类型： □ 新增 ☑ 删除 □ 变更", (REMOVE,)),
        ("新增□ 删除□ 变更■", (CHANGE,)),
        ("新增（√）删除（ ）变更（）", (ADD,)),
        ("[ ] add [x] remove [ ] change", (REMOVE,)),
        ("○增加 ●退出", (REMOVE,)),
        ("操作：开通", (ADD,)),
        ("集团成员受理/变更单（删除）", (REMOVE,)),
        ("□新增 □删除", ()),
        ("☑新增 ☑删除 □变更", (ADD, REMOVE)),
    ],
)
def test_the_ticked_boxes(line: str, operations: tuple[Operation, ...]) -> None:
    """A box stands before its word or behind it, in many shapes; without a box the word itself counts."""
    found = ticked(line)
    assert found is not None
    assert found.ticked == operations


def test_other_is_ticked_apart() -> None:
    """其他 is no operation of its own, but ticked it is seen."""
    found = ticked("□新增 □删除 ☑其他")
    assert found is not None
    assert (found.ticked, found.other) == ((), True)


@pytest.mark.parametrize("line", ["集团成员受理/变更单", "集团编号：8700000001", "", "联系人 □"])
def test_a_line_that_names_no_operation(line: str) -> None:
    """The form's own name, which has the word 变更 in it, asks for nothing."""
    assert ticked(line) is None


def test_the_columns_of_a_change() -> None:
    """操作 and 原号码 are known by several names, and are not each other."""
    assert is_operation_header("操 作")
    assert is_former_header("原号码")
    assert not is_former_header("新号码")
    assert not is_operation_header("备注")
