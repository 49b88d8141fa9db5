"""The way of an emergency call through the running dialplan; nobody is called (紧急呼叫路由)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioning.acceptance.trials import Words

Contexts = Mapping[str, Mapping[str, str]]
"""By context its lines as the switch shows them: "110,1" → "Gosub(...)", and "include" → names in order."""

FIRST, OUT = "seatline-call-emergency", "seatline-outgoing"
"""The hand-written context every emergency call goes to, and the one through which calls leave."""
ON_THE_WAY = frozenset(
    {
        "seatline-emergency",
        FIRST,
        OUT,
        "seatline-take-line",
        "seatline-form",
        "seatline-class",
        "seatline-preferred",
    }
)
"""The contexts an emergency call goes through: each has to run as it was written."""
_HARMLESS = re.compile(r"(Set|NoOp|Verbose|Log)\(")
"""What may come before the way out: nothing that asks, waits or ends."""


def fault(contexts: Contexts, start: str, number: str, form: str) -> Words | None:
    """What is wrong with the way of an emergency call from a seat's context; None where it goes straight out.

    `form` is the site's context of number forms, by which the operator has to be sent the number as it is.
    """
    found = _first_line(contexts, start, number, [])
    if found is None:
        return Words(f"{start}中无{number}", f"{number} is in no context of {start}")
    if found != f"Gosub({FIRST},s,1({number}))":
        return Words(f"{number}先执行{found or '-'}", f"{number} goes to {found or 'nothing'} first")
    steps = [
        (int(place[1]), text)
        for line, text in contexts.get(FIRST, {}).items()
        if (place := re.match(r"s,(\d+)", line))
    ]
    for _, text in sorted(steps):
        if text.startswith(f"Gosub({OUT},s,1(${{ARG1}}"):
            break
        if not _HARMLESS.match(text):
            return Words(f"{FIRST}呼出前执行{text}", f"{FIRST} does {text} before it calls")
    else:
        return Words(f"{FIRST}未到达{OUT}", f"{FIRST} never comes to {OUT}")
    if OUT not in contexts:
        return Words(f"缺少{OUT}", f"{OUT} is not there")
    sent = contexts.get(form, {}).get("emergency,1")
    if sent is not None and sent != "Return(${ARG1})":
        return Words(f"{number}送运营商时变为{sent}", f"{number} is sent to the operator as {sent}")
    return None


def _first_line(contexts: Contexts, context: str, number: str, seen: list[str]) -> str | None:
    """The first step of a number in a context, its own lines before what it includes, as Asterisk looks."""
    if context in seen or context not in contexts:
        return None
    seen.append(context)
    lines = contexts[context]
    if f"{number},1" in lines:
        return lines[f"{number},1"]
    patterns = (line for line in lines if line.startswith("_") and line.endswith(",1"))
    if any(_fits(line.removesuffix(",1"), number) for line in patterns):
        return f"a pattern of {context}"
    for included in filter(None, lines.get("include", "").split(", ")):
        if (found := _first_line(contexts, included, number, seen)) is not None:
            return found
    return None


_SETS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}


def _fits(pattern: str, number: str) -> bool:
    """Whether an Asterisk pattern takes a number."""
    parts = re.findall(r"\[[^\]]*\]|.", pattern[1:])
    return (
        re.fullmatch(
            "".join(_SETS.get(part, part if part[0] == "[" else re.escape(part)) for part in parts), number
        )
        is not None
    )
