"""What a configuration may say, and how all that is wrong with it is told at once."""

import dataclasses
from datetime import time, timedelta
from pathlib import Path

import pytest

from gateway.config import load_config, write_config
from gateway.edxml.outline import DEFAULT_LIMITS
from gateway.errors import Misconfiguration
from gateway.model.retention import PERMANENT
from gateway.setting_types import read_duration, read_size
from gateway.settings import Role

TOP = 'name = "Sở Y tế"\nagency_code = "h57.12"\nrole = "gateway"\n'
AXIS = '[axis]\nurl = "http://127.0.0.1:8280/"\nsystemid = "H57.12"\nsecret_file = "axis.secret"\n'


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """Name the configuration of a data directory in which the files of the settings lie."""
    for name in ("seal.key", "seal.pem", "secrets.key", "axis.secret"):
        (tmp_path / name).touch()
    return tmp_path / "config.toml"


def faults_of(config_file: Path, text: str) -> dict[str, str]:
    """Load text, expect it to be refused, and map each place to its rule."""
    config_file.write_text(text, "utf-8")
    with pytest.raises(Misconfiguration) as caught:
        load_config(config_file)
    assert all(fault.vi and fault.en for fault in caught.value.faults)
    return {fault.where: fault.rule for fault in caught.value.faults}


def test_three_lines_make_a_gateway(config_file: Path) -> None:
    """Everything but name, code and role has a default; paths come out absolute, codes normalised."""
    config_file.write_text(TOP + AXIS, "utf-8")
    config = load_config(config_file)
    assert config.agency_code == "H57.12"
    assert config.storage.database_file == config_file.parent / "lienthong.db"
    assert config.delivery.give_up_after == timedelta(days=5)
    assert config.axis is not None
    assert config.axis.url == "http://127.0.0.1:8280"
    assert config.axis.secret_file == config_file.parent / "axis.secret"
    assert config.answers.arrived_by_itself


def test_a_hub_leaves_status_01_to_the_gateways_below(config_file: Path) -> None:
    """The default of one setting hangs on the role; saying it decides."""
    hub = TOP.replace("gateway", "hub")
    config_file.write_text(hub, "utf-8")
    assert not load_config(config_file).answers.arrived_by_itself
    config_file.write_text(hub + "[answers]\narrived_by_itself = true\n", "utf-8")
    assert load_config(config_file).answers.arrived_by_itself


def test_a_file_saved_by_notepad_is_read(config_file: Path) -> None:
    """A byte order mark and Windows line ends are no fault of the operator."""
    config_file.write_bytes(b"\xef\xbb\xbf" + TOP.replace("\n", "\r\n").encode())
    assert load_config(config_file).name == "Sở Y tế"


def test_the_limits_are_those_the_reader_has_by_itself(config_file: Path) -> None:
    """Whoever sets nothing gets what the craft was tested with."""
    config_file.write_text(TOP, "utf-8")
    for key, limit in load_config(config_file).limits:
        assert getattr(DEFAULT_LIMITS, key) == limit


def test_all_faults_are_told_in_one_message(config_file: Path) -> None:
    """Wrong values in one table hide neither an unknown key in another nor a conflict in a third."""
    text = (
        'name = ""\nagency_code = "Sở Y tế"\nrole = "gateway"\n'
        '[http]\nport = "8280"\nbody_limit = "1 GB"\n'
        '[axis]\nurl = "axis.example.vn"\nsystemid = "a"\nsecret_file = "nowhere"\nsecret = "hush"\n'
        '[delivery]\nfirst_delay = "2h"\n'
        "[log]\ncolour = true\n"
    )
    assert faults_of(config_file, text) == {
        "name": "setting-wrong",
        "agency_code": "setting-wrong",
        "http.port": "setting-wrong",
        "http.body_limit": "setting-wrong",
        "axis.url": "setting-wrong",
        "axis.secret": "setting-unknown",
        "delivery.first_delay, delivery.longest_delay": "settings-conflict",
        "log.colour": "setting-unknown",
    }


