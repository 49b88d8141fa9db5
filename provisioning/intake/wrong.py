"""A written value that is not what is due, before it is known where it stands."""

from __future__ import annotations


class Wrong(ValueError):
    """What is wrong with one value and how to mend it, before it is known where it stands."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
