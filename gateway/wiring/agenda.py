"""What finds who is to be reminded, put together: for the server, and for who wants to see it before."""

from functools import partial

from gateway.config import Config
from gateway.deadlines.reminders import ReminderRules
from gateway.exchange.agenda import Agenda, Way
from gateway.exchange.directory import Directory
from gateway.exchange.working_days import load_working_calendar
from gateway.store.database import Database


def furnish_agenda(config: Config, database: Database, directory: Directory) -> Agenda:
    """Make what finds who is to be reminded."""
    settings, alerts = config.reminders, config.alerts
    set_up = {Way.DOCUMENT: True, Way.MAIL: bool(alerts.mail_to), Way.WEBHOOK: bool(alerts.webhook_urls)}
    return Agenda(
        database=database,
        directory=directory,
        calendar=partial(load_working_calendar, database, config.deadlines.noon),
        rules=ReminderRules(
            kinds=frozenset(settings.kinds),
            at=settings.at,
            before=settings.before,
            on_the_day=settings.on_the_day,
            after=settings.after,
            then_every=settings.then_every,
            escalate_after=settings.escalate_after,
        ),
        ways=frozenset(way for way in Way if way in settings.ways and set_up[way]),
        everybody=settings.agencies == "all",
        own=config.agency_code,
        axis_is_open=config.axis is not None,
    )
