"""Reads a file of named values strictly: each name once, none unknown, none missing (逐项核对)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pbx.errors import Malformed


class Reader:
    """The named values of a file, taken one by one; `finish` says what nobody asked for.

    Faults name the key. Values are shown only of keys that hold one of a few words, never of texts.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], what: str) -> None:
        self._what = what
        self._left: dict[str, str] = {}
        for key, value in pairs:
            if key in self._left:
                raise Malformed(f"{what}: {key} stands twice")
            self._left[key] = value

    def take(self, key: str) -> str:
        """The value of a key that must be there."""
        if key not in self._left:
            raise Malformed(f"{self._what}: {key} is missing")
        return self._left.pop(key)

    def optional(self, key: str) -> str | None:
        """The value of a key, None if it is not there."""
        return self._left.pop(key, None)

    def has(self, key: str) -> bool:
        """Whether the key is there, untaken."""
        return key in self._left

    def choice(self, key: str, words: Mapping[str, str]) -> str:
        """The meaning of a key whose value is one of these: the name under which `words` has the value."""
        return self.meaning(key, self.take(key), words)

    def meaning(self, key: str, value: str, words: Mapping[str, str]) -> str:
        """As choice, of a value already taken."""
        for meaning, written in words.items():
            if written == value:
                return meaning
        raise Malformed(f"{self._what}: {key} is {value!r}, which is none of {', '.join(words.values())}")

    def flag(self, key: str, yes: str = "1", no: str = "0") -> bool:
        """A key that is on or off."""
        return self.choice(key, {"on": yes, "off": no}) == "on"

    def number(self, key: str) -> int:
        """A key with a whole number."""
        value = self.take(key)
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise Malformed(f"{self._what}: {key} is no number")
        return int(value)

    def expect(self, key: str, value: str) -> None:
        """A key that always has this value."""
        if (found := self.take(key)) != value:
            raise Malformed(f"{self._what}: {key} is {found!r} and should be {value!r}")

    def empty(self, *keys: str) -> None:
        """Keys that must hold nothing: those of a port without a line."""
        for key in keys:
            if self.take(key):
                raise Malformed(f"{self._what}: {key} of a port not in use holds something")

    def finish(self) -> None:
        """Malformed if anything was not asked for."""
        if self._left:
            raise Malformed(f"{self._what}: unknown {', '.join(list(self._left)[:5])}")
