"""The tests of an acceptance, each with its method and reference value; a table to read (验收测试项).

The limits are seatline's own, and the report says so. They are near what ITU-T recommends of a whole network
(E.721: delays of 95 % of all calls, local and long-distance; Y.1541: the variation of delay), but a test is
one call, with the mean jitter of RFC 3550; the loss is what G.711 takes without being heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Words:
    """The same said twice: the report is read in Chinese, the screen in English."""

    chinese: str
    english: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One test: what is looked at, how, and what is right. `extended` tests come after the standard ones."""

    name: Words
    method: Words
    reference: Words
    extended: bool = False


RINGS_INSIDE, RINGS_OUTSIDE = 6.0, 8.0
"""Seconds from dialling to ringing, at most."""
MOST_LOST = 0.01
"""Share of packets that may be lost."""
MOST_JITTER = 50.0
"""Milliseconds."""
TONE_AT_LEAST = 1.0
"""Seconds for which each end has to hear the other's tone."""
FAX_WHOLE = 0.98
"""Share of the time in which a fax tone must be there: a gap ends a fax."""
FAX_LEVEL = -20.0
"""dB below full scale that a fax tone has left at least; it is sent at about -8."""
FAX_TONES = (1100, 2100)
"""The calling tone (CNG) and the answering tone (CED) of T.30, in hertz."""
MOST_AT_ONCE = 60
"""Calls of a capacity test, at most: a larger line is read, not filled."""
REFERENCES = Words(
    "时延、丢包、抖动及电平的参考值为本软件设定，合同另有约定的以合同为准",
    "the limits of delay, loss, jitter and level are seatline's own; what the contract says goes before them",
)
EMERGENCY = ("110", "119", "120", "122")
ABROAD, HONG_KONG = "0012025550100", "0085200000000"
"""Numbers that nobody has, should they be let out all the same: 555-0100 is kept for examples."""

_SOFTPHONES = Words("软电话试呼", "test call by softphones")
_SAME_CALL = Words("同一试呼中测量", "measured in that call")
_ASKED = Words("查询交换机运行状态，不呼叫", "asked of the running switch, nothing is called")
_CONNECTS = Words("接通", "connected")
_TONES = Words("双方均听到对方测试音", "each end hears the other's tone, and no echo of its own")
_QUALITY = Words(
    f"丢包≤{MOST_LOST:.0%}，抖动≤{MOST_JITTER:.0f}ms",
    f"loss at most {MOST_LOST:.0%}, jitter at most {MOST_JITTER:.0f} ms",
)


def _within(seconds: float) -> Words:
    return Words(f"≤{seconds:.0f}秒", f"at most {seconds:.0f} s")


TRIALS: Mapping[str, Trial] = MappingProxyType(
    {
        "configuration": Trial(
            name=Words("交换机配置", "configuration of the switch"),
            method=Words("与合同台账逐项核对", "compared with the ledger, item by item"),
            reference=Words("无差异", "no difference"),
        ),
        "registrations": Trial(
            name=Words("号码向运营商注册", "registrations at the operator"),
            method=_ASKED,
            reference=Words("全部已注册", "all are in force"),
        ),
        "signing-on": Trial(
            name=Words("话机注册", "a telephone signs on"),
            method=Words("软电话以座机账号注册", "a softphone registers as the seat"),
            reference=Words("200", "200"),
        ),
        "short": Trial(
            name=Words("短号呼叫", "call by short number"), method=_SOFTPHONES, reference=_CONNECTS
        ),
        "long": Trial(
            name=Words("长号呼叫（合同内）", "call by long number, inside"),
            method=_SOFTPHONES,
            reference=_CONNECTS,
        ),
        "caller-inside": Trial(
            name=Words("内部来电显示", "caller's number, inside"),
            method=_SAME_CALL,
            reference=Words("主叫短号，无短号时为长号", "the caller's short number, else its long one"),
        ),
        "voice-inside": Trial(
            name=Words("内部双向语音", "voice both ways, inside"), method=_SAME_CALL, reference=_TONES
        ),
        "delay-inside": Trial(
            name=Words("内部接续时延", "post-dial delay, inside"),
            method=_SAME_CALL,
            reference=_within(RINGS_INSIDE),
        ),
        "quality-inside": Trial(
            name=Words("内部丢包与抖动", "loss and jitter, inside"), method=_SAME_CALL, reference=_QUALITY
        ),
        "out": Trial(name=Words("呼出", "call out"), method=_SOFTPHONES, reference=_CONNECTS),
        "caller-outside": Trial(
            name=Words("呼出主叫号码", "caller's number, outside"),
            method=_SAME_CALL,
            reference=Words("该座机的合同号码", "the seat's own number of the contract"),
        ),
        "voice-outside": Trial(
            name=Words("外线双向语音", "voice both ways, outside"), method=_SAME_CALL, reference=_TONES
        ),
        "delay-outside": Trial(
            name=Words("外线接续时延", "post-dial delay, outside"),
            method=_SAME_CALL,
            reference=_within(RINGS_OUTSIDE),
        ),
        "quality-outside": Trial(
            name=Words("外线丢包与抖动", "loss and jitter, outside"), method=_SAME_CALL, reference=_QUALITY
        ),
        "in": Trial(name=Words("呼入", "call in"), method=_SOFTPHONES, reference=_CONNECTS),
        "caller-in": Trial(
            name=Words("呼入来电显示", "caller's number, call in"),
            method=_SAME_CALL,
            reference=Words("外线主叫号码", "the number outside"),
        ),
        "emergency": Trial(
            name=Words("紧急呼叫路由", "route of emergency calls"),
            method=Words(
                "查询运行中的拨号方案（110/119/120/122），不实际呼叫",
                "read in the running dialplan for 110, 119, 120 and 122; nobody is called",
            ),
            reference=Words("直接出局，不受任何限制", "straight out to the operator, nothing is asked first"),
        ),
        "international": Trial(
            name=Words("国际长途限制", "international calls are closed"),
            method=Words(f"试拨{ABROAD}", f"{ABROAD} is dialled"),
            reference=Words("拒绝（403）", "refused with 403"),
        ),
        "capacity": Trial(
            name=Words("线路并发容量", "calls at once on the line"),
            method=Words("SIPp同时呼出", "SIPp calls out, all at once"),
            reference=Words("满线接通，多一路被拒（503）", "as many as the line carries, one more gets 503"),
        ),
        "fax": Trial(
            name=Words("传真音通道", "path of fax tones"),
            method=Words("1100Hz与2100Hz双向传送", "1100 Hz and 2100 Hz, both ways at once"),
            reference=Words(
                f"连续≥{FAX_WHOLE:.0%}，电平≥{FAX_LEVEL:.0f}dBFS",
                f"there for {FAX_WHOLE:.0%} of the time, at {FAX_LEVEL:.0f} dBFS or more",
            ),
            extended=True,
        ),
        "claims": Trial(
            name=Words("主叫号码防伪造", "a claimed number is overruled"),
            method=Words("呼出时伪称另一座机号码", "a call out claims to be another seat"),
            reference=Words("仍显示本座机号码", "the seat's own number is shown all the same"),
            extended=True,
        ),
        "hmt": Trial(
            name=Words("港澳台长途限制", "Hong Kong, Macau and Taiwan are closed"),
            method=Words(f"试拨{HONG_KONG}", f"{HONG_KONG} is dialled"),
            reference=Words("拒绝（403）", "refused with 403"),
            extended=True,
        ),
    }
)
"""All there are, in the order of the report."""