def test_all_faults_of_one_table_are_told_in_one_message(config_file: Path) -> None:
    """A port that is none hides neither the key that is missing nor the one too many, at any depth."""
    text = TOP + (
        '"no.such" = 1\n[http]\nport = 70000\nbursts = 1\nidle_timeout = "0s"\n'
        '[axis]\nurl = "http://127.0.0.1:8280/"\npolicy = "maybe"\nsecret = "hush"\n'
        '[[audit.peers]]\norigin = "a b"\nkey = "a"\nurl = "http://127.0.0.1"\n'
    )
    assert faults_of(config_file, text) == {
        "no.such": "setting-unknown",
        "http.port": "setting-wrong",
        "http.idle_timeout": "setting-wrong",
        "http.bursts": "setting-unknown",
        "axis.systemid": "setting-missing",
        "axis.secret_file": "setting-missing",
        "axis.policy": "setting-wrong",
        "axis.secret": "setting-unknown",
        "audit.peers.0.origin": "setting-wrong",
        "audit.peers.0.certificate_file": "setting-missing",
        "audit.peers.0.key": "setting-unknown",
    }


# One setting of each kind, and what it says to a value of another.
KINDS = {
    "console.enabled": "must be true or false",
    "http.port": "must be a whole number",
    "http.requests_per_second": "must be a number",
    "http.host": "must be text in quotes",
    "storage.blobs_dir": "must be text in quotes",
    "storage.linger": "must be a duration",
    "http.body_limit": "must be a size",
    "reminders.at": "must be an hour of the day",
    "log.level": 'must be one of: "debug", "info", "warning", "error"',
    "trust.vouchers": "must be a list [...]",
    "drafts": "must be a table",
}


@pytest.mark.parametrize(
    ("value", "fitting"),
    [
        ("true", {"console.enabled"}),
        ("1", {"http.port", "http.requests_per_second"}),
        ("1.0", {"http.requests_per_second"}),
        ("inf", {"http.requests_per_second"}),
        ('"1"', {"http.host", "storage.blobs_dir"}),
        ('"5s"', {"http.host", "storage.blobs_dir", "storage.linger"}),
        ("[]", {"trust.vouchers"}),
        ("{}", {"drafts"}),
        ("2026-04-12", set()),
        ("11:30:00", set()),
    ],
)
def test_each_kind_of_setting_takes_only_its_own(config_file: Path, value: str, fitting: set[str]) -> None:
    """Nothing is guessed: true is not 1, a number in quotes is text, a date is nothing we ask for."""
    config_file.write_text(TOP + "".join(f"{key} = {value}\n" for key in KINDS), "utf-8")
    with pytest.raises(Misconfiguration) as caught:
        load_config(config_file)
    told = {fault.where: fault.en for fault in caught.value.faults}
    assert told.keys() == KINDS.keys() - fitting
    assert all(en.startswith(KINDS[where]) for where, en in told.items())


@pytest.mark.parametrize(
    ("setting", "en"),
    [
        ("http.port = 65536", "must be at most 65535"),
        ("http.port = -1", "must be at least 0"),
        ("http.workers = 0", "must be at least 1"),
        ("http.requests_per_second = nan", "must be at least 0"),
        ("delivery.jitter = 1", "must be less than 1"),
        ('http.idle_timeout = "0s"', "must be more than 0s"),
        ('http.host = ""', "must not be empty"),
        (f"http.requests_per_second = 1{'0' * 400}", "the value is not valid"),
        (f"http.burst = 0x1{'0' * 400}", "must be at most 1000000000"),
        ("deadlines.recall_answered_within_working_days = 1000", "must be at most 250"),
        ('alerts.stuck_after = "36501d"', "must be at most 36500d"),
        ('delivery.grace_at_stop = "999999d"', "must be at most 36500d"),
    ],
)
def test_a_value_beyond_its_bounds_is_told_the_bound(config_file: Path, setting: str, en: str) -> None:
    """What may be there at most or at least is said, and a number beyond all reading is no crash."""
    config_file.write_text(TOP + setting, "utf-8")
    with pytest.raises(Misconfiguration) as caught:
        load_config(config_file)
    assert [fault.en for fault in caught.value.faults] == [en]


