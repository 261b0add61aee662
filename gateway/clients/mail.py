"""Mail to operators and offices, through the house's own mail server."""

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from enum import StrEnum

from gateway.errors import Delay, Refusal
from gateway.model.alert import Alert
from gateway.model.formats import write_instant
from gateway.model.paper import Paper
from gateway.model.people import Language


class MailSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail about to be sent: plain text, perhaps with files."""

    to: tuple[str, ...]
    subject: str
    text: str
    at: datetime
    papers: Sequence[Paper] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The house's own mail server, and whom mail is from. The password in login is never shown."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    login: tuple[str, str] | None
    timeout: timedelta

    async def send(self, mail: Mail) -> None:
        """Send one mail.

        Errors: Refusal when the server will never take it for any of its recipients; Delay when it does not
        now, or takes nothing of ours.
        """
        try:
            await asyncio.to_thread(self._send, self._write(mail))
        except (OSError, smtplib.SMTPException) as error:
            raise (_refused() if _is_final(error) else _not_sent()) from error

    def _write(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = mail.subject
        message["From"], message["To"] = self.sender, ", ".join(mail.to)
        message["Date"] = format_datetime(mail.at)
        message["Message-ID"] = make_msgid(domain="lienthong")
        message.set_content(mail.text)
        for paper in mail.papers:
            kind, _, form = paper.media_type.partition(";")[0].partition("/")
            message.add_attachment(paper.content, maintype=kind, subtype=form, filename=paper.name)
        return message

    def _send(self, message: EmailMessage) -> None:
        seconds = self.timeout.total_seconds()
        if self.security is MailSecurity.TLS:
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=seconds, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=seconds)
        with server:
            if self.security is MailSecurity.STARTTLS:
                server.starttls(context=ssl.create_default_context())
            if self.login is not None:
                server.login(*self.login)
            server.send_message(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMail:
    """Sends alerts by mail. node is how the mail's subject names this node."""

    server: MailServer
    recipients: tuple[str, ...]
    node: str

    async def tell(self, alerts: Sequence[Alert]) -> None:
        """Send one mail about some alerts.

        Errors: Delay when the mail server does not take it.
        """
        try:
            await self.server.send(self._write(alerts))
        except Refusal as refusal:
            raise _not_sent() from refusal

    def _write(self, alerts: Sequence[Alert]) -> Mail:
        begun = sum(alert.cleared_at is None for alert in alerts)
        what = f"{begun} cảnh báo" if begun else "đã hết cảnh báo"
        return Mail(
            to=self.recipients,
            subject=f"[Liên Thông · {self.node}] {what}",
            text="\n\n".join(map(_sentence, alerts)) + "\n",
            at=max(_instant(alert) for alert in alerts),
        )


def _is_final(error: Exception) -> bool:
    """Tell whether it is this mail that the server will not have: its recipients, or what it says."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code // 100 == 5 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code // 100 == 5


def _refused() -> Refusal:
    return Refusal.because(
        "mail-refused",
        vi="Máy chủ thư không nhận thư gửi địa chỉ này.",
        en="The mail server does not accept this mail for its recipient.",
    )


def _not_sent() -> Delay:
    return Delay.because(
        "mail-not-sent",
        vi="Máy chủ thư chưa nhận thư.",
        en="The mail server did not take the mail.",
    )


def _instant(alert: Alert) -> datetime:
    return alert.cleared_at or alert.raised_at


def _sentence(alert: Alert) -> str:
    """Say an alert in both languages, and when it began or ended."""
    at = write_instant(_instant(alert), Language.VIETNAMESE)
    vi, en = ("Đã hết", "Ended") if alert.cleared_at else ("Từ", "Since")
    return f"{vi} {at}: {alert.condition.vi}\n{en} {at}: {alert.condition.en}\n({alert.condition.rule})"
