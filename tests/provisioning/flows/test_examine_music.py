"""doctor tells where callers would hear nothing in the place of music."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from pbx.action import Action, Reply
from provisioning.flows.examine_music import examine_music


@dataclass
class Fake:
    sections: tuple[str, ...]
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        assert action.headers == (("Filename", "musiconhold.conf"),)
        lines = tuple((f"Category-{n:06}", name) for n, name in enumerate(self.sections))
        return Reply(fields={"Response": "Success"}, lines=lines)


OF_SITE = ("seatline-zhaotong-ringback", "seatline-zhaotong-waiting")


@pytest.mark.parametrize(
    ("sections", "verdict", "says"),
    [
        (("general",), "bad", r"write a section \[seatline-waiting\]"),
        (("general", "seatline-waiting"), "bad", "ringback tone of zhaotong is silence: write #tryinclude"),
        (("general", "seatline-waiting", *OF_SITE), "ok", "of 1 site"),
    ],
)
def test_a_class_that_is_missing_is_named(sections, verdict, says):
    """Without our section, or without the include line, doctor says what to write and where."""
    found = examine_music(Fake(sections), ["zhaotong"])  # type: ignore[arg-type]
    assert found.verdict == verdict
    assert re.search(says, found.text)
