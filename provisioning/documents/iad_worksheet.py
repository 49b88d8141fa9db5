"""A worksheet for an IAD that is set up by hand: what to type where, port by port (IAD 开通单).

For makers that publish no file format. The same rows as a workbook and as a page to print. Both hold
passwords: whoever hands them out sees to it that nobody else reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from pbx.iad.device import Device, Label, Line, Port
from provisioning.documents.xlsx import Column, Page, Table, workbook

HEADINGS: tuple[tuple[str, str, float], ...] = (
    ("端口", "Port", 6),
    ("状态", "Use", 14),
    ("短号", "Short", 8),
    ("姓名", "Name", 14),
    ("部门", "Department", 14),
    ("号码", "Number", 20),
    ("显示名", "Display", 16),
    ("域名", "Domain", 24),
    ("认证用户名", "Authentication name", 30),
    ("密码", "Password", 30),
    ("代理服务器", "Proxy", 24),
    ("注册有效期(秒)", "Expiry (s)", 12),
    ("传真", "Fax", 18),
)
"""The columns: in Chinese, in English, and how wide each is."""
NO_LABELS: Mapping[int, Label] = MappingProxyType({})
USED, UNUSED = "启用 enabled", "停用 disabled"
FAX: Mapping[tuple[bool, bool], str] = {
    (False, False): "透传 pass-through",
    (True, False): "传真/POS专线 fax, POS",
    (False, True): "T.38",
    (True, True): "T.38",
}
"""By (untouched, T.38)."""
ADVICE = (
    "每个端口按本表填写；停用的端口必须关闭注册，且不得保留任何旧密码。",
    "Each port as the table says; a disabled port does not register and keeps no former password.",
    "编码 Codecs: G.711A (PCMA) 优先 first, 20 ms; DTMF: RFC 4733 (RFC 2833), PT 101",
    "传真/POS端口: 关闭回声抑制和静音检测，固定抖动缓冲 No echo cancelling, no silence suppression, a fixed "
    "jitter buffer on fax and POS ports",
    "呼叫转移等业务由交换侧提供，设备上全部关闭 Forwarding and the like are the network's: off on the device",
    "本表含密码，用后销毁 This sheet holds passwords: destroy it after use",
)
_STYLE = """
@page { size: A4 landscape; margin: 8mm; }
body { font: 8pt/1.25 sans-serif; margin: 0; }
h1 { font-size: 12pt; margin: 0 0 1mm; }
p { margin: 0 0 1mm; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 0.2mm solid #000; padding: 0.2mm 1mm; text-align: left; overflow-wrap: anywhere; }
td { font-family: monospace; font-size: 7.5pt; }
tr.unused td { color: #666; background: #eee; }
ul { margin: 1mm 0 0; padding-left: 4mm; font-size: 7pt; columns: 2; }
"""


def rows(device: Device, labels: Mapping[int, Label] = NO_LABELS) -> tuple[tuple[str, ...], ...]:
    """A row for each port, in the order of HEADINGS; that of an unused one says no more than that.

    `labels` say whose telephone each port in use is."""
    return tuple(_row(device, port, labels.get(port.number, Label())) for port in device.ports)


def as_workbook(device: Device, labels: Mapping[int, Label] = NO_LABELS) -> bytes:
    """The worksheet as an .xlsx file: every cell is text."""
    columns = tuple(
        Column(heading=f"{chinese} {english}", width=width) for chinese, english, width in HEADINGS
    )
    return workbook(
        (
            Table(name="IAD", title=_title(device), columns=columns, rows=rows(device, labels), spare_rows=0),
            Page(name="说明", lines=(*_facts(device), *ADVICE)),
        )
    )


def as_page(device: Device, labels: Mapping[int, Label] = NO_LABELS) -> bytes:
    """The worksheet as a page of HTML to print on A4: it fetches nothing and runs nothing."""
    heads = "".join(f"<th>{escape(chinese)}<br>{escape(english)}</th>" for chinese, english, _ in HEADINGS)
    cells = rows(device, labels)
    body = "\n".join(_table_row(port, row) for port, row in zip(device.ports, cells, strict=True))
    facts = "\n".join(f"<p>{escape(fact)}</p>" for fact in _facts(device))
    advice = "\n".join(f"<li>{escape(line)}</li>" for line in ADVICE)
    page = f"""<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(_title(device))}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(_title(device))}</h1>
{facts}
<table>
<thead><tr>{heads}</tr></thead>
<tbody>
{body}
</tbody>
</table>
<ul>
{advice}
</ul>
</body>
</html>
"""
    return page.encode()


def _row(device: Device, port: Port, label: Label) -> tuple[str, ...]:
    if port.line is None:
        return (str(port.number), UNUSED, *[""] * (len(HEADINGS) - 2))
    whose = (label.short_number, label.name, label.department)
    return (str(port.number), USED, *whose, *_line(device, port.line))


def _line(device: Device, line: Line) -> tuple[str, ...]:
    server = device.server
    return (
        line.user,
        line.display,
        server.domain,
        line.auth_user,
        line.password,
        server.proxy or "",
        str(server.expires),
        FAX[line.untouched, line.t38],
    )


def _title(device: Device) -> str:
    return f"IAD {device.name}  {device.model}  MAC {device.mac or '____'}"


def _facts(device: Device) -> tuple[str, ...]:
    """What holds for the whole device."""
    server = device.server
    facts = [
        f"传输协议 Transport: {server.transport.upper()}",
        f"100rel (PRACK): {server.reliable}",
        f"会话定时器 Session timers: {server.timers}, {server.session_expires} s, "
        f"Min-SE {server.least_expires} s",
        f"user=phone: {'是 yes' if server.user_phone else '否 no'}",
    ]
    facts += [f"{name}: {value}" for name, value in sorted(device.settings.items())]
    lines = [";  ".join(facts)]
    if device.admin_password is not None:
        lines.append(f"管理员密码 Administrator's password: {device.admin_password}")
    return tuple(lines)


def _table_row(port: Port, cells: tuple[str, ...]) -> str:
    kind = "" if port.line is not None else ' class="unused"'
    return f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
