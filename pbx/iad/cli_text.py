"""The text of a command line with modes: commands stand under the mode that takes them (命令行脚本)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pbx.errors import Malformed
from pbx.iad.device import plain

_Tree = dict[str, "_Tree"]
"""Commands by the mode they stand in."""
LAST = "no shutdown"
_BARE = re.compile(r"[A-Za-z0-9@._+-]+")


def quoted(text: str) -> str:
    """A word of a command, in quotation marks where it needs them."""
    return text if _BARE.fullmatch(text) else f'"{text}"'


def unquoted(word: str) -> str:
    """The opposite of quoted."""
    return word[1:-1] if word.startswith('"') else word


def lines_of(paths: Iterable[tuple[str, ...]]) -> str:
    """The script: each path is a command with the modes before it.

    Each mode stands once, where it first comes; its `no shutdown` is its last command.
    """
    tree: _Tree = {}
    for path in paths:
        place = tree
        for command in path:
            place = place.setdefault(command, {})
    lines: list[str] = []
    for command, under in tree.items():
        if lines:
            lines.append("")
        lines += [command, *_indented(under, 1)]
    return "\n".join(lines) + "\n"


def _indented(tree: _Tree, depth: int) -> Iterable[str]:
    for command, under in sorted(tree.items(), key=lambda item: item[0] == LAST):
        yield "  " * depth + command
        yield from _indented(under, depth + 1)


class Script:
    """A script read: commands are taken one by one, and `finish` says which nobody knew."""

    def __init__(self, content: bytes) -> None:
        try:
            text = content.decode("ascii")
        except UnicodeDecodeError:
            raise Malformed("the script is not ASCII") from None
        self._left: list[tuple[str, ...]] = []
        modes: list[str] = []
        for line in text.split("\n"):
            command = plain(line.strip(), "a command")
            if not command or command.startswith("#"):
                continue
            depth, odd = divmod(len(line) - len(line.lstrip(" ")), 2)
            if odd or depth > len(modes):
                raise Malformed(f"{command.split()[0]}: stands too far to the right")
            modes[depth:] = [command]
            if depth and tuple(modes[:-1]) in self._left:
                self._left.remove(tuple(modes[:-1]))
            self._left.append(tuple(modes))

    def takes(self, *path: str) -> bool:
        """Takes a command if it is there."""
        if path not in self._left:
            return False
        self._left.remove(path)
        return True

    def has(self, *modes: str) -> bool:
        """Whether there is a command in these modes."""
        return any(path[: len(modes)] == modes for path in self._left)

    def expect(self, *path: str) -> None:
        """Takes a command that must be there."""
        if not self.takes(*path):
            raise Malformed(f"the command is missing: {' / '.join(path)}")

    def all(self, modes: tuple[str, ...], pattern: str, keep: bool = False) -> list[tuple[str, ...]]:
        """Takes all commands of this form in these modes: what the groups of the pattern found."""
        found = []
        for path in list(self._left):
            if path[: len(modes)] != modes or len(path) <= len(modes):
                continue
            match = re.fullmatch(pattern, path[len(modes)])
            if match and (keep or len(path) == len(modes) + 1):
                found.append(match.groups())
                if not keep:
                    self._left.remove(path)
        return found

    def one(self, modes: tuple[str, ...], pattern: str) -> tuple[str, ...]:
        """Takes the one command of this form in these modes."""
        found = self.all(modes, pattern)
        if len(found) != 1:
            raise Malformed(f"not one command {pattern.split(' ')[0]} in {' / '.join(modes) or 'all'}")
        return found[0]

    def said_by_all(self, pattern: str, otherwise: str) -> str:
        """What all commands of this form say, in any mode, left where they are. Malformed if two differ."""
        found = {match[1] for path in self._left if (match := re.fullmatch(pattern, path[-1]))}
        if len(found) > 1:
            raise Malformed(f"{pattern.split(' ')[0]}: not everywhere the same")
        return found.pop() if found else otherwise

    def finish(self) -> None:
        """Malformed if a command was not taken."""
        if self._left:
            raise Malformed(f"unknown command: {' / '.join(words.split(' ')[0] for words in self._left[0])}")
