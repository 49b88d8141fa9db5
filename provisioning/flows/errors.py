"""Faults of the outside world that a flow ends with, each with its exit code (README: exit codes)."""

from __future__ import annotations


class FlowError(Exception):
    """Ends a command with one clear message: what, where, how to mend it."""

    exit_code = 1


class LedgerUnavailable(FlowError):
    """The ledger's database cannot be reached, is busy or full: nothing was written; try again later."""

    exit_code = 75


class LedgerMissing(LedgerUnavailable):
    """There is no ledger where the settings say: to try again would not help."""

    exit_code = 1


class LedgerOutdated(FlowError):
    """The ledger's tables are older or newer than this seatline."""


class ChangedMeanwhile(FlowError):
    """Somebody else was quicker: what was looked at is not so any more. Nothing was written."""

    exit_code = 75


class LockHeld(FlowError):
    """Somebody else is at it; the message says who and since when."""

    exit_code = 6


class SourceUnreachable(FlowError):
    """A switch or a source of call records cannot be reached."""

    exit_code = 4


class RolledBack(FlowError):
    """The switch disagreed with the plan: the former configuration runs again."""

    exit_code = 5


class TooMuchChange(FlowError):
    """More than 30 % would be changed or removed, and nobody said --force."""
