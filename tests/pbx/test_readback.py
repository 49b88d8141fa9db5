"""What the running switch shows, compared with what it must show; replies as Asterisk 22.10 gives them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx.action import Action, Reply
from pbx.config import Config
from pbx.errors import Malformed, Refused
from pbx.readback import Difference, Running, differences, questions, running
from pbx.section import CONTEXT, Section

PJSIP, DIALPLAN = "seatline-pjsip-zt-01.conf", "seatline-extensions-zt-a-01.conf"
SEAT, LONG = "seat-08702120001", "08702120001"
WANTED = Config(
    {
        PJSIP: (
            Section(
                SEAT,
                "endpoint",
                (
                    ("context", "seatline-zt-a"),
                    ("aors", LONG),
                    ("auth", f"{LONG}-auth"),
                    ("callerid", f"<{LONG}>"),
                    ("disallow", "all"),
                    ("allow", "alaw,ulaw"),
                    ("direct_media", "no"),
                    ("set_var", "SEATLINE_SITE=zt"),
                    ("set_var", "SEATLINE_SLOT=a"),
                ),
            ),
            Section(f"{LONG}-auth", "auth", (("username", SEAT), ("password", "Sesame0123456789"))),
            Section(LONG, "aor", (("max_contacts", "1"), ("remove_existing", "yes"))),
            Section("line-zt-aor", "aor", (("contact", "sip:ims.example"),)),
            Section("line-zt", "endpoint", (("aors", "line-zt-aor"), ("allow", "alaw"))),
            Section(
                "line-zt-ims",
                "registration",
                (("client_uri", "sip:+861@ims.example"), ("line", "yes"), ("endpoint", "line-zt")),
            ),
        ),
        DIALPLAN: (
            Section(
                "seatline-zt-a",
                CONTEXT,
                (("include", "seatline-emergency"), ("exten", "6001,1,NoOp(x)"), ("same", "n(end),Hangup()")),
            ),
            Section("seatline-zt-a-open", CONTEXT),
        ),
    }
)
NAMES = {section.name: (file, section) for file, section in WANTED}
ENDPOINT_UNSET = {
    "Accountcode": "",
    "AllowSubscribe": "true",
    "AllowTransfer": "true",
    "Aors": "",
    "Auth": "",
    "Callerid": "<unknown>",
    "Context": "default",
    "DirectMedia": "true",
    "DtmfMode": "rfc4733",
    "IdentifyBy": "username,ip",
    "MediaAddress": "",
    "SendDiversion": "true",
    "SrtpTag32": "false",
    "SetVar": "",
}


def event(name: str, **fields: str) -> dict[str, str]:
    return {"Event": name, **fields}


SHOWN: dict[str, list[dict[str, str]]] = {
    "PJSIPShowEndpoints": [
        event("EndpointList", ObjectName=SEAT, Aor=LONG, Auths=f"{LONG}-auth"),
        event("EndpointList", ObjectName="line-zt", Aor="line-zt-aor", Auths=""),
        event("EndpointList", ObjectName="by-hand", Aor="other", Auths=""),
    ],
    "PJSIPShowAors": [
        event(
            "AorList",
            ObjectName=LONG,
            MaxContacts="1",
            RemoveExisting="true",
            Contacts=f"{LONG}/sip:08702120001@10.0.0.9:5060",
        ),
        event(
            "AorList",
            ObjectName="line-zt-aor",
            MaxContacts="0",
            RemoveExisting="false",
            Contacts="line-zt-aor/sip:ims.example",
        ),
    ],
    "PJSIPShowAuths": [
        event("AuthList", ObjectName=f"{LONG}-auth", Username=SEAT, Password="Sesame0123456789", Realm=""),
    ],
    "PJSIPShowRegistrationsOutbound": [
        event(
            "OutboundRegistrationDetail",
            ObjectName="line-zt-ims",
            ClientUri="sip:+861@ims.example",
            Line="true",
            Endpoint="line-zt",
        ),
    ],
    f"PJSIPShowEndpoint {SEAT}": [
        event(
            "EndpointDetail",
            **ENDPOINT_UNSET
            | {
                "ObjectName": SEAT,
                "Context": "seatline-zt-a",
                "Aors": LONG,
                "Auth": f"{LONG}-auth",
                "Callerid": LONG,
                "Allow": "(alaw|ulaw)",
                "DirectMedia": "false",
                "SetVar": "SEATLINE_SITE=zt,SEATLINE_SLOT=a",
            },
        )
    ],
    "PJSIPShowEndpoint line-zt": [
        event(
            "EndpointDetail",
            **ENDPOINT_UNSET | {"ObjectName": "line-zt", "Aors": "line-zt-aor", "Allow": "(alaw)"},
        ),
    ],
    "ShowDialPlan seatline-zt-a": [
        event("ListDialplan", IncludeContext="seatline-emergency"),
        event("ListDialplan", Extension="6001", Priority="1", Application="NoOp", AppData="x"),
        event(
            "ListDialplan",
            Extension="6001",
            ExtensionLabel="end",
            Priority="2",
            Application="Hangup",
            AppData="",
        ),
    ],
    "ShowDialPlan seatline-zt-a-open": [event("ShowDialPlanComplete", EventList="Complete")],
}
Shown = dict[str, list[dict[str, str]]]


def ask(shown: Shown, wanted: Config = WANTED, gone: Config | None = None) -> Running:
    asked = questions(wanted, gone=gone)
    return running(asked, [answer(action, shown) for action in asked])


def answer(action: Action, shown: Shown) -> Reply:
    events = shown.get(" ".join((action.name, *(value for _, value in action.headers))))
    if events is None:
        return Reply({"Response": "Error", "Message": NOT_THERE[action.name]})
    return Reply({"Response": "Success"}, (), tuple(events))


NOT_THERE = {
    "PJSIPShowEndpoints": "No endpoints found\n",
    "PJSIPShowAors": "No AORs found\n",
    "PJSIPShowAuths": "No Auths found\n",
    "PJSIPShowRegistrationsOutbound": "No registrations found\n",
    "PJSIPShowEndpoint": "Unable to retrieve endpoint x\n",
    "ShowDialPlan": "Did not find context x",
}


def altered(question: str, name: str, **fields: str) -> Shown:
    """What is shown, with some fields of one object otherwise."""
    events = [one | fields if one.get("ObjectName", name) == name else one for one in SHOWN[question]]
    return SHOWN | {question: events}


def test_a_switch_that_runs_the_configuration_shows_no_difference() -> None:
    """Defaults, booleans, codecs, variables, masks and caller numbers are read in the form Asterisk shows."""
    assert differences(WANTED, ask(SHOWN)) == ()


SEAT_QUESTION, LINE_QUESTION = f"PJSIPShowEndpoint {SEAT}", "PJSIPShowEndpoint line-zt"
REGISTRATIONS = "PJSIPShowRegistrationsOutbound"


@pytest.mark.parametrize(
    ("question", "name", "shown", "option", "wanted", "found"),
    [
        (SEAT_QUESTION, SEAT, {"Callerid": "999"}, "callerid", LONG, "999"),
        (SEAT_QUESTION, SEAT, {"Allow": "(ulaw|alaw)"}, "allow", "alaw,ulaw", "ulaw,alaw"),
        (SEAT_QUESTION, SEAT, {"DirectMedia": "true"}, "direct_media", "no", "yes"),
        (SEAT_QUESTION, SEAT, {"AllowTransfer": "false"}, "allow_transfer", "yes", "no"),
        (SEAT_QUESTION, SEAT, {"Accountcode": "7"}, "accountcode", "none", "7"),
        ("PJSIPShowAors", LONG, {"MaxContacts": "2"}, "max_contacts", "1", "2"),
        ("PJSIPShowAors", "line-zt-aor", {"Contacts": "x/sip:x"}, "contact", "sip:ims.example", "x/sip:x"),
        (REGISTRATIONS, "line-zt-ims", {"Line": "false"}, "line", "yes", "no"),
        (LINE_QUESTION, "line-zt", {"MediaAddress": "192.0.2.9"}, "media_address", "none", "192.0.2.9"),
        (LINE_QUESTION, "line-zt", {"SendDiversion": "false"}, "send_diversion", "yes", "no"),
        (LINE_QUESTION, "line-zt", {"SrtpTag32": "true"}, "srtp_tag_32", "no", "yes"),
    ],
)
def test_every_option_that_differs_is_named(
    question: str, name: str, shown: dict[str, str], option: str, wanted: str, found: str
) -> None:
    """A difference says file, object, option, what is wanted and what is found; unset options count too."""
    assert differences(WANTED, ask(altered(question, name, **shown))) == (
        Difference(PJSIP, name, option, wanted, found),
    )


def test_a_wrong_secret_is_told_without_telling_it() -> None:
    """That a password differs is said, neither of the two passwords is."""
    (difference,) = differences(
        WANTED, ask(altered("PJSIPShowAuths", f"{LONG}-auth", Password="Letmein0123456789"))
    )
    assert (difference.object, difference.field, difference.found) == (
        f"{LONG}-auth",
        "password",
        "another one",
    )
    assert "Sesame" not in str(difference)
    assert "Letmein" not in str(difference)


def test_a_switch_that_runs_nothing_lacks_everything() -> None:
    """Errors that say nothing was found are answers: every object and every context with lines is missing."""
    found = differences(WANTED, ask({}))
    assert {one.object for one in found} == set(NAMES) - {"seatline-zt-a-open"}
    assert {one.found for one in found} == {"nothing"}


@pytest.mark.parametrize(
    ("line", "place", "wanted", "found"),
    [
        ({"Extension": "666", "Priority": "1", "Application": "Dial"}, "666,1", "nothing", "Dial()"),
        ({"Extension": "9", "Priority": "hint", "Application": "PJSIP/x"}, "9,hint", "nothing", "PJSIP/x"),
        ({"Extension": "6001", "Priority": "1", "Application": "Dial"}, "6001,1", "NoOp(x)", "Dial()"),
        ({"IncludeContext": "by-hand"}, "include", "seatline-emergency", "seatline-emergency, by-hand"),
        ({"Switch": "Realtime/x"}, "Switch Realtime/x", "nothing", "Realtime/x"),
    ],
)
def test_lines_too_many_in_our_contexts_are_named(
    line: dict[str, str], place: str, wanted: str, found: str
) -> None:
    """An extension, an include or a switch that nobody planned in one of our contexts is a difference."""
    question = "ShowDialPlan seatline-zt-a"
    shown = ask(SHOWN | {question: [*SHOWN[question], event("ListDialplan", **line)]})
    assert differences(WANTED, shown) == (Difference(DIALPLAN, "seatline-zt-a", place, wanted, found),)


def test_uninvited_users_of_what_is_ours_are_named() -> None:
    """Hand-made objects that use our AOR, line, number or endpoint are differences, told as what they are."""
    question = "PJSIPShowRegistrationsOutbound"
    shown = altered("PJSIPShowEndpoints", "by-hand", Aor=LONG) | {
        question: [
            *SHOWN[question],
            event("OutboundRegistrationDetail", ObjectName="r", Endpoint="line-zt"),
            event("OutboundRegistrationDetail", ObjectName="s", ClientUri="sip:+861@ims.example"),
            event("OutboundRegistrationDetail", ObjectName="foreign", ClientUri="sip:+862@ims.example"),
        ],
        LINE_QUESTION: [
            *SHOWN[LINE_QUESTION],
            event("IdentifyDetail", ObjectName="i", Endpoint="line-zt", Match="0.0.0.0/0.0.0.0"),
        ],
    }
    assert [str(one) for one in differences(WANTED, ask(shown))] == [
        f"{PJSIP}: [by-hand]: wanted nothing, found an endpoint that uses {LONG}",
        f"{PJSIP}: [r]: wanted nothing, found a registration for line-zt",
        f"{PJSIP}: [s]: wanted nothing, found a registration of sip:+861@ims.example",
        f"{PJSIP}: [i]: wanted nothing, found an identify that leads to line-zt",
    ]


def test_what_was_taken_away_must_not_run() -> None:
    """Objects and contexts that were deleted are differences as long as the switch runs them."""
    kept = Config({PJSIP: tuple(s for s in WANTED.files[PJSIP] if s.name != SEAT)})
    found = differences(kept, ask(SHOWN, kept, WANTED), gone=WANTED)
    assert [one.object for one in found] == [SEAT, "seatline-zt-a", "seatline-zt-a-open"]
    assert differences(Config(), ask({}, Config(), WANTED), gone=WANTED) == ()


def test_a_question_the_switch_turns_down_is_no_answer() -> None:
    """Permission denied is not an empty switch: it is raised, and the right that lacks is named."""
    denied = Reply({"Response": "Error", "Message": "Permission denied"})
    with pytest.raises(
        Refused, match=r"PJSIPShowAors: Permission denied \(the AMI user needs write=system\)"
    ):
        running([Action("PJSIPShowAors")], [denied])
    with pytest.raises(Refused, match="needs write=config"):
        running([Action("ShowDialPlan", (("Context", "x"),))], [denied])


def test_objects_that_cannot_be_read_back_are_refused() -> None:
    """A type of object the switch does not show cannot be verified."""
    config = Config({PJSIP: (Section("udp", "transport", (("bind", "127.0.0.1"),)),)})
    with pytest.raises(Malformed, match="does not show objects of type transport"):
        differences(config, Running())


def test_only_what_is_wanted_is_asked() -> None:
    """A configuration of contexts asks nothing about SIP, and nothing about [globals]."""
    contexts = Config({DIALPLAN: (*WANTED.files[DIALPLAN], Section("globals", CONTEXT, (("A", "1"),)))})
    assert {action.name for action in questions(contexts)} == {"ShowDialPlan"}
    assert differences(contexts, ask(SHOWN, contexts)) == ()
    assert questions(Config()) == ()


def test_what_a_switch_runs_is_not_printed() -> None:
    """Running holds SIP passwords and shows only how much it holds."""
    assert "Sesame" not in repr(ask(SHOWN))
    assert "Sesame" not in repr(replace(ask(SHOWN), contexts={}))
