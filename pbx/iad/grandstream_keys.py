"""The P-numbers of Grandstream gateways: which number means what, as tables (参数号表).

A profile is a set of line settings that ports share; there are four. The HT801, HT802 and HT813 have no
profiles: each port has an account, with the numbers of profile 1 or 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PROFILE: Mapping[str, tuple[int, int, int, int]] = MappingProxyType(
    {
        "active": (271, 401, 501, 601),
        "server": (47, 747, 547, 602),
        "proxy": (48, 748, 548, 603),
        "dns_mode": (103, 702, 502, 608),
        "transport": (130, 830, 530, 4648),
        "register": (31, 731, 531, 610),
        "call_unregistered": (109, 813, 513, 4378),
        "expires": (32, 732, 532, 612),
        "retry": (138, 471, 571, 671),
        "user_phone": (63, 763, 563, 609),
        "reliable": (272, 435, 535, 635),
        "session_expires": (260, 434, 534, 4634),
        "least_expires": (261, 427, 527, 627),
        "caller_timer": (262, 428, 528, 628),
        "callee_timer": (263, 429, 629, 4629),
        "force_timer": (264, 430, 664, 4630),
        "check_user": (258, 449, 549, 649),
        "proxy_only": (243, 743, 4043, 4044),
        "fax": (228, 710, 510, 4384),
        "fax_reinvite": (4416, 4417, 4418, 4419),
        "dtmf_1": (850, 860, 560, 4583),
        "dtmf_2": (851, 861, 561, 4584),
        "dtmf_3": (852, 862, 562, 4585),
        "dtmf_payload": (79, 779, 579, 4574),
        "codec_1": (57, 757, 557, 651),
        "codec_2": (58, 758, 558, 652),
        "codec_3": (59, 759, 559, 653),
        "codec_4": (60, 760, 660, 654),
        "codec_5": (61, 761, 661, 655),
        "codec_6": (62, 762, 662, 656),
        "codec_7": (46, 814, 514, 4657),
        "codec_8": (98, 815, 515, 658),
        "frames": (37, 737, 4593, 4594),
        "srtp": (183, 443, 543, 643),
        "silence": (50, 750, 550, 685),
        "jitter_type": (133, 831, 631, 698),
        "jitter_length": (132, 832, 835, 697),
        "slic": (854, 864, 564, 4335),
        "caller_id": (853, 863, 663, 4337),
        "polarity": (205, 865, 665, 4339),
        "echo_off": (824, 825, 4366, 4355),
        "dial_plan": (4200, 4201, 4202, 4203),
        "between_digits": (85, 292, 492, 4588),
        "call_features": (191, 751, 551, 620),
        "special": (198, 767, 567, 624),
    }
)
"""What of a profile, and its number in profiles 1 to 4."""

Ranges = tuple[tuple[int, int, int], ...]
"""(first port, last port, number of the first port); within a range numbers go up by one."""

GXW_PORTS: Mapping[str, Ranges] = MappingProxyType(
    {
        "enabled": ((1, 32, 4595), (33, 48, 21384)),
        "user": ((1, 30, 4060), (31, 32, 4240), (33, 48, 21000)),
        "auth_user": ((1, 30, 4090), (31, 32, 4242), (33, 48, 21064)),
        "password": ((1, 30, 4120), (31, 32, 4244), (33, 48, 21128)),
        "display": ((1, 20, 4180), (21, 32, 4252), (33, 48, 21192)),
        "profile": ((1, 30, 4150), (31, 32, 4246), (33, 48, 21256)),
        "hunt_group": ((1, 30, 4300), (31, 32, 4250), (33, 48, 21320)),
        "dials_itself": ((1, 24, 4210), (25, 32, 4800), (33, 48, 21448)),
    }
)
"""What of a port of a GXW42xx, and its numbers. They are not linear."""

HT_PORTS: Mapping[str, Ranges] = MappingProxyType(
    {
        "enabled": ((1, 8, 4595),),
        "user": ((1, 8, 4060),),
        "auth_user": ((1, 8, 4090),),
        "password": ((1, 8, 4120),),
        "display": ((1, 8, 4180),),
        "profile": ((1, 8, 4150),),
        "hunt_group": ((1, 8, 4300),),
        "dials_itself": ((1, 8, 4210),),
    }
)
"""What of a port of an HT814 or HT818, and its numbers."""

ACCOUNT_PORTS: Mapping[str, Ranges] = MappingProxyType(
    {
        "user": ((1, 1, 35), (2, 2, 735)),
        "auth_user": ((1, 1, 36), (2, 2, 736)),
        "password": ((1, 1, 34), (2, 2, 734)),
        "display": ((1, 1, 3), (2, 2, 703)),
    }
)
"""What of an account of an HT801, HT802 or HT813, and its numbers; the rest is as in profiles."""

TRANSPORT = MappingProxyType({"udp": "0", "tcp": "1", "tls": "2"})
CALLER_ID = MappingProxyType({"fsk": "0", "etsi-fsk": "1", "dtmf": "5"})
SPECIAL = MappingProxyType(
    {"standard": "100", "china-mobile": "113", "zte": "114", "huawei": "111", "cbcom": "108"}
)
SCHEME = MappingProxyType({"http": "1", "https": "2"})
SWITCH = MappingProxyType({"off": "0", "on": "1"})
PCMA, PCMU = "8", "0"

CHINA_TONES: tuple[tuple[int, str], ...] = (
    (4040, "c=1000/4000;"),
    (4000, "f1=450@-13,c=0/0;"),
    (4001, "f1=450@-19,c=1000/4000;"),
    (4002, "f1=450@-24,c=350/350;"),
    (4003, "f1=450@-24,c=700/700;"),
)
"""Ring cadence, dial, ringback, busy and reorder tone in China: 450 Hz; milliseconds on and off."""


def port_number(ranges: Ranges, port: int) -> int:
    """The P-number of a port."""
    for first, last, number in ranges:
        if first <= port <= last:
            return number + port - first
    raise KeyError(port)
