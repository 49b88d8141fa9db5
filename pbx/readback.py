"""What a running switch shows of a configuration, compared with what it must show (回读核对).

A reload answers Success when objects were refused or lost, so only this tells that a configuration runs. The
provisioner's AMI user has the rights for all of it: PJSIPShow... take `system`, ShowDialPlan `config`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pbx.action import Action, Reply
from pbx.config import Config
from pbx.errors import Malformed, Refused
from pbx.running import LABELS, as_unset, shown_name, shown_value, unset_values, wanted_value
from pbx.section import CONTEXT, MASK, SECRET_OPTIONS, Section
from pbx.steps import NOT_CONTEXTS, steps

NOTHING = "nothing"
"""Stands for an object or line that is not there, on either side of a Difference."""

_LISTS = ("PJSIPShowEndpoints", "PJSIPShowAors", "PJSIPShowAuths", "PJSIPShowRegistrationsOutbound")
_OBJECT_OF_EVENT = {
    "EndpointDetail": "endpoint",
    "AuthList": "auth",
    "AuthDetail": "auth",
    "AorList": "aor",
    "AorDetail": "aor",
    "OutboundRegistrationDetail": "registration",
    "IdentifyDetail": "identify",
}
_NONE_SHOWN = ("No ", "Did not find context", "Unable to retrieve endpoint")
_RIGHTS = {"ShowDialPlan": "write=config", "GetConfig": "write=config"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the running switch and the configuration disagree (差异).

    `object` is an object's or context's name, `field` an option, an extension with its priority ("6001,1"),
    "include", or empty when the object itself is missing or too many. Secrets are masked.
    """

    file: str
    object: str
    field: str
    wanted: str
    found: str

    def __str__(self) -> str:
        place = f"{self.file or 'the switch'}: [{self.object}]" + (f" {self.field}" if self.field else "")
        return f"{place}: wanted {self.wanted}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Running:
    """What a switch runs, as far as it was asked (运行状态)."""

    objects: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """By (kind, name): the fields as AMI shows them, SIP passwords too."""
    endpoints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """All endpoints the switch has, ours or not, by name: their Aor and Auths."""
    contexts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By context: its lines as `steps` gives them."""

    def __repr__(self) -> str:
        return f"Running({len(self.objects)} objects, {len(self.contexts)} contexts)"


def questions(config: Config, *, gone: Config | None = None) -> tuple[Action, ...]:
    """The actions that make a switch show what it runs of this configuration; all only read.

    `gone` is what has been taken away, as `differences` has it.
    """
    sections = [section for _, section in config]
    removed = [section for _, section in gone or Config()]
    kinds = {section.kind for section in (*sections, *removed)}
    sections += (section for section in removed if section.kind == CONTEXT)
    lists = [Action(name) for name in _LISTS] if kinds - {CONTEXT} else []
    one_by_one = [
        Action("ShowDialPlan", (("Context", section.name),))
        if section.kind == CONTEXT
        else Action("PJSIPShowEndpoint", (("Endpoint", section.name),))
        for section in sections
        if section.kind in (CONTEXT, "endpoint") and section.name not in NOT_CONTEXTS
    ]
    return (*lists, *one_by_one)


def running(asked: Sequence[Action], replies: Sequence[Reply]) -> Running:
    """What the replies to `questions` show.

    Raises Refused when the AMI user may not ask, or the switch turns a question down for another reason than
    that it has no such thing.
    """
    objects: dict[tuple[str, str], Mapping[str, str]] = {}
    endpoints: dict[str, Mapping[str, str]] = {}
    contexts: dict[str, dict[str, str]] = {}
    for action, reply in zip(asked, replies, strict=True):
        if not reply.ok:
            if reply.message.startswith(_NONE_SHOWN):
                continue
            needed = _RIGHTS.get(action.name, "write=system")
            raise Refused(f"{action.name}: {reply.message} (the AMI user needs {needed})")
        if action.name == "ShowDialPlan":
            contexts[dict(action.headers)["Context"]] = _context(reply)
            continue
        for event in reply.events:
            if kind := _OBJECT_OF_EVENT.get(event.get("Event", "")):
                objects[kind, event.get("ObjectName", "")] = event
            elif event.get("Event") == "EndpointList":
                endpoints[event.get("ObjectName", "")] = event
    return Running(objects, endpoints, contexts)


def differences(wanted: Config, shown: Running, *, gone: Config | None = None) -> tuple[Difference, ...]:
    """On what the running switch and the configuration disagree; nothing when it runs just as it should.

    Compared are all options of endpoints, auths, AORs and registrations that are set, and those that are not
    set but have a known default; all lines of our contexts, none more; endpoints that use our AORs or auths,
    identifies that lead to our endpoints, registrations for our lines or of our numbers, none more. Sections
    in `gone` must not run any more.
    """
    found: list[Difference] = []
    for file, section in wanted:
        if section.kind == CONTEXT:
            found.extend(_context_differences(file, section, shown))
        else:
            found.extend(_object_differences(file, section, shown))
    found.extend(_uninvited(wanted, shown))
    kept = {(section.kind, section.name) for _, section in wanted}
    for file, section in gone or Config():
        there = section.name in shown.contexts if section.kind == CONTEXT else _runs(section, shown)
        named = any(one.object == section.name and not one.field for one in found)
        if there and not named and (section.kind, section.name) not in kept:
            found.append(Difference(file, section.name, "", NOTHING, LABELS.get(section.kind, section.kind)))
    return tuple(found)


def _object_differences(file: str, section: Section, shown: Running) -> Iterator[Difference]:
    if section.kind not in LABELS:
        raise Malformed(f"{file}: [{section.name}]: the switch does not show objects of type {section.kind}")
    fields = shown.objects.get((section.kind, section.name))
    if fields is None:
        yield Difference(file, section.name, "", LABELS[section.kind], NOTHING)
        return
    given = dict.fromkeys(key for key, _ in section.options)
    unset = unset_values(section.kind)
    left = (
        [] if as_unset(section.kind, frozenset(given), fields) else [key for key in unset if key not in given]
    )
    for option in (*given, *left):
        name, is_set = shown_name(option), option in given
        if name is None or (name not in fields and not is_set):
            continue
        wanted = wanted_value(section, option) if is_set else unset[option]
        found = shown_value(section, option, fields[name]) if name in fields else NOTHING
        if wanted != found:
            if option in SECRET_OPTIONS:
                wanted, found = MASK, "another one" if found else "none"
            yield Difference(file, section.name, option, wanted or "none", found or "none")


def _context_differences(file: str, section: Section, shown: Running) -> Iterator[Difference]:
    if section.name in NOT_CONTEXTS:
        return
    wanted, found = steps(section), shown.contexts.get(section.name)
    if found is None:
        if wanted:
            yield Difference(file, section.name, "", "context", NOTHING)
        return
    for line in dict.fromkeys((*wanted, *found)):
        if wanted.get(line) != found.get(line):
            yield Difference(file, section.name, line, wanted.get(line, NOTHING), found.get(line, NOTHING))


def _uninvited(wanted: Config, shown: Running) -> Iterator[Difference]:
    """Endpoints and registrations that nobody planned but that use what is ours."""
    ours = {(section.kind, section.name): file for file, section in wanted}
    for name, fields in shown.endpoints.items():
        uses = [("aor", aor) for aor in _split(fields.get("Aor"))]
        uses += [("auth", auth) for auth in _split(fields.get("Auths"))]
        if ("endpoint", name) not in ours and (used := next((use for use in uses if use in ours), None)):
            yield Difference(ours[used], name, "", NOTHING, f"an endpoint that uses {used[1]}")
    registered = _registered(wanted)
    for (kind, name), fields in shown.objects.items():
        if kind not in ("identify", "registration") or (kind, name) in ours:
            continue
        endpoint = ("endpoint", fields.get("Endpoint", ""))
        if endpoint in ours:
            yield Difference(ours[endpoint], name, "", NOTHING, f"{_ARTICLES[kind]} {endpoint[1]}")
        elif kind == "registration":
            users = (fields.get("ClientUri", ""), fields.get("ContactUser", ""))
            for user in [user for user in users if user in registered][:1]:
                yield Difference(registered[user], name, "", NOTHING, f"a registration of {user}")


_ARTICLES = {"identify": "an identify that leads to", "registration": "a registration for"}


def _registered(wanted: Config) -> dict[str, str]:
    """By what the operator knows our registrations, with the file of each."""
    return {
        section.get(option): file
        for file, section in wanted
        for option in ("client_uri", "contact_user")
        if section.kind == "registration" and section.get(option)
    }


def _runs(section: Section, shown: Running) -> bool:
    if section.kind == "endpoint":
        return section.name in shown.endpoints
    return (section.kind, section.name) in shown.objects


def _context(reply: Reply) -> dict[str, str]:
    lines: dict[str, str] = {}
    includes = []
    for event in reply.events:
        if "IncludeContext" in event:
            includes.append(event["IncludeContext"])
        elif "Extension" in event:
            label = f"({event['ExtensionLabel']})" if "ExtensionLabel" in event else ""
            hint = event.get("Priority") == "hint"
            data = "" if hint else f"({event.get('AppData', '')})"
            place = f"{event['Extension']},{event.get('Priority', '')}{label}"
            lines[place] = event.get("Application", "") + data
        elif event.get("EventList") is None:
            lines |= {
                f"{key} {value}": value for key, value in event.items() if key in ("Switch", "IgnorePattern")
            }
    return ({"include": ", ".join(includes)} if includes else {}) | lines


def _split(names: str | None) -> list[str]:
    return [name for name in (names or "").split(",") if name]
