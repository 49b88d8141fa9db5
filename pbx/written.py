"""A section as it stands in a file, perhaps a template or one that takes a template's lines (配置段写法).

`[name](!)` is a template: no object, only lines for others to take. `[name](template)` has the template's
lines before its own. Asterisk looks a template up by name in all files it reads together; the first counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from pbx.errors import Malformed
from pbx.section import CONTEXT, Section, masked


@dataclass(frozen=True, slots=True)
class Written:
    """A section with its lines as a file has them, `type` among them (落盘配置段).

    Raises Malformed for a name, option or value that Asterisk would read as something else.
    """

    name: str
    lines: tuple[tuple[str, str], ...] = ()
    template: bool = False
    inherits: str = ""

    def __post_init__(self) -> None:
        Section(self.name, CONTEXT, tuple(("kind" if k == "type" else k, v) for k, v in self.lines))
        if self.inherits:
            Section(self.inherits, CONTEXT)
        if self.template and self.inherits:
            raise Malformed(f"template [{self.name}] takes from another, which UpdateConfig loses")

    @property
    def is_context(self) -> bool:
        """Whether its lines are the dialplan's, `key => value`."""
        return not (self.template or self.inherits or any(key == "type" for key, _ in self.lines))

    def __repr__(self) -> str:
        mark = "(!)" if self.template else f"({self.inherits})" if self.inherits else ""
        lines = ", ".join(f"{key}={masked(key, value)}" for key, value in self.lines)
        return f"Written([{self.name}]{mark} {lines})"


def written(section: Section) -> Written:
    """A section written out whole."""
    kind = () if section.kind == CONTEXT else (("type", section.kind),)
    return Written(section.name, (*kind, *section.options))
