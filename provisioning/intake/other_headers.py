"""What real number sheets call their columns besides the names of the schema (列名别称)."""

from __future__ import annotations

from collections.abc import Mapping

ALIASES: Mapping[str, str] = {
    "IMS固话": "long_number",
    "IMS长号": "long_number",
    "IMS固定电话": "long_number",
    "IMS固定电话号码": "long_number",
    "长号号码": "long_number",
    "固话号": "long_number",
    "座机号": "long_number",
    "V网短号": "short_number",
    "V网短号码": "short_number",
    "集团短号": "short_number",
    "短号号码": "short_number",
    "IMS短号": "short_number",
    "分机号": "short_number",
    "分机号码": "short_number",
    "新短号": "short_number",
    "新短号码": "short_number",
    "变更后短号": "short_number",
    "使用人": "name",
    "使用人姓名": "name",
    "用户姓名": "name",
    "所属部门": "department",
    "使用部门": "department",
    "科室": "department",
    "手机": "mobile",
    "移动电话": "mobile",
    "IAD设备": "iad",
    "IAD名称": "iad",
    "接入设备名称": "iad",
    "端口号": "port",
    "IAD端口": "port",
    "IAD端口号": "port",
    "设备端口": "port",
    "语音口": "port",
}
"""Other names of the columns, which count only where no column has one of the names above."""
