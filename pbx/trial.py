"""One test call: who calls whom, and what its two ends measured (测试呼叫).

What makes such calls is in pbx/live: softphones, which hear, and SIPp, which does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TONES = (700, 1000)
"""What the caller and the called hum, in hertz: each end has to hear the other's, and not its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A telephone that is played: what it registers as, and where (测试话机)."""

    user: str
    auth_user: str
    secret: str = field(repr=False)
    registrar: str
    """host or host:port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCall:
    """A test call to be made.

    `called` is a telephone of ours that is signed on and answers; None: somebody else does, or nobody.
    `headers` go into the INVITE as they are. `answer_within` is in seconds from dialling, `seconds` how long
    is talked.
    """

    caller: Desk
    dialled: str
    called: Desk | None = None
    tones: tuple[int, int] = TONES
    seconds: float = 3.0
    answer_within: float = 30.0
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What one end heard (话音测量).

    `tone` is how long it heard the other's hum, `whole` the share of the time between its first and its last
    moment in which it was there, `level` its strength in dB below full scale.
    """

    packets: int
    lost: int
    jitter: float
    """Mean, in milliseconds (RFC 3550)."""
    tone: float = 0.0
    own: float = 0.0
    """Seconds of its own hum: an echo."""
    whole: float = 0.0
    level: float | None = None

    @property
    def loss(self) -> float:
        """The share of packets that did not come."""
        return self.lost / (self.packets + self.lost) if self.packets + self.lost else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How a test call went.

    `code` is the last SIP code the caller got, `rang_after` the seconds from dialling to the first sign of
    ringing, None where there was none. `shown` is the number the called telephone saw, `asserted` that of
    P-Asserted-Identity. What each end heard is None where nothing was measured.
    """

    code: int
    answered: bool = False
    rang_after: float | None = None
    shown: str | None = None
    asserted: str | None = None
    by_caller: Sound | None = None
    by_called: Sound | None = None


def number_in(header: str) -> str:
    """The user of the address in a From or P-Asserted-Identity header; empty where it has none."""
    address = header.partition("<")[2].partition(">")[0] if "<" in header else header
    user, at, _ = address.partition(":")[2].partition("@")
    if not at and address.startswith("sip"):
        return ""
    return user.partition(";")[0]
