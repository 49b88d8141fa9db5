"""An .xlsx workbook checked and made anew: only its sheets, texts and styles, within bounds (xlsx文件)."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from provisioning.intake import marks as bounds
from provisioning.intake import safe_xml, xlsx_cells
from provisioning.intake.marks import Checked, Marks
from provisioning.intake.wrong import Wrong
from provisioning.intake.zip_parts import Parts, broken, packed

_RELATIONS = "_rels/.rels"
_KEPT = frozenset({"sharedStrings", "styles"})
"""The other parts that are kept, under the names that the library knows."""
_STRINGS = re.compile(rb"""<(?:[\w.-]+:)?sst(?=[\s/>])(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_COUNTS = re.compile(rb"""\s(?:uniqueCount|count)\s*=\s*(?:"[^"]*"|'[^']*')""")
_SHARED = re.compile(rb'<c [^>]*?t="s"[^>]*><v>([0-9]{1,9})</v>')

MAX_SHEETS = 200


def workbook_of(parts: Parts) -> str | None:
    """The name of the part that is the workbook; None where the file is no .xlsx workbook."""
    if _RELATIONS not in parts:
        return None
    found = _relations("", parts.read(_RELATIONS))
    path = next((path for kind, path in found.values() if kind == "officeDocument"), "")
    if path not in parts or not path.endswith(".xml"):
        return None
    return path if b"workbook" in parts.read(path)[:2000] else None


def checked(parts: Parts) -> Checked:
    """The workbook and what is marked in its sheets; raises Wrong."""
    workbook = workbook_of(parts)
    if workbook is None:
        raise broken()
    folder, _, base = workbook.rpartition("/")
    relations = f"{folder}/_rels/{base}.rels".lstrip("/")
    made = {name: parts.read(name) for name in (_RELATIONS, workbook, relations)}
    targets = _relations(folder, made[relations])
    named = _sheets(made[workbook])
    if len(named) > MAX_SHEETS:
        raise Wrong(
            "too-many-sheets",
            f"the workbook has {len(named)} sheets; at most {MAX_SHEETS} are read",
            "copy the number list alone into a new workbook",
        )
    marks: list[Marks] = []
    sheets: list[bytes] = []
    for name, relation in named:
        kind, path = targets.get(relation, ("", ""))
        if kind != "worksheet":
            marks.append(Marks(name=name))
            continue
        xml = parts.read(path, xlsx_cells.without_blanks)
        if xlsx_cells.is_unusual(xml):
            xml = parts.read(path)
            marks.append(xlsx_cells.walked(xml))
        else:
            marks.append(xlsx_cells.marked(xml))
        marks[-1].name = name
        bounds.bounded(marks)
        safe_xml.well_formed(xml)
        made[path] = xml
        sheets.append(xml)
    for kind, path in targets.values():
        if kind in _KEPT and path in parts:
            xml = parts.read(path)
            safe_xml.well_formed(xml)
            made[f"{folder}/{kind}.xml".lstrip("/")] = _STRINGS.sub(_without_counts, xml)
    _text_bounded(made.get(f"{folder}/sharedStrings.xml".lstrip("/"), b""), sheets)
    return Checked(content=packed(made), marks=tuple(marks))


def _without_counts(tag: re.Match[bytes]) -> bytes:
    """The list of texts without how many there are: the library takes so much memory at once."""
    return _COUNTS.sub(b"", tag[0])


def _relations(folder: str, relations: bytes) -> Mapping[str, tuple[str, str]]:
    """What each relation is, and to which part it leads."""
    found: dict[str, tuple[str, str]] = {}

    def started(name: str, written: Mapping[str, str]) -> None:
        if name == "Relationship":
            target = written.get("Target", "").replace("\\", "/")
            path = target if target.startswith("/") else f"{folder}/{target}"
            kind = written.get("Type", "").rpartition("/")[2]
            found[written.get("Id", "")] = (kind, posixpath.normpath(path).lstrip("/"))

    safe_xml.walk(relations, started)
    return found


def _sheets(workbook: bytes) -> Sequence[tuple[str, str]]:
    """The names of the workbook's sheets with their relations, in its order."""
    found: list[tuple[str, str]] = []

    def started(name: str, written: Mapping[str, str]) -> None:
        if name == "sheet":
            found.append((written.get("name", ""), written.get("id", "")))

    safe_xml.walk(workbook, started)
    if not found:
        raise broken()
    return found


def _text_bounded(strings: bytes, sheets: Sequence[bytes]) -> None:
    """Refuses a workbook whose few long texts stand in so many cells that nothing could hold them."""
    lengths = [len(text) for text in strings.split(b"</si>")]
    longest, cells = max(lengths), sum(sheet.count(b"<v>") for sheet in sheets)
    if longest * cells <= bounds.MAX_TEXT:
        return
    used = Counter(number for sheet in sheets for number in _SHARED.findall(sheet))
    total = sum(count * lengths[int(number)] for number, count in used.items() if int(number) < len(lengths))
    if total > bounds.MAX_TEXT:
        raise bounds.too_much_text()
