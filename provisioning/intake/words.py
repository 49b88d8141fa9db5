"""The kinds of single values in a contract file: what may be written, and how it is read.

A Word reads one text to one value, or raises Wrong. It knows nothing of files and places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from provisioning.intake.text_form import CONTROL, Bare, nearest, shown
from provisioning.intake.wrong import Wrong

_OTHER_SEPARATORS = re.compile(r"[,、/|\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One kind of value. `due` names it in messages, `example` is written as it would be in the file.

    `bare` are the YAML kinds it may be written in without quotes. With `sheds_invisible` characters that
    nobody sees are left out, with `halves_width` full-width ones made half-width, each with a warning.
    """

    due: str
    example: str
    read: Callable[[str], object]
    bare: frozenset[Bare] = frozenset()
    sheds_invisible: bool = False
    halves_width: bool = False


def _text(limit: int) -> Callable[[str], object]:
    def read(text: str) -> object:
        found = CONTROL.search(text)
        if found:
            raise Wrong(
                "control-character",
                f"{shown(text)} holds the character U+{ord(found[0]):04X}, a line break or other control",
                "write it on one line, in visible characters",
            )
        if len(text) > limit:
            raise Wrong(
                "text-too-long",
                f"{shown(text)} has {len(text)} characters; at most {limit} are kept",
                "shorten it",
            )
        if not text.strip():
            raise Wrong(
                "value-missing", "there is only blank space here", "write the text, or delete the key"
            )
        return text.strip()

    return read


def _pattern(pattern: str, code: str, due: str, hint: str) -> Callable[[str], object]:
    compiled = re.compile(pattern)

    def read(text: str) -> object:
        if not compiled.fullmatch(text):
            raise Wrong(code, f"{shown(text)} is not {due}", hint)
        return text

    return read


def text(limit: int = 200) -> Word:
    """Free text on one line."""
    return Word(due="text", example="办公室", read=_text(limit), sheds_invisible=True)


def pattern(regex: str, *, code: str, due: str, example: str) -> Word:
    """Text of a fixed form."""
    return Word(due=due, example=example, read=_pattern(regex, code, due, f'write it like "{example}"'))


def one_of(*choices: str, also: Mapping[str, str] = MappingProxyType({})) -> Word:
    """One of a few words. `also` are other names, each with the word that it means."""
    listed = " | ".join(choices)

    def read(text: str) -> object:
        if text in choices or text in also:
            return also.get(text, text)
        raise Wrong("bad-choice", f"{shown(text)} is not one of {listed}", choice_hint(text, choices))

    return Word(due=f"one of {listed}", example=choices[0], read=read)


def choice_hint(text: str, choices: Sequence[str]) -> str:
    """The choice that was probably meant, else all of them."""
    close = nearest(text, choices)
    return f"did you mean {close}?" if close else f"write one of {', '.join(choices)}"


def whole(low: int, high: int) -> Word:
    """A whole number within bounds, with or without quotes."""
    due = f"a whole number from {low} to {high}"

    def read(text: str) -> object:
        if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text) or not low <= int(text) <= high:
            raise Wrong("bad-whole-number", f"{shown(text)} is not {due}", f"write {due} in digits")
        return int(text)

    return Word(
        due=due,
        example=str(max(low, 1)),
        read=read,
        bare=frozenset({"number"}),
        sheds_invisible=True,
        halves_width=True,
    )


def choice_of_whole(*choices: int) -> Word:
    """One of a few whole numbers."""
    listed = " | ".join(map(str, choices))

    def read(text: str) -> object:
        if text not in {str(choice) for choice in choices}:
            raise Wrong("bad-choice", f"{shown(text)} is not one of {listed}", f"write one of {listed}")
        return int(text)

    return Word(due=f"one of {listed}", example=str(choices[0]), read=read, bare=frozenset({"number"}))


def several(word: Word) -> Word:
    """Values of one kind in one text, separated by ";"."""

    def read(text: str) -> object:
        parts = [part.strip() for part in text.split(";")]
        return tuple(map(_one, filter(None, parts)))

    def _one(part: str) -> object:
        try:
            return word.read(part)
        except Wrong:
            pieces = [piece for piece in _OTHER_SEPARATORS.split(part) if piece]
            if len(pieces) < 2 or not all(map(_is_read, pieces)):
                raise
        written = ";".join(pieces)
        raise Wrong("bad-separator", f'{shown(part)} is not separated by ";"', f'write "{written}"')

    def _is_read(piece: str) -> bool:
        try:
            word.read(piece)
        except Wrong:
            return False
        return True

    return Word(
        due=f'{word.due}, or several separated by ";"',
        example=word.example,
        read=read,
        sheds_invisible=True,
        halves_width=True,
    )
