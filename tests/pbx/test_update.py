"""Writing and reading a configuration file over AMI, against a model of UpdateConfig."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.action import MOST_HEADERS, Action, Reply
from pbx.errors import Malformed, Refused
from pbx.section import CONTEXT, Section
from pbx.update import EMPTY_FILE, creation, held, held_lines, promotion, reading, staging
from pbx.written import Written

Files = dict[str, dict[str, list[tuple[str, str]]]]
"""By file and section the lines; a section's marks stand in its name, as in the file: "x(!)", "x(t)"."""
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
        options = headers.get(f"Options-{number:06}", "")
        if operation == "NewCat":
            template = options.removeprefix('inherit="').removesuffix('"')
            content[section + {"": "", "template": "(!)"}.get(options, f"({template})")] = []
        else:
            value = headers[f"Value-{number:06}"].removeprefix(">")
            findable = [name for name in content if name.partition("(")[0] == section]
            findable = [n for n in findable if not n.endswith("(!)") or "TEMPLATES=include" in options]
            content[findable[0]].append((headers[f"Var-{number:06}"], value))
        number += 1
    files[headers["DstFilename"]] = content


def given_back(content: dict[str, list[tuple[str, str]]]) -> Reply:
    """GetConfig's reply."""
    lines = []
    for number, (name, options) in enumerate(content.items()):
        bare, _, mark = name.removesuffix(")").partition("(")
        lines.append((f"Category-{number:06}", bare))
        if mark:
            heading, value = ("IsTemplate", "1") if mark == "!" else ("Templates", mark)
            lines.append((f"{heading}-{number:06}", value))
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


def test_templates_are_staged_and_read_back() -> None:
    """A template and what takes from one come back as they were meant, over several messages."""
    sections = (
        Written("t", (("type", "endpoint"), *(("set_var", f"V{n}=;") for n in range(40))), template=True),
        Written("e", template=True),
        *(Written(f"s{n}", (("aors", "1"), ("auth", "2")), inherits="e") for n in range(20)),
        Written("p", (("type", "aor"),)),
    )
    files: Files = {EMPTY_FILE: {}, "x.conf": {}}
    for action in staging("x.conf", sections):
        assert len(action.headers) <= MOST_HEADERS
        carry_out(action, files)
    assert held_lines(given_back(files["x.conf"])) == sections


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