def test_the_message_names_no_secret(config_file: Path) -> None:
    """Whoever writes a secret into the file by mistake does not find it in the log as well."""
    config_file.write_text(TOP + AXIS.replace("//", "//me:hush@") + 'secret = "hush"\n', "utf-8")
    with pytest.raises(Misconfiguration) as caught:
        load_config(config_file)
    assert {fault.where for fault in caught.value.faults} == {"axis.url", "axis.secret"}
    assert "hush" not in str([dataclasses.asdict(fault) for fault in caught.value.faults])


@pytest.mark.parametrize(
    "setting",
    [
        'database = "postgresql://me:hush@db/lienthong"',
        'database = "postgresql://me@db/lienthong?sslmode=require&password=hush"',
        'database = "postgresql://me@db/lienthong?%70assword=hush"',
        'blobs = "s3://me:hush@bucket"',
    ],
)
def test_an_address_that_bears_a_secret_is_refused_and_not_repeated(config_file: Path, setting: str) -> None:
    """Wherever in it the secret stands."""
    config_file.write_text(f"{TOP}[storage]\n{setting}\n", "utf-8")
    with pytest.raises(Misconfiguration) as caught:
        load_config(config_file)
    assert [fault.rule for fault in caught.value.faults] == ["setting-wrong"]
    assert "hush" not in str([dataclasses.asdict(fault) for fault in caught.value.faults])


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("role, axis", TOP.replace("gateway", "hub") + AXIS),
        ("http.tls_certificate_file, http.tls_key_file", TOP + '[http]\ntls_key_file = "seal.key"\n'),
        ("http.client_ca_file, http.tls_certificate_file", TOP + '[http]\nclient_ca_file = "seal.pem"\n'),
        (
            "axis.client_certificate_file, axis.client_key_file",
            TOP + AXIS.replace("http:", "https:") + 'client_key_file = "seal.key"\n',
        ),
        ("axis.url, axis.ca_file, axis.client_certificate_file", TOP + AXIS + 'ca_file = "seal.pem"\n'),
        (
            "delivery.lease, axis.connect_timeout, axis.answer_timeout",
            TOP + AXIS + 'answer_timeout = "10m"\n',
        ),
        ("storage.blobs_dir, storage.spool_dir", TOP + '[storage]\nspool_dir = "blobs"\n'),
    ],
)
def test_settings_that_cannot_stand_together_stop_the_start(config_file: Path, where: str, text: str) -> None:
    """Each impossible combination is one fault that names every key concerned."""
    assert faults_of(config_file, text) == {where: "settings-conflict"}


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("delivery.jitter", TOP + "[delivery]\njitter = 1.5\n"),
        ("delivery.lease", TOP + '[delivery]\nlease = "0s"\n'),
        ("http.requests_per_second", TOP + "[http]\nrequests_per_second = nan\n"),
        ("log.level", TOP + '[log]\nlevel = "loud"\n'),
        ("trust.vouchers.0", TOP + '[trust]\nvouchers = ["nobody"]\n'),
        ("trust", TOP + "trust = 1\n"),
        ("axis.policy", TOP + AXIS + 'policy = "maybe"\n'),
        ("answers.arrived_by_itself", TOP + '[answers]\narrived_by_itself = "yes"\n'),
        ("storage.linger", TOP + "[storage]\nlinger = 2026-04-12\n"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(config_file: Path, where: str, text: str) -> None:
    """Nothing is guessed: no number out of a string, no instant for a duration."""
    assert faults_of(config_file, text) == {where: "setting-wrong"}


def test_an_axis_without_its_secret_is_refused(config_file: Path) -> None:
    """A table that is there must be whole."""
    text = TOP + '[axis]\nurl = "https://axis.example.vn"\nsystemid = "H57.12"\n'
    assert faults_of(config_file, text) == {"axis.secret_file": "setting-missing"}


def test_every_file_that_is_not_there_is_named_by_its_key(config_file: Path) -> None:
    """The key is told, not the path: the message may be read by others than the operator."""
    for name in ("seal.key", "seal.pem", "secrets.key", "axis.secret"):
        (config_file.parent / name).unlink()
    assert faults_of(config_file, TOP + AXIS) == {
        "axis.secret_file": "file-missing",
        "trust.seal_key_file": "file-missing",
        "trust.seal_chain_file": "file-missing",
        "trust.secrets_key_file": "file-missing",
    }


def test_a_missing_file_is_not_an_empty_one(config_file: Path) -> None:
    """A mistyped path must not start a node on defaults."""
    with pytest.raises(Misconfiguration, match="config-unreadable"):
        load_config(config_file)


def test_a_slip_in_the_syntax_is_told_with_its_line(config_file: Path) -> None:
    """What is not TOML has one fault, with the place."""
    config_file.write_text(TOP + "[http\n", "utf-8")
    with pytest.raises(Misconfiguration, match=r"config-not-toml.*line 4"):
        load_config(config_file)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000 + "]" * 5000], ids=["digits", "brackets"])
