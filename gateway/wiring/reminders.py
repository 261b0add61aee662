"""What the node tells by itself, put together: reminders, what changed of what is owed, reports."""

import asyncio

import aiohttp

from gateway.deadlines.counts import Period
from gateway.deadlines.periods import write_period
from gateway.exchange.agenda import Way
from gateway.exchange.announcing import Announcing, News
from gateway.exchange.own_documents import OwnDocuments
from gateway.exchange.posting import Posting
from gateway.exchange.reminder_mail import ReminderMail
from gateway.exchange.reminding import Reminding
from gateway.exchange.reporting import Question, Reporting
from gateway.exchange.scheduled_reports import MakeReport, Schedule, ScheduledReports
from gateway.exchange.worker import Round
from gateway.model.identifiers import AgencyCode
from gateway.model.node import Duty
from gateway.model.package import Organization
from gateway.model.paper import Paper
from gateway.model.report import Report
from gateway.office import Clock, Office, letterhead_of
from gateway.web.console.spreadsheets import XLSX_TYPE
from gateway.wiring.agenda import furnish_agenda
from gateway.wiring.alerts import reach_webhooks
from gateway.wiring.files import package_limits
from gateway.wiring.late_papers import write_report_pdf, write_report_xlsx
from gateway.wiring.mail import reach_mail_server


def reminder_rounds(
    office: Office, posting: Posting, session: aiohttp.ClientSession | None, clock: Clock
) -> list[Round]:
    """Make the rounds. session is what webhooks are called through."""
    config = office.config
    documents = OwnDocuments(
        notary=office.notary,
        posting=posting,
        gateway=Organization(code=config.agency_code, name=config.name),
        axis_is_open=config.axis is not None,
        limits=package_limits(config),
    )
    agenda = furnish_agenda(config, office.database, office.directory)
    news = {News.REMINDER: Way.WEBHOOK in agenda.ways, News.OBLIGATION: config.alerts.webhook_obligations}
    announcing = Announcing(
        database=office.database,
        webhooks=reach_webhooks(config, session, clock),
        news=frozenset(each for each, wanted in news.items() if wanted),
    )
    reminding = Reminding(
        database=office.database,
        agenda=agenda,
        notary=office.notary,
        documents=documents,
        print_report=_print_reminder,
        node=config.name,
        clock=clock,
    )
    mail = ReminderMail(
        database=office.database,
        agenda=agenda,
        mail_server=reach_mail_server(config),
        node=config.name,
        clock=clock,
    )

    async def remind() -> bool:
        await announcing.begin()  # or the first reminder might come before the place it is told from
        return await reminding.look()

    return [
        Round(every=config.reminders.every, make=remind, duty=Duty.REMINDERS),
        Round(every=config.reminders.every, make=mail.look, duty=Duty.REMINDERS),
        Round(every=config.alerts.every, make=announcing.look, duty=Duty.REMINDERS),
        *_report_rounds(office, documents, clock),
    ]


def _report_rounds(office: Office, documents: OwnDocuments, clock: Clock) -> list[Round]:
    settings = office.config.reports
    if not settings.scheduled:
        return []
    reports = ScheduledReports(
        database=office.database,
        directory=office.directory,
        notary=office.notary,
        documents=documents,
        mail_server=reach_mail_server(office.config),
        make=furnish_reports(office, clock),
        calendar=office.working_days.current,
        schedules=[
            Schedule(span=each.what, agency=each.agency, to=each.to, after=each.after, at=each.at)
            for each in settings.scheduled
        ],
        node=office.config.name,
        clock=clock,
    )
    return [Round(every=settings.every, make=reports.look, duty=Duty.REMINDERS)]


def _print_reminder(report: Report) -> Paper:
    return Paper(
        name=f"nhac-viec-{report.made_on:%Y-%m-%d}.pdf",
        media_type="application/pdf",
        content=write_report_pdf(report),
    )


def furnish_reports(office: Office, clock: Clock) -> MakeReport:
    """Make what makes the reports that go out: each as a PDF to read and a workbook to calculate with."""
    reporting = Reporting(
        database=office.database,
        directory=office.directory,
        notary=office.notary,
        own_code=office.config.agency_code,
        letterhead=letterhead_of(office.config),
        clock=clock,
    )

    async def make(period: Period, agency: AgencyCode | None) -> list[Paper]:
        question = Question(period=period, agencies=None if agency is None else [agency], issuer=agency)
        report = (await reporting.tell(question)).report
        name = f"Bao cao {write_period(period)}"
        pdf, workbook = await asyncio.gather(
            asyncio.to_thread(write_report_pdf, report), asyncio.to_thread(write_report_xlsx, report)
        )
        return [
            Paper(name=f"{name}.pdf", media_type="application/pdf", content=pdf),
            Paper(name=f"{name}.xlsx", media_type=XLSX_TYPE, content=workbook),
        ]

    return make
