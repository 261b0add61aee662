"""The way to the identity provider: its session, its client, the walk of single sign-on."""

import aiohttp

from gateway.clients.oidc import Provider
from gateway.exchange.people import People
from gateway.exchange.single_sign_on import SingleSignOn
from gateway.office import Office
from gateway.wiring.tls import believing


def reach_provider(office: Office, people: People) -> SingleSignOn | None:
    """Put single sign-on together; None when it is not configured. Whoever asks closes the session."""
    settings = office.config.oidc
    if settings is None:
        return None
    tls = believing(settings.ca_file, where="oidc.ca_file")
    file = settings.client_secret_file
    provider = Provider(
        session=aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls, limit=16)),
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=None if file is None else file.read_text("utf-8").strip(),
    )
    return SingleSignOn(
        provider=provider,
        people=people,
        secrets_key=office.secrets_key,
        login_claim=settings.login_claim,
        label=settings.label,
    )