def test_what_no_program_can_read_is_no_crash(config_file: Path, value: str) -> None:
    """A number of thousands of digits, lists within lists without end."""
    config_file.write_text(f"{TOP}[http]\nport = {value}\n", "utf-8")
    with pytest.raises(Misconfiguration, match="config-not-toml"):
        load_config(config_file)


def test_a_name_that_no_file_can_have_is_that_of_a_missing_file(config_file: Path) -> None:
    """Not the end of the program."""
    text = f'{TOP}[trust]\nseal_key_file = "{"x" * 5000}"\nseal_chain_file = "a\\u0000b"\n'
    assert faults_of(config_file, text) == {
        "trust.seal_key_file": "file-missing",
        "trust.seal_chain_file": "file-missing",
    }


def test_storage_in_the_place_of_what_is_no_table_is_told_so(config_file: Path) -> None:
    """Where a command says where the records go, a fault in the file is told as ever."""
    config_file.write_text(f"{TOP}storage = 5\n", "utf-8")
    with pytest.raises(Misconfiguration) as caught:
        load_config(config_file, storage={"database": "postgresql://me@db/lienthong"})
    assert [fault.where for fault in caught.value.faults] == ["storage"]


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("2ms", timedelta(milliseconds=2)),
        ("30s", timedelta(seconds=30)),
        ("5 m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("36500d", timedelta(days=36_500)),
    ],
)
def test_a_duration_is_a_number_and_its_unit(text: str, duration: timedelta) -> None:
    """Five units, one number."""
    assert read_duration(text) == duration


@pytest.mark.parametrize(("text", "size_bytes"), [("0 B", 0), ("64 KiB", 65_536), ("1GiB", 1_073_741_824)])
def test_a_size_is_a_number_and_its_unit(text: str, size_bytes: int) -> None:
    """Only the units that mean one thing."""
    assert read_size(text) == size_bytes


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-5m", "5.5m", "1h30m", "5M", "٥m", "5m\n", "1000000d", 5, None]
)
def test_anything_else_is_no_duration(text: object) -> None:
    """A number without a unit is a guess, and a wrong guess about seconds costs a day."""
    with pytest.raises(ValueError, match="must be a duration"):
        read_duration(text)


def test_what_init_writes_is_what_load_reads(config_file: Path) -> None:
    """Names with quotes, backslashes and accents come back as they went in."""
    name = 'Sở "Y tế" \\ tỉnh\tVí Dụ'
    axis = {"url": "https://axis.example.vn/a", "systemid": "H57.12", "secret_file": "axis.secret"}
    write_config(
        config_file,
        name=name,
        agency_code="H57.12",
        role=Role.GATEWAY,
        tables={"axis": axis, "http": {"port": 0}, "trust": {"vouchers": ["H57"]}},
    )
    config = load_config(config_file)
    assert (config.name, config.http.port, config.trust.vouchers) == (name, 0, ("H57",))
    assert config.axis is not None
    assert config.axis.url == axis["url"]


