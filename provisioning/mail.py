"""Sends mail by a server, with TLS unless the settings say otherwise (邮件)."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from provisioning.flows.tell_night import Message, NotTold

if TYPE_CHECKING:
    from provisioning.settings_nightly import MailSettings

SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A server, and those it is to reach. The password is in no repr."""

    settings: MailSettings
    password: str | None

    def __repr__(self) -> str:
        return f"<Mail by {self.settings.host}>"

    def send(self, message: Message) -> None:
        """Hands the mail to the server; NotTold where it does not take it for all."""
        where = f"mail by {self.settings.host}:{self.settings.port}"
        try:
            with self._session() as session:
                refused = session.send_message(self._mail(message))
        except smtplib.SMTPRecipientsRefused as fault:
            refused = fault.recipients
        except smtplib.SMTPResponseException as fault:
            raise NotTold(f"{where}: refused with {fault.smtp_code}") from None
        except (OSError, smtplib.SMTPException, ValueError) as fault:  # ValueError: text that is no ASCII
            why = fault.strerror if isinstance(fault, OSError) and fault.strerror else type(fault).__name__
            raise NotTold(f"{where}: {why}") from None
        if refused:
            raise NotTold(f"{where}: not taken for {', '.join(sorted(refused))}")

    def _session(self) -> smtplib.SMTP:
        """A session in which mail may be handed over."""
        told = self.settings
        if told.security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                told.host, told.port, timeout=SECONDS, context=self._trust()
            )
        else:
            session = smtplib.SMTP(told.host, told.port, timeout=SECONDS)
        try:
            if told.security == "starttls":
                session.starttls(context=self._trust())
            if told.user is not None:
                session.login(told.user, self.password or "")
        except BaseException:
            session.close()
            raise
        return session

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.settings.ca_file)

    def _mail(self, message: Message) -> EmailMessage:
        made = EmailMessage()
        made["From"] = self.settings.sender
        made["To"] = ", ".join(self.settings.to)
        made["Subject"] = " ".join(message.subject.split())
        made["Date"] = formatdate(localtime=False)
        made["Message-ID"] = make_msgid("seatline", self.settings.sender.partition("@")[2])
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(message.text, cte="base64")  # every server takes it
        return made
