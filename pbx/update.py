"""How a configuration file is written and read over AMI: UpdateConfig and GetConfig as values (配置下发).

UpdateConfig takes plain values and escapes `;` itself. A value that begins with `>` becomes an object,
`key => value`, as the dialplan is written. Operations are numbered without a gap: what comes after one would
be dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pbx.action import MOST_HEADERS, Action, Reply
from pbx.config import check_file_name
from pbx.errors import Malformed, Refused
from pbx.section import Section, section_of
from pbx.written import Written, written

EMPTY_FILE = "empty-seatline.conf"
"""A file on the switch with nothing in it: a copy of it empties another file."""
_ALL = "TEMPLATES=include"
"""Without this Asterisk neither shows nor finds templates."""

_Operation = tuple[tuple[str, str], ...]


def creation(file: str) -> Action:
    """Makes an empty file; the switch answers with Error when it is there already."""
    check_file_name(file)
    return Action("CreateConfig", (("Filename", file),))


def reading(file: str) -> Action:
    """Asks for a file as the switch holds it: for `held` or `held_lines`."""
    check_file_name(file)
    return Action("GetConfig", (("Filename", file), ("Filter", _ALL)))


def staging(file: str, sections: Iterable[Section | Written]) -> tuple[Action, ...]:
    """The actions, in order, after which a file holds exactly these sections, whatever it held before.

    The file and EMPTY_FILE must exist. The first action begins with the content of EMPTY_FILE, so the whole
    may be repeated from the start at any time. No file in force is written like this: between two of these
    actions the file is a part of what it will be.
    """
    check_file_name(file)
    source, actions = EMPTY_FILE, []
    for batch in _batches(operation for section in sections for operation in _operations(section)):
        headers = [("SrcFilename", source), ("DstFilename", file)]
        for number, operation in enumerate(batch):
            headers += ((f"{key}-{number:06}", value) for key, value in operation)
        actions.append(Action("UpdateConfig", tuple(headers)))
        source = file
    return tuple(actions) or (promotion(EMPTY_FILE, file),)


def promotion(staged: str, live: str, reload: str | None = None) -> Action:
    """Copies a file over another in one step of the switch, and has a module reloaded after it.

    The switch answers before it reloads and throws the reload's result away: a read-back tells.
    """
    check_file_name(staged)
    check_file_name(live)
    after = (("Reload", reload),) if reload else ()
    return Action("UpdateConfig", (("SrcFilename", staged), ("DstFilename", live), *after))


def held(reply: Reply) -> tuple[Section, ...]:
    """The sections of a file without templates, from the switch's reply to `reading`.

    Raises Refused when the switch would not give the file, Malformed for what a Section cannot hold (a hand
    edit: a template, an empty value, ...).
    """
    return plain(held_lines(reply))


def plain(lines: Iterable[Written]) -> tuple[Section, ...]:
    """The sections of a file that has no templates. Raises Malformed where it has."""
    found = tuple(lines)
    if odd := next((one for one in found if one.template or one.inherits), None):
        raise Malformed(f"section [{odd.name}] is or uses a template")
    return tuple(section_of(one.name, one.lines) for one in found)


def held_lines(reply: Reply) -> tuple[Written, ...]:
    """The sections of a file as they are written, templates too, from the switch's reply to `reading`.

    Of one that takes from a template that has lines in the same file, those are the first of its own here.
    Raises as `held` does.
    """
    if not reply.ok:
        raise Refused(f"GetConfig: {reply.message}")
    found: list[tuple[str, list[tuple[str, str]], dict[str, str]]] = []
    for key, value in reply.lines:
        heading = key.partition("-")[0]
        if heading == "Category":
            found.append((value, [], {}))
        elif not found:
            continue
        elif heading == "Line":
            name, _, content = value.partition("=")
            found[-1][1].append((name, content))
        elif heading in ("Templates", "IsTemplate"):
            found[-1][2][heading] = value
    return tuple(
        Written(name, tuple(lines), "IsTemplate" in marks, marks.get("Templates", ""))
        for name, lines, marks in found
    )


def _operations(section: Section | Written) -> Iterator[_Operation]:
    one = written(section) if isinstance(section, Section) else section
    how = (("Options", "template"),) if one.template else ()
    if one.inherits:
        how = (("Options", f'inherit="{one.inherits}"'),)
    yield (("Action", "NewCat"), ("Cat", one.name), *how)
    mark = ">" if one.is_context else ""
    where = (("Options", f'catfilter="{_ALL}"'),) if one.template else ()
    for key, value in one.lines:
        yield (("Action", "Append"), ("Cat", one.name), ("Var", key), ("Value", mark + value), *where)


def _batches(operations: Iterable[_Operation]) -> Iterator[list[_Operation]]:
    """As many operations together as one message takes, with two headers for the files."""
    batch: list[_Operation] = []
    room = MOST_HEADERS - 2
    for operation in operations:
        if len(operation) > room:
            yield batch
            batch, room = [], MOST_HEADERS - 2
        batch.append(operation)
        room -= len(operation)
    if batch:
        yield batch