def test_init_writes_no_configuration_that_would_not_start(config_file: Path) -> None:
    """The faults are told before there is a file, with all of them in one message."""
    with pytest.raises(Misconfiguration) as caught:
        write_config(config_file, name="", agency_code="?", role=Role.HUB, tables={"http": {"port": -1}})
    assert {fault.where for fault in caught.value.faults} == {"name", "agency_code", "http.port"}
    assert not config_file.exists()


def test_init_never_writes_over_a_configuration(config_file: Path) -> None:
    """An operator's file is the operator's."""
    config_file.write_text("# mine\n", "utf-8")
    with pytest.raises(Misconfiguration, match="config-exists"):
        write_config(config_file, name="Sở Y tế", agency_code="H57.12", role=Role.HUB, tables={})
    assert config_file.read_text("utf-8") == "# mine\n"


def test_terms_of_retention_are_days_years_or_permanent(config_file: Path) -> None:
    """A year is 366 days, so that nothing goes too early; an agency may differ in one kind only."""
    agencies = '[[retention.agencies]]\ncode = "000.00.08.h57"\ndocuments = "20y"\n'
    config_file.write_text(TOP + '[retention]\ndocuments = "10y"\n' + agencies, "utf-8")
    retention = load_config(config_file).retention
    assert (retention.documents, retention.statuses) == (timedelta(days=3660), PERMANENT)
    (agency,) = retention.agencies
    assert (agency.code, agency.documents, agency.statuses) == (
        "000.00.08.H57",
        timedelta(days=7320),
        None,
    )


@pytest.mark.parametrize("term", ["30s", "0d", "10", "ten years", "1001y", "forever", "1.5y"])
def test_a_term_that_is_none_stops_the_start(config_file: Path, term: str) -> None:
    """Nothing is erased by a slip of the pen."""
    text = TOP + f'[retention]\ndocuments = "{term}"\n'
    assert faults_of(config_file, text) == {"retention.documents": "setting-wrong"}


def test_an_agency_has_its_terms_in_one_place(config_file: Path) -> None:
    """Twice the same code, and an unknown key: each is told where it stands."""
    one = '[[retention.agencies]]\ncode = "H57.8"\n'
    assert faults_of(config_file, TOP + one + one) == {"retention.agencies": "settings-conflict"}
    assert faults_of(config_file, TOP + one + 'keep = "1d"\n') == {
        "retention.agencies.0.keep": "setting-unknown"
    }


def test_reminders_and_reports_are_read_as_they_are_meant(config_file: Path) -> None:
    """An hour of the day, working days, mail addresses beside agency codes."""
    report = '[[reports.scheduled]]\nwhat = "nine-months"\nto = ["a@tinh.example", "h57.12"]\nat = "7:30"\n'
    config_file.write_text(TOP + '[reminders]\nat = "13:00"\nbefore = []\n' + report, "utf-8")
    config = load_config(config_file)
    assert (config.reminders.at, config.reminders.before) == (time(13), ())
    (scheduled,) = config.reports.scheduled
    assert (scheduled.to, scheduled.at, scheduled.after) == (("a@tinh.example", "H57.12"), time(7, 30), 3)
    assert scheduled.agency is None


def test_what_is_wrong_with_reminders_and_reports_is_told_at_once(config_file: Path) -> None:
    """No hour, no stage that is none, nobody who cannot be written to, no hook that is not there."""
    text = (
        '[alerts]\nwebhook_obligations = true\n[reminders]\nat = "24:00"\nbefore = [0]\nways = ["fax"]\n'
        '[[reports.scheduled]]\nwhat = "week"\nto = ["Phòng Tổng hợp"]\n'
    )
    assert faults_of(config_file, TOP + text) == {
        "alerts.webhook_obligations, alerts.webhook_urls": "settings-conflict",
        "reminders.at": "setting-wrong",
        "reminders.before.0": "setting-wrong",
        "reminders.ways.0": "setting-wrong",
        "reports.scheduled.0.what": "setting-wrong",
        "reports.scheduled.0.to.0": "setting-wrong",
    }
