"""Plugs the real world into a nightly run: its turn, papers, metrics, messengers (夜间接线)."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from provisioning import settings as configuration
from provisioning import settings_secrets, wiring
from provisioning.core.cycle import SHANGHAI
from provisioning.flows.errors import FlowError, LockHeld
from provisioning.settings import Settings
from provisioning.settings_nightly import MailSettings, NightlySettings, WebhookSettings, is_url
from provisioning.settings_switch import SwitchSettings
from provisioning.settings_table import SettingsWrong

if TYPE_CHECKING:
    from types import TracebackType

    from provisioning.flows.find_recordings import RecordingBook
    from provisioning.flows.keep_nights import NightBook, NightRun, Turn
    from provisioning.flows.night_figures import FigureBook
    from provisioning.flows.ports import Ledger
    from provisioning.flows.reconcile_sources import Witnesses
    from provisioning.flows.retain_records import RetentionBook
    from provisioning.flows.tell_night import Message, Messenger

BEAT = 60.0
"""Seconds between two signs of life."""
_GOOD = (0, 3)
"""How a night ends in which no step failed."""
REPORT_NAME = re.compile(r"nightly-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{6}\.(html|json|txt)")

if TYPE_CHECKING:

    class Book(Ledger, NightBook, FigureBook, RecordingBook, Witnesses, RetentionBook, Protocol):
        """The ledger, for all that a night needs of it."""

        def __enter__(self) -> Self: ...

        def __exit__(
            self,
            kind: type[BaseException] | None,
            fault: BaseException | None,
            trace: TracebackType | None,
            /,
        ) -> None: ...


def open_book(settings: Settings) -> Book:
    """The ledger; an empty one is made where there is none."""
    from provisioning.store.ledger import open_ledger

    return open_ledger(settings.database_url, create=True)


@contextmanager
def turn(book: NightBook) -> Iterator[Turn]:
    """A nightly run that is ours while it lasts, with a sign of life each minute; LockHeld names another's
    owner and time."""
    from provisioning.flows import keep_nights
    from provisioning.flows.lock_switch import Owner

    owner = Owner(
        who=wiring.who(), host=wiring.machine(), pid=wiring.process_id(), token=secrets.token_hex(8)
    )
    with keep_nights.turn(book, owner, wiring.now, wiring.is_alive) as ours:
        over = threading.Event()
        heart = threading.Thread(target=_beat, args=(book, ours.run, over), name="sign of life", daemon=True)
        heart.start()
        try:
            yield ours
        finally:
            over.set()
            heart.join()


def _beat(book: NightBook, run: NightRun, over: threading.Event) -> None:
    while not over.wait(BEAT):
        with suppress(FlowError):  # the ledger is busy or out of reach: the steps say so themselves
            book.renew_night(run.id, at=wiring.now())


def still_ours(book: NightBook, run: NightRun) -> None:
    """LockHeld where somebody took this run for dead and began one of his own; a ledger out of reach says
    nothing."""
    try:
        ours = book.renew_night(run.id, at=wiring.now())
    except FlowError:
        return
    if not ours:
        raise LockHeld(
            "this run gave no sign of life for a quarter of an hour and somebody else has taken over; "
            "nothing is lost, the rest of the night is his"
        )


def count_calls(settings: Settings, ledger: Ledger) -> Mapping[str, Callable[[], Mapping[str, int]]]:
    """Asks each switch that has sources of records how many calls it has counted."""
    from provisioning.flows.hear_silence import counted_calls

    sites = sorted(wiring.recorded_sites(ledger) - wiring.sites_without_switch(ledger))

    def asking(switch: SwitchSettings) -> Callable[[], Mapping[str, int]]:
        def asked() -> Mapping[str, int]:
            ami = wiring.connect(switch)
            try:
                return counted_calls(ami, [site for site in sites if switch.serves(site)])
            finally:
                ami.close()

        return asked

    return {one.name: asking(one) for one in settings.switches.values() if one.records}


def publish(settings: Settings, report: Mapping[str, Any], book: NightBook | None) -> list[str]:
    """Writes the report's papers and the metrics, and tells whoever is to be told; what could not be done,
    and why. None of it keeps the others from being done."""
    told = settings.nightly
    wrong: list[str] = []
    for work in (
        lambda: _write_papers(told, report),
        lambda: _write_metrics(told, report, book),
        lambda: _tell(told, report),
    ):
        try:
            wrong.extend(work() or ())
        except FlowError as fault:
            wrong.append(str(fault))
    return wrong


def _write_papers(told: NightlySettings, report: Mapping[str, Any]) -> None:
    """The report as text, page and JSON, for their owner only; those whose time is over go."""
    if told.reports is None:
        return
    import json

    from provisioning.documents import new_file, night_report

    began = datetime.fromisoformat(report["began"])
    papers = {
        "txt": night_report.as_text(report, told.language).encode(),
        "html": night_report.as_page(report, told.language),
        "json": (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode(),
    }
    try:
        told.reports.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise FlowError(f"{told.reports}: reports cannot be kept there: {fault.strerror}") from None
    for ending, content in papers.items():
        file = told.reports / f"nightly-{began:%Y-%m-%d-%H%M%S}.{ending}"
        new_file.write(file, content, replace=True, mode=0o600)
    _remove_old(told.reports, began - timedelta(days=told.keep_days))


def _remove_old(folder: Path, until: datetime) -> None:
    """Removes papers of ours from before that day, and nothing else."""
    for file in sorted(folder.iterdir()):
        if REPORT_NAME.fullmatch(file.name) and file.name[8:18] < f"{until:%Y-%m-%d}":
            with suppress(FileNotFoundError):
                file.unlink()


def _write_metrics(told: NightlySettings, report: Mapping[str, Any], book: NightBook | None) -> None:
    if told.metrics is None:
        return
    from provisioning.documents import metrics, new_file

    last_good = datetime.fromisoformat(report["ended"]) if report["code"] in _GOOD else None
    if last_good is None and book is not None:
        with suppress(FlowError):
            last_good = book.last_good_night()
    content = metrics.metrics(report, last_good=last_good)
    new_file.write(told.metrics, content, replace=True, mode=0o644)


def metrics_now(settings: Settings) -> bytes:
    """The metrics as /metrics answers them: of the last night, and whether one is under way."""
    from provisioning.documents.metrics import metrics
    from provisioning.store.ledger import open_ledger

    with open_ledger(settings.database_url, create=False) as book:
        last, under_way = book.last_night(), book.night_under_way()
        return metrics(
            None if last is None else last.document,
            last_good=book.last_good_night(),
            under_way=None if under_way is None else under_way.began,
        )


def _tell(told: NightlySettings, report: Mapping[str, Any]) -> list[str]:
    from provisioning.flows.tell_night import is_wanted, tell

    if not is_wanted(report, told.tell):
        return []
    ways: list[Messenger] = []
    wrong: list[str] = []
    for make in _messengers(told):
        try:
            ways.append(make())
        except FlowError as fault:  # its secret is missing: the other one is told all the same
            wrong.append(str(fault))
    return [*wrong, *(tell(_message(report, told.language), ways, time.sleep) if ways else ())]


def _message(report: Mapping[str, Any], language: str) -> Message:
    from provisioning.documents import night_report
    from provisioning.flows.tell_night import Message, brief

    return Message(
        subject=night_report.subject(report, language),
        text=night_report.as_text(report, language, brief=True),
        document=brief(report),
    )


def _messengers(told: NightlySettings) -> Iterator[Callable[[], Messenger]]:
    mail, webhook = told.mail, told.webhook
    if mail is not None:
        yield lambda: _mail(mail)
    if webhook is not None:
        yield lambda: _webhook(webhook)


def _mail(told: MailSettings) -> Messenger:
    from provisioning.mail import Mail

    return Mail(settings=told, password=mail_password(told))


def mail_password(told: MailSettings) -> str | None:
    """SEATLINE_MAIL_PASSWORD first, then password_file; None where no user is named."""
    if told.user is None:
        return None
    return _secret(told.password_file, "[nightly.mail]", "SEATLINE_MAIL_PASSWORD", "password_file")


def _webhook(told: WebhookSettings) -> Messenger:
    from provisioning.webhook import Webhook

    at = "[nightly.webhook]"
    url = told.url or _secret(told.url_file, at, "SEATLINE_WEBHOOK_URL", "url_file")
    if not is_url(url):
        raise SettingsWrong(f"{at} url_file holds no address like https://alerts.example.net/seatline")
    secret = None
    if told.secret_file is not None:
        secret = _secret(told.secret_file, at, "SEATLINE_WEBHOOK_SECRET", "secret_file")
    return Webhook(url=url, manner=told.manner, secret=secret, ca_file=told.ca_file)


def _secret(file: Path | None, whose: str, variable: str, key: str) -> str:
    return settings_secrets.nightly_secret(file, whose, variable, configuration.environment(), key=key)


def stamp(moment: datetime) -> str:
    """An instant by the clocks in Shanghai, with its zone."""
    return moment.astimezone(SHANGHAI).isoformat("T", "seconds")


def report_of(
    document: Mapping[str, Any],
    figures: Mapping[str, Any],
    *,
    began: datetime,
    ended: datetime,
    since: datetime | None,
    broken: Sequence[NightRun] = (),
    nights: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The whole report for programs, as --json prints it and the papers are made from."""
    return {
        "began": stamp(began),
        "ended": stamp(ended),
        "by": wiring.who(),
        "since": None if since is None else stamp(since),
        "broken_off": [str(run) for run in broken],
        "nights": list(nights),
        **document,
        **figures,
    }
