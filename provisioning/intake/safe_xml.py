"""Walks through XML that a stranger wrote: no document type, no entities, nothing fetched (安全读XML)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from xml.parsers import expat

from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import broken

Started = Callable[[str, Mapping[str, str]], None]


def well_formed(content: bytes) -> None:
    """Raises Wrong where the XML is not: a library that trusts it to be may never come to its end."""
    _parse(_parser(), content)


def walk(
    content: bytes,
    started: Started,
    ended: Callable[[str], None] | None = None,
    said: Callable[[str], None] | None = None,
) -> None:
    """Tells of each element by its name without prefix, its attributes likewise, and of its text."""
    parser = _parser()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, written: started(
        _local(name), {_local(key): value for key, value in written.items()}
    )
    if ended is not None:
        parser.EndElementHandler = lambda name: ended(_local(name))
    parser.CharacterDataHandler = said
    _parse(parser, content)


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _parse(parser: expat.XMLParserType, content: bytes) -> None:
    try:
        parser.Parse(content, True)
    except Wrong:
        raise
    except (expat.ExpatError, ValueError, LookupError) as fault:
        raise broken() from fault


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*_: object) -> None:
    raise Wrong(
        "workbook-broken",
        "the workbook declares a document type, which no spreadsheet program writes",
        "open it in the spreadsheet program and save it as a new .xlsx",
    )
