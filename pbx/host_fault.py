"""What is wrong with a whole machine, and not with one of its files."""

from __future__ import annotations


class HostFault(OSError):
    """A machine cannot be read from; `passing` where another try may succeed (主机不可达)."""

    def __init__(self, number: int, why: str, *, passing: bool = False) -> None:
        super().__init__(number, why)
        self.passing = passing
