"""The order in which the call logic asks, and that every turn that is taken is given back."""

from __future__ import annotations

import re
from pathlib import Path

from pbx.section import parse

DIALPLANS = Path(__file__).parents[2] / "dialplans"
LINES = {
    section.name: [
        re.sub(r"^(?:\S+?,1|n)(?:\([a-z-]+\))?,", "", value)
        for key, value in section.options
        if key in ("exten", "same")
    ]
    for file in sorted(DIALPLANS.glob("*.conf"))
    for section in parse(file.read_text(encoding="utf-8"))
}
"""The lines of each context, without their priorities."""


def asked(context: str) -> list[str]:
    """The contexts that one asks, in order."""
    return [name for line in LINES[context] for name in re.findall(r"Gosub\((seatline-[a-z-]+),", line)]


def test_the_rules_are_asked_in_one_order():
    """Whether a seat may call is asked of its stops first and of the count last: what is refused before is
    not counted."""
    assert asked("seatline-may-call") == [
        "seatline-stopped",
        "seatline-allow-list",
        "seatline-open-zone",
        "seatline-hours",
        "seatline-pace",
        "seatline-limits",
    ]


def test_an_emergency_call_is_asked_about_nowhere():
    """From the dialled number to the line no rule stands in the way of an emergency call."""
    lines = LINES["seatline-dialled"]
    (leaves,) = (n for n, line in enumerate(lines) if line.endswith("?emergency)"))
    before = {name for line in lines[:leaves] for name in re.findall(r"Gosub\((seatline-[a-z-]+),", line)}
    assert before == {"seatline-country", "seatline-emergency-at-home", "seatline-class"}
    assert asked("seatline-call-emergency") == ["seatline-outgoing"]
    out = LINES["seatline-outgoing"]
    (passes,) = (n for n, line in enumerate(out) if line.endswith('"emergency"]?ready)'))
    for rule in ("seatline-record", "seatline-longest"):
        assert next(n for n, line in enumerate(out) if f"Gosub({rule}," in line) > passes


def test_every_turn_is_given_back():
    """Whoever waits for its turn at a lock unlocks that very lock, and lets no call through
    without a turn."""
    takers = {name: lines for name, lines in LINES.items() if "seatline-turn" in asked(name)}
    assert {"seatline-limits", "seatline-pace", "seatline-take-line", "seatline-take-seat"} <= takers.keys()
    for name, lines in takers.items():
        (at,) = (n for n, line in enumerate(lines) if line.startswith("Gosub(seatline-turn,"))
        (lock,) = re.findall(r"seatline-turn,s,1\((.*)\)\)$", lines[at])
        refusal = "" if name == "seatline-not-made" else r"[a-z-]+"
        assert re.fullmatch(
            rf'ExecIf\(\$\["\${{GOSUB_RETVAL}}" != "yes"\]\?Return\({refusal}\)\)', lines[at + 1]
        )
        assert f"Set(LOCAL(free)=${{UNLOCK({lock})}})" in lines[at:]
