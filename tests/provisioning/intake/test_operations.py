"""What forms call each operation."""

from __future__ import annotations

import pytest

from provisioning.intake.operations import (
    Operation,
    is_former_header,
    is_operation_header,
    operation_of,
)

ADD, REMOVE, CHANGE = Operation.ADD, Operation.REMOVE, Operation.CHANGE


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        *(("增加", ADD), ("新增", ADD), ("加入", ADD), ("开通", ADD), ("Add", ADD), (" 增 加 ", ADD)),
        *(("入网", ADD), ("退网", REMOVE), ("改号", CHANGE), ("移机", CHANGE)),
        *(("增", ADD), ("删", REMOVE), ("改", CHANGE)),
        *(("删除", REMOVE), ("退出", REMOVE), ("注销", REMOVE), ("REMOVE", REMOVE)),
        *(("变更", CHANGE), ("修改", CHANGE), ("change", CHANGE)),
        *(("", None), ("暂停", None), ("增加删除", None)),
    ],
)
def test_an_operation_by_its_words(text: str, operation: Operation | None) -> None:
    """Each operation has its Chinese and English words; anything else is none."""
    assert operation_of(text) is operation


def test_the_columns_of_a_change() -> None:
    """操作 and 原号码 are known by several names, and are not each other."""
    assert is_operation_header("操 作")
    assert is_former_header("原号码")
    assert not is_former_header("新号码")
    assert not is_operation_header("备注")
