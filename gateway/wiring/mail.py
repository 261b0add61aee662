"""The way to the house's mail server."""

from gateway.clients.mail import MailSecurity, MailServer
from gateway.config import Config


def reach_mail_server(config: Config) -> MailServer:
    """Set up the mail server of [alerts]; nobody is called yet."""
    settings = config.alerts
    password = settings.smtp_password_file
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=MailSecurity(settings.smtp_security),
        sender=settings.mail_from,
        login=None if password is None else (settings.smtp_user, password.read_text("utf-8").strip()),
        timeout=settings.timeout,
    )
