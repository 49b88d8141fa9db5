"""How the operator writes numbers, as contexts of a site's dialplan (号码格式).

A pattern becomes an expression of the dialplan: seatline-form of dialplans/forms.conf calls it with the
number's parts as arguments. Digits and + stand between the fields and nothing else (intake/ims_kinds.py), so
that no pattern can be read as more than one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pbx import dialplan
from pbx.dialplan import Exten
from pbx.section import Section
from provisioning.core.site import Ims, NumberIn, Site
from provisioning.planning import names

_OUT = {"number": "${ARG1}", "area": "${ARG2}", "local": "${ARG3}", "abroad": "${ARG4}"}
_CALLER = {"long": "${ARG1}", "area": "${ARG2}", "local": "${ARG3}"}


def contexts(site: Site, slot: str) -> tuple[Section, ...]:
    """A line for each class of numbers and for the caller's own; the operator's beginnings, if it has any."""
    if site.ims is None:
        return ()
    found = [dialplan.context(names.context(site.name, slot, "forms"), _forms(site.ims))]
    if site.ims.numbers_in:
        rules = (_beginning(one) for one in site.ims.numbers_in)
        found.append(dialplan.context(names.context(site.name, slot, "from-operator"), rules))
    return tuple(found)


def _forms(ims: Ims) -> tuple[Exten, ...]:
    out = ims.numbers_out
    patterns = (
        ("fixed", out.fixed),
        ("mobile", out.mobile),
        ("service", out.service),
        ("emergency", out.emergency),
        ("international", out.international),
    )
    said = tuple(Exten(name, "Return", (_expression(pattern, _OUT),)) for name, pattern in patterns)
    return (*said, Exten("caller", "Return", (_expression(ims.caller, _CALLER),)))


def _expression(pattern: str, fields: Mapping[str, str]) -> str:
    """A pattern with the dialplan's variables in place of its fields; ValueError for an unknown field."""
    unknown = sorted(set(re.findall(r"\{([^{}]*)\}", pattern)) - set(fields))
    if unknown:
        raise ValueError(f"the pattern {pattern!r} asks for an unknown field: {', '.join(unknown)}")
    return re.sub(r"\{([a-z]+)\}", lambda found: fields[found[1]], pattern)


def _beginning(rule: NumberIn) -> Exten:
    """Of several that fit Asterisk takes the longest: ! comes last among what a pattern may go on with."""
    return Exten(f"_{rule.begins}!", "Return", (f"{rule.becomes}${{EXTEN:{len(rule.begins)}}}",))
