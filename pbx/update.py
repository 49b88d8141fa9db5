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
from pbx.section import CONTEXT, Section, section_of

EMPTY_FILE = "empty-seatline.conf"
"""A file on the switch with nothing in it: a copy of it empties another file."""
MOST_OPERATIONS = 31

_Operation = tuple[tuple[str, str], ...]


def creation(file: str) -> Action:
    """Makes an empty file; the switch answers with Error when it is there already."""
    check_file_name(file)
    return Action("CreateConfig", (("Filename", file),))


def reading(file: str) -> Action:
    """Asks for a file as the switch holds it: for `held`."""
    check_file_name(file)
    return Action("GetConfig", (("Filename", file),))


def staging(file: str, sections: Iterable[Section]) -> tuple[Action, ...]:
    """The actions, in order, after which a file holds exactly these sections, whatever it held before.

    The file and EMPTY_FILE must exist. The first action begins with the content of EMPTY_FILE, so the whole
    may be repeated from the start at any time. No live file is written like this: between two of these
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
    """The sections of a file, from the switch's reply to `reading`.

    Raises Refused when the switch would not give the file, Malformed for what a Section cannot hold (a hand
    edit: a template, an empty value, ...).
    """
    if not reply.ok:
        raise Refused(f"GetConfig: {reply.message}")
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for key, value in reply.lines:
        heading, _, number = key.partition("-")
        if heading == "Category":
            found[number] = (value, [])
        elif heading == "Line" and number[:6] in found:
            name, _, content = value.partition("=")
            found[number[:6]][1].append((name, content))
        elif heading in ("Templates", "IsTemplate"):
            raise Malformed(f"section [{found[number][0]}] is or uses a template")
    return tuple(section_of(name, lines) for name, lines in found.values())


def _operations(section: Section) -> Iterator[_Operation]:
    yield (("Action", "NewCat"), ("Cat", section.name))
    mark = ">" if section.kind == CONTEXT else ""
    kind = () if section.kind == CONTEXT else (("type", section.kind),)
    for key, value in (*kind, *section.options):
        yield (("Action", "Append"), ("Cat", section.name), ("Var", key), ("Value", mark + value))


def _batches(operations: Iterable[_Operation]) -> Iterator[list[_Operation]]:
    """As many operations together as one message takes, with two headers for the files."""
    batch: list[_Operation] = []
    room = MOST_HEADERS - 2
    for operation in operations:
        if len(batch) == MOST_OPERATIONS or len(operation) > room:
            yield batch
            batch, room = [], MOST_HEADERS - 2
        batch.append(operation)
        room -= len(operation)
    if batch:
        yield batch
