"""Writing to a switch that says no, is busy, or is not what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from pbx.action import Action, Reply
from pbx.section import CONTEXT, Section
from provisioning.flows.errors import FlowError
from provisioning.flows.read_switch import Mark, marks
from provisioning.flows.write_switch import PJSIP, Pen, SwitchBusy

DONE = Reply({"Response": "Success"})


def no(message: str) -> Reply:
    return Reply({"Response": "Error", "Message": message})


@dataclass
class Says:
    """A switch that answers by a rule, and remembers what it was asked."""

    rule: Callable[[Action], Reply]
    asked: list[Action] = field(default_factory=list)
    waited: float = 0.0
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        self.asked.append(action)
        return self.rule(action)

    def send_all(self, actions: Iterable[Action], *, timeout: float = 10.0) -> list[Reply]:
        return [self.send(action, timeout=timeout) for action in actions]

    def close(self) -> None: ...

    def pause(self, seconds: float) -> None:
        self.waited += seconds


def test_a_reload_under_way() -> None:
    """A reload of somebody else is waited for."""
    answers = iter([no("A reload is in progress"), no("A reload is in progress"), DONE])
    switch = Says(lambda _: next(answers))
    Pen(switch=switch, pause=switch.pause).reload(PJSIP)
    assert len(switch.asked) == 3
    assert switch.waited > 0


def test_a_reload_without_end() -> None:
    """A reload that does not end is not waited for without end: try again later."""
    switch = Says(lambda _: no("A reload is in progress"))
    with pytest.raises(SwitchBusy) as fault:
        Pen(switch=switch, pause=switch.pause).reload(PJSIP)
    assert fault.value.exit_code == 75
    assert 50 < switch.waited < 70


def test_a_module_that_is_not_there() -> None:
    """A module that cannot be reloaded is named."""
    switch = Says(lambda _: no("No such module"))
    with pytest.raises(FlowError, match=r"res_pjsip.so cannot be reloaded: No such module"):
        Pen(switch=switch, pause=switch.pause).reload(PJSIP)


def test_staging_is_verified() -> None:
    """A staged file that reads back as something else is not promoted."""
    switch = Says(lambda action: DONE)  # GetConfig shows an empty file
    with pytest.raises(FlowError, match="nothing was changed"):
        Pen(switch=switch, pause=switch.pause).stage({"x.conf": (Section("a", "aor"),)})
    live = [action for action in switch.asked if ("DstFilename", "x.conf") in action.headers]
    assert not live


def test_a_series_is_emptied_to_its_end() -> None:
    """What stands in the files behind those of a series is emptied, or it would come into force with them."""
    held = {f"x-{n}.conf": ("old",) for n in (1, 2, 3, 5)}  # a hand took the fourth away

    def rule(action: Action) -> Reply:
        headers = dict(action.headers)
        if action.name == "GetConfig":
            if (file := headers["Filename"]) not in held:
                return no("Config file not found")
            names = ((f"Category-{n:06}", name) for n, name in enumerate(held[file]))
            return Reply({"Response": "Success"}, tuple(names))
        if action.name == "UpdateConfig":
            held[headers["DstFilename"]] = tuple(v for k, v in headers.items() if k.startswith("Cat-"))
        return DONE

    switch = Says(rule)
    Pen(switch=switch, pause=switch.pause).fill(lambda n: f"x-{n}.conf", [(Section("new", CONTEXT),)])
    assert held == {"x-1.conf": ("new",), "x-2.conf": (), "x-3.conf": (), "x-5.conf": ()}


def test_files_that_are_there() -> None:
    """A file that exists is not an error, one that cannot be made is."""
    switch = Says(lambda _: no("File exists"))
    Pen(switch=switch, pause=switch.pause).create(["x.conf"])
    switch.rule = lambda _: no("File requires escalated privileges")
    with pytest.raises(FlowError, match=r"x.conf cannot be created"):
        Pen(switch=switch, pause=switch.pause).create(["x.conf"])


def test_the_last_file_reloads() -> None:
    """Of several files that become live only the last one has the module reloaded."""
    switch = Says(lambda _: DONE)
    Pen(switch=switch, pause=switch.pause).promote(["a.conf", "b.conf"], module=PJSIP)
    assert [dict(action.headers).get("Reload") for action in switch.asked] == [None, PJSIP]


def test_a_file_that_cannot_be_restored() -> None:
    """The other files are restored all the same, the module is reloaded, and the first fault is told."""
    switch = Says(lambda action: no("disk full") if ("DstFilename", "a.conf") in action.headers else DONE)
    with pytest.raises(FlowError, match=r"former-a.conf cannot be copied to a.conf: disk full"):
        Pen(switch=switch, pause=switch.pause).restore(["a.conf", "b.conf"], module=PJSIP)
    assert [action.name for action in switch.asked] == ["UpdateConfig", "UpdateConfig", "Reload"]
    assert ("SrcFilename", "former-b.conf") in switch.asked[1].headers


def test_notes_of_applies_under_way() -> None:
    """A note is written beside those that are there, in one step, and taken away alone."""
    kept: list[Action] = []

    def rule(action: Action) -> Reply:
        if action.name != "GetConfig":
            kept.extend([action] if action.name == "UpdateConfig" else [])
            return DONE
        written = kept[-1].headers if kept else ()
        names = [value for key, value in written if key.startswith("Var-")]
        values = [value for key, value in written if key.startswith("Value-")]
        lines = (f"{name}={value}" for name, value in zip(names, values, strict=True))
        numbered = ((f"Line-000000-{n:06}", line) for n, line in enumerate(lines))
        return Reply({"Response": "Success"}, (("Category-000000", "applying"), *numbered))

    switch = Says(rule)
    pen = Pen(switch=switch, pause=switch.pause)
    pen.mark([Mark(site="x", digest="1", group="x")])
    pen.mark([Mark(site=site, digest="2", group="y") for site in ("y", "z")])
    assert [(one.site, one.digest, one.group) for one in marks(switch).values()] == [
        ("x", "1", "x"),
        ("y", "2", "y"),
        ("z", "2", "y"),
    ]
    pen.unmark(["y", "nosuch"])
    assert set(marks(switch)) == {"x", "z"}
    steps = len(kept)
    pen.unmark(["nosuch"])
    assert len(kept) == steps == 3
    pen.unmark(site for site in ("z", "x"))
    assert not marks(switch)


@pytest.mark.parametrize(("full", "copied"), [("", ["a.conf", "b.conf", "old.conf"]), ("a.conf", ["b.conf"])])
def test_files_that_hold_the_same_objects(full: str, copied: list[str]) -> None:
    """Files with the same objects as others follow only when those are back: twice they would void all."""
    done: list[str] = []

    def rule(action: Action) -> Reply:
        target = dict(action.headers).get("DstFilename")
        if target == full:
            return no("disk full")
        done.extend([target] if target else [])
        return DONE

    switch = Says(rule)
    pen = Pen(switch=switch, pause=switch.pause)
    if full:
        with pytest.raises(FlowError, match="disk full"):
            pen.restore(["a.conf", "b.conf"], then=["old.conf"], module=PJSIP)
    else:
        pen.restore(["a.conf", "b.conf"], then=["old.conf"], module=PJSIP)
    assert done == copied
    assert switch.asked[-1].name == "Reload"
