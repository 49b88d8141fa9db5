"""The bytes of a contract file as text: UTF-8, of bearable size, without control characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioning.core.problem import Place, Problem

MAX_BYTES = 512 * 1024
MAX_LINE = 32 * 1024

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class Broken(Exception):
    """Reading cannot go on; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def decoded(file: str, content: bytes) -> str:
    """The text of a contract file within the limits of size; raises Broken."""
    if len(content) > MAX_BYTES:
        raise Broken(
            Problem(
                code="file-too-large",
                message=f"the file is larger than {MAX_BYTES} bytes, the most a contract file may have",
                hint="keep the number rows in a sheet and name it under site.numbers",
                place=Place(file=file),
            )
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        before = content[: fault.start].decode("utf-8", errors="replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        raise Broken(
            Problem(
                code="not-utf8",
                message=f"the file is not UTF-8: byte {content[fault.start]:#04x} cannot stand here",
                hint="save the file as UTF-8 (in Notepad: Save as, Encoding UTF-8)",
                place=Place(file=file, line=line, column=column),
            )
        ) from fault
    for number, line_text in enumerate(text.split("\n"), start=1):
        if len(line_text) > MAX_LINE:
            raise Broken(
                Problem(
                    code="line-too-long",
                    message=f"line {number} has {len(line_text)} characters; at most {MAX_LINE} are read",
                    hint="break the line, or keep the number rows in a sheet",
                    place=Place(file=file, line=number, column=1),
                )
            )
    return text


def forbidden(file: str, text: str) -> Iterator[Problem]:
    """The first control character of each line that has one, of the first hundred such lines."""
    if not _FORBIDDEN.search(text):
        return
    found = 0
    for number, line in enumerate(text.split("\n"), start=1):
        match = _FORBIDDEN.search(line)
        if match is None:
            continue
        yield Problem(
            code="control-character",
            message=f"the character U+{ord(match[0]):04X} cannot stand in a contract file",
            hint="delete it; it may be invisible in the editor",
            place=Place(file=file, line=number, column=match.start() + 1),
        )
        found += 1
        if found == 100:
            return
