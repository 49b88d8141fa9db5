"""The columns of the number sheet, what each holds, and what the operators' forms call them (列名)."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.intake import kinds, policy_kinds, words
from provisioning.intake.words import Word

COLUMNS: Mapping[str, Word] = {
    "long_number": kinds.LONG_NUMBER,
    "short_number": kinds.SHORT_NUMBER,
    "remark": words.text(),
    "name": words.text(),
    "department": words.text(),
    "iad": kinds.DEVICE_NAME,
    "port": words.whole(1, 1024),
    "mobile": kinds.MOBILE,
    "second_number": kinds.LONG_NUMBER,
    "features": words.several(kinds.FEATURE),
    "changed_to": kinds.NEW_NUMBER,
    "allowed": words.several(kinds.CALLABLE),
    "mobile_short": kinds.SHORT_NUMBER,
    "further": words.several(kinds.REACHED),
    "ring_order": kinds.RING_ORDER,
    "forward_always": kinds.REACHED,
    "forward_busy": kinds.REACHED,
    "forward_no_answer": kinds.REACHED,
    "forward_unreachable": kinds.REACHED,
    "zones": words.several(policy_kinds.RIGHT),
}
"""The columns of the number sheet (长短号开通明细) by their English names."""

SEVERAL: Mapping[str, Word] = {
    "features": kinds.FEATURE,
    "allowed": kinds.CALLABLE,
    "further": kinds.REACHED,
    "zones": policy_kinds.RIGHT,
}
"""The columns that hold several values, and what each of them is."""

HEADERS: Mapping[str, str] = {
    "IMS固话号码": "long_number",
    "对应短号码": "short_number",
    "备注": "remark",
    "姓名": "name",
    "部门": "department",
    "接入设备": "iad",
    "端口": "port",
    "手机号码": "mobile",
    "第二号码": "second_number",
    "功能": "features",
    "新号码": "changed_to",
    "亲情号码": "allowed",
    "手机短号": "mobile_short",
    "一号通号码": "further",
    "振铃方式": "ring_order",
    "无条件前转": "forward_always",
    "遇忙前转": "forward_busy",
    "无应答前转": "forward_no_answer",
    "不可及前转": "forward_unreachable",
    "呼叫权限": "zones",
    "长号": "long_number",
    "长号码": "long_number",
    "固话号码": "long_number",
    "固定电话": "long_number",
    "固定电话号码": "long_number",
    "座机号码": "long_number",
    "电话号码": "long_number",
    "IMS号码": "long_number",
    "IMS固话号": "long_number",
    "短号": "short_number",
    "短号码": "short_number",
    "对应短号": "short_number",
    "手机号": "mobile",
}
"""The columns by their Chinese names, as the operators' opening forms write them."""
