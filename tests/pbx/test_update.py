"""Writing and reading a configuration file over AMI, against a model of UpdateConfig."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.action import MOST_HEADERS, Action, Reply
from pbx.errors import Malformed, Refused
from pbx.section import CONTEXT, Section
from pbx.update import EMPTY_FILE, MOST_OPERATIONS, creation, held, promotion, reading, staging

Files = dict[str, dict[str, list[tuple[str, str]]]]
VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).filter(
    lambda text: text.strip(" ") == text and text[0] != ">"
)
SECTIONS = st.lists(
    st.builds(
        Section,
        st.from_regex(r"[a-z]{1,3}", fullmatch=True),
        st.sampled_from([CONTEXT, "endpoint"]),
        st.lists(st.tuples(st.sampled_from(["exten", "allow"]), VALUES), max_size=60).map(tuple),
    ),
    max_size=4,
    unique_by=lambda section: section.name,
).map(tuple)


def carry_out(action: Action, files: Files) -> None:
    """UpdateConfig as Asterisk does it: copies the source, follows the numbers up to the first gap, saves."""
    headers = dict(action.headers)
    assert action.name == "UpdateConfig"
    assert len(headers) == len(action.headers)
    content = {name: list(lines) for name, lines in files[headers["SrcFilename"]].items()}
    number = 0
    while operation := headers.get(f"Action-{number:06}"):
        section = headers[f"Cat-{number:06}"]
        if operation == "NewCat":
            content[section] = []
        else:
            value = headers[f"Value-{number:06}"].removeprefix(">")
            content[section].append((headers[f"Var-{number:06}"], value))
        number += 1
    assert number <= MOST_OPERATIONS
    files[headers["DstFilename"]] = content


def given_back(content: dict[str, list[tuple[str, str]]]) -> Reply:
    """GetConfig's reply."""
    lines = []
    for number, (name, options) in enumerate(content.items()):
        lines.append((f"Category-{number:06}", name))
        lines += [(f"Line-{number:06}-{n:06}", f"{key}={value}") for n, (key, value) in enumerate(options)]
    return Reply({"Response": "Success"}, tuple(lines))


@given(SECTIONS)
def test_a_staged_file_holds_exactly_what_was_meant(sections: tuple[Section, ...]) -> None:
    """Whatever the file held before, after staging it is read back as the sections it should hold."""
    files: Files = {EMPTY_FILE: {}, "staged-x.conf": {"old": [("type", "aor")]}}
    actions = staging("staged-x.conf", sections)
    for action in actions:
        carry_out(action, files)
        assert len(action.headers) <= MOST_HEADERS
    assert held(given_back(files["staged-x.conf"])) == sections
    assert files[EMPTY_FILE] == {}
    for action in actions:
        carry_out(action, files)
    assert held(given_back(files["staged-x.conf"])) == sections


def test_dialplan_lines_travel_as_objects() -> None:
    """A line of a context is sent with > before it, so that it is written as exten => ..."""
    (action,) = staging("staged-x.conf", [Section("zt", CONTEXT, (("exten", "6001,1,NoOp()"),))])
    assert dict(action.headers)["Value-000001"] == ">6001,1,NoOp()"


def test_promotion_copies_and_reloads_in_one_action() -> None:
    """A file is copied over the live one, and the module is reloaded, with no edit between."""
    assert promotion("staged-x.conf", "x.conf", "res_pjsip.so") == Action(
        "UpdateConfig",
        (("SrcFilename", "staged-x.conf"), ("DstFilename", "x.conf"), ("Reload", "res_pjsip.so")),
    )
    assert staging("x.conf", ()) == (promotion(EMPTY_FILE, "x.conf"),)


@pytest.mark.parametrize("file", ["../manager.conf", "/etc/passwd", "x"])
def test_no_action_leaves_the_configuration_folder(file: str) -> None:
    """A file name that is not a plain one is refused before anything is sent."""
    for act in (creation, reading, lambda name: staging(name, ()), lambda name: promotion("x.conf", name)):
        with pytest.raises(Malformed):
            act(file)


def test_a_file_that_is_not_given_out_is_no_empty_file() -> None:
    """An Error in the place of a file's content is raised, with the switch's reason."""
    with pytest.raises(Refused, match="Config file not found"):
        held(Reply({"Response": "Error", "Message": "Config file not found"}))


def test_a_hand_made_template_is_not_read_over() -> None:
    """A section that is a template cannot be held, and is named."""
    lines = (("Category-000000", "x"), ("IsTemplate-000000", "1"), ("Line-000000-000000", "type=aor"))
    with pytest.raises(Malformed, match=r"\[x\] is or uses a template"):
        held(Reply({"Response": "Success"}, lines))
