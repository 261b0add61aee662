"""Mail to operators, through the house's own mail server."""

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from enum import StrEnum

from gateway.errors import Delay
from gateway.model.alert import Alert
from gateway.model.formats import write_instant
from gateway.model.people import Language


class MailSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Sends alerts by mail. node is how the mail's subject names this node; password is never shown."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    recipients: tuple[str, ...]
    node: str
    login: tuple[str, str] | None
    timeout: timedelta

    async def tell(self, alerts: Sequence[Alert]) -> None:
        """Send one mail about some alerts.

        Errors: Delay when the mail server does not take it.
        """
        try:
            await asyncio.to_thread(self._send, self._write(alerts))
        except (OSError, smtplib.SMTPException) as error:
            raise Delay.because(
                "mail-not-sent",
                vi="Máy chủ thư chưa nhận thư cảnh báo.",
                en="The mail server did not take the alert.",
            ) from error

    def _write(self, alerts: Sequence[Alert]) -> EmailMessage:
        message = EmailMessage()
        begun = sum(alert.cleared_at is None for alert in alerts)
        what = f"{begun} cảnh báo" if begun else "đã hết cảnh báo"
        message["Subject"] = f"[Liên Thông · {self.node}] {what}"
        message["From"], message["To"] = self.sender, ", ".join(self.recipients)
        message["Date"] = format_datetime(max(_instant(alert) for alert in alerts))
        message["Message-ID"] = make_msgid(domain="lienthong")
        message.set_content("\n\n".join(map(_sentence, alerts)) + "\n")
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


def _instant(alert: Alert) -> datetime:
    return alert.cleared_at or alert.raised_at


def _sentence(alert: Alert) -> str:
    """Say an alert in both languages, and when it began or ended."""
    at = write_instant(_instant(alert), Language.VIETNAMESE)
    vi, en = ("Đã hết", "Ended") if alert.cleared_at else ("Từ", "Since")
    return f"{vi} {at}: {alert.condition.vi}\n{en} {at}: {alert.condition.en}\n({alert.condition.rule})"
