"""Who is told of a night, and when: those on duty, by mail or webhook (夜间作业通知)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from provisioning.flows.errors import FlowError

When = Literal["failure", "findings", "always"]
ATTEMPTS = 3
WAIT = 10.0
"""Seconds before somebody who could not be told is told again."""


class NotTold(FlowError):
    """A message did not get through; the text says where to and why, never what secret was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told: a subject, a text without any number that was called, and the same for programs."""

    subject: str
    text: str
    document: Mapping[str, Any]


class Messenger(Protocol):
    """A way to tell somebody; NotTold where it fails."""

    def send(self, message: Message) -> None: ...


def is_wanted(report: Mapping[str, Any], when: When) -> bool:
    """Whether a night is one to tell of: `failure` is a step that failed, or an alarm of silence."""
    if when == "always":
        return True
    failed = any(step["state"] == "failed" for step in report["steps"])
    alarm = any(one["alarm"] for one in report.get("silent", ()))
    return failed or alarm or (when == "findings" and report["code"] != 0)


def tell(message: Message, messengers: Sequence[Messenger], pause: Callable[[float], None]) -> list[str]:
    """Tells all of them, each again where it did not get through; who could not be told, and why."""
    untold: list[str] = []
    for messenger in messengers:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                messenger.send(message)
            except NotTold as fault:
                if attempt == ATTEMPTS:
                    untold.append(str(fault))
                else:
                    pause(WAIT)
            else:
                break
    return untold


def brief(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report for a webhook: how each step ended, what is held, who is silent; no number, no finding."""
    steps = [{"step": step["step"], "state": step["state"], "said": step["said"]} for step in report["steps"]]
    held = [
        {key: one[key] for key in ("switch", "code", "lines", "oldest")} for one in report.get("held", ())
    ]
    kept = ("began", "ended", "by", "since", "code", "new", "silent", "broken_off", "cycle", "money")
    told = {key: report[key] for key in kept if key in report}
    return {"event": "seatline-nightly", **told, "held": held, "steps": steps}
