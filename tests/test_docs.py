"""The pages' promises: figures are the code's tables, names are in the code, what can be typed is run.

``python -m tests.test_docs`` prints the table of rules for docs/package.md as the code has it now.
"""

import ast
import asyncio
import io
import json
import os
import re
import shlex
import shutil
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import get_args

import click
import pytest

from gateway.cli.root import lienthong
from gateway.config import Config
from gateway.edxml import document_header, shared_parts
from gateway.edxml.faults import RULES
from gateway.edxml.outline import DEFAULT_LIMITS
from gateway.errors import Refusal
from gateway.exchange.duty_list import COLUMNS, VIETNAMESE
from gateway.exchange.words import EVENTS
from gateway.model.answer import MAY_FOLLOW, PROGRESS
from gateway.model.dispatch import MOVES, State
from gateway.model.evidence import CORROBORATES, REASONS, RUNGS, EvidenceType, Reason
from gateway.model.log import SIGNED_KINDS, LogKind
from gateway.model.signature import Grade, SignaturePolicy
from gateway.model.text import fold
from gateway.sandbox.nation.presets import PRESETS
from gateway.settings import Http
from gateway.trust import xml_verification
from gateway.trust.policy import CONSEQUENCES
from gateway.vxp.answers import REFUSALS, ErrorCode
from gateway.web.problems import API_STATUSES, VXP_CODES, vxp_code
from tests.packages import Sent, document
from tests.programs import give_token
from tests.walks.duties_kit import day, hands
from tests.walks.world import FINANCE, HEALTH, PROVINCE, Node, prepare_node

ROOT = Path(__file__).parent.parent
GATEWAY = ROOT / "gateway"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """The part of a page under one heading, up to the next of its rank."""
    found = re.search(rf"^(#+) {re.escape(heading)}.*?\n(.*?)(?=^\1 |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[2]


def rows(text: str) -> list[list[str]]:
    """The cells of every table line of a text, rules between headings and bodies left out."""
    lines = [
        line for line in text.splitlines() if line.startswith("|") and not re.match(r"^\|[-:| ]+\|$", line)
    ]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def block(text: str, language: str, holding: str) -> str:
    """The one code block of a language that holds a text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (found,) = [code for code in blocks if holding in code]
    return str(found)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def calls(*rooms: str) -> Iterator[tuple[str, ast.AST, ast.Call]]:
    """Every call that says something: its file, the function around it, itself."""
    for room in rooms:
        for path in sorted((GATEWAY / room).glob("*.py")):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    for call in ast.walk(node):
                        if isinstance(call, ast.Call) and (call.args or call.keywords):
                            yield path.name, node, call


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def constants(node: ast.AST) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


# -- simulator.md -------------------------------------------------------------------------------------


def test_the_presets_are_those_that_can_be_asked_for() -> None:
    """Each with what it reproduces."""
    told = [(names_in(row[0])[0], row[1]) for row in rows(section(page("simulator.md"), "Presets"))[1:]]
    assert sorted(told) == sorted((name, preset.en) for name, preset in PRESETS.items())


# -- flow.md ------------------------------------------------------------------------------------------


def test_the_figure_of_a_dispatchs_life_is_the_table_it_is_moved_by() -> None:
    """Every arrow is a move of model.dispatch.MOVES, and every move has its arrow."""
    figure = block(page("flow.md"), "mermaid", "stateDiagram")
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (\w+)$", figure, re.MULTILINE))
    assert drawn == {(state, after, event) for event, (state, after) in MOVES.items()}
    assert re.findall(r"\[\*\] --> (\w+)", figure) == [State.WAITING]
    ends = set(State) - {state for state, _ in MOVES.values()}
    assert set(re.findall(r"(\w+) --> \[\*\]", figure)) == ends


def test_the_table_of_answers_is_the_one_that_is_enforced() -> None:
    """What may follow what, and how far along each word is."""
    text = section(page("flow.md"), "Answers (trạng thái xử lý)")
    told = {after: set(may.split(", ")) for after, may in rows(text)[1:]}
    assert told == {
        code or "nothing": {str(may) for may in following} for code, following in MAY_FOLLOW.items()
    }
    (order,) = re.findall(r"moves along ([\d <]+) \(", text)
    assert order.split(" < ") == sorted(PROGRESS, key=PROGRESS.__getitem__)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_function_a_page_names_is_in_that_file(path: Path) -> None:
    """``room/file.py:name`` is a place one can go to."""
    missing = []
    for file, dotted in re.findall(r"`([a-z_/]+\.py):([A-Za-z_.]+)`", path.read_text("utf-8")):
        scope: list[ast.stmt] = parsed(GATEWAY / file).body
        for name in dotted.split("."):
            found = [node for node in scope if name in _defined(node)]
            if not found:
                missing.append(f"{file}:{dotted}")
                break
            scope = getattr(found[0], "body", [])
    assert missing == []


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign):
        return [node.target.id] if isinstance(node.target, ast.Name) else []
    return [getattr(node, "name", "")]


# -- log-events.md ------------------------------------------------------------------------------------


def test_the_log_says_what_its_page_lists() -> None:
    """Every kind in its order, with its Vietnamese name, and whether it is signed."""
    told = [
        (names_in(row[0])[0], row[1], row[2]) for row in rows(section(page("log-events.md"), "The kinds"))[1:]
    ]
    signed = {True: "yes", False: "no"}
    assert told == [(kind.value, EVENTS[kind][0], signed[kind in SIGNED_KINDS]) for kind in LogKind]


def test_every_statement_has_the_members_its_page_lists_and_no_others() -> None:
    """Gathered from each call that writes an entry."""
    written: dict[str, set[str]] = defaultdict(set)
    own = {
        "package_id": "package",
        "dispatch_id": "dispatch",
        "system_id": "system",
        "thread_id": "",
        "at": "",
    }
    for _, function, call in calls("exchange"):
        if called(call) == "entry":
            for kind in _alternatives(call.args[0], function):
                written[LogKind[kind].value] |= {
                    own.get(word.arg or "", word.arg or "") for word in call.keywords
                }
    text = page("log-events.md")
    told = {names_in(row[0])[0]: set(names_in(row[5])) for row in rows(section(text, "The kinds"))[1:]}
    assert told == {kind: members - {""} for kind, members in written.items()}
    explained = {name for row in rows(section(text, "The members"))[1:] for name in names_in(row[0])}
    assert set().union(*told.values()) <= explained


def test_every_act_of_administration_is_on_its_page() -> None:
    """Each with its details."""
    written: dict[str, set[str]] = defaultdict(set)
    for _, function, call in calls("exchange"):
        if called(call) == "_entry":
            for act in _alternatives(call.args[0], function):
                written[act] |= {str(word.arg) for word in call.keywords} - {"by", "at"}
    told = {
        names_in(row[0])[0]: set(names_in(row[1]))
        for row in rows(section(page("log-events.md"), "The members"))
        if len(row) == 2 and names_in(row[0])[:1] and names_in(row[0])[0] in written
    }
    assert told == written


def _alternatives(node: ast.expr, function: ast.AST) -> set[str]:
    """What a first argument can be: an attribute or constant, either of two, or a name for such."""
    if isinstance(node, ast.IfExp):
        return _alternatives(node.body, function) | _alternatives(node.orelse, function)
    if isinstance(node, ast.Name):
        assigned = [
            part.value
            for part in ast.walk(function)
            if isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") == node.id
        ]
        return set().union(*(_alternatives(value, function) for value in assigned))
    if isinstance(node, ast.Attribute):
        return {node.attr}
    return {str(node.value)} if isinstance(node, ast.Constant) else set()


# -- evidence.md ----------------------------------------------------------------------------------------


def test_the_ladder_on_its_page_is_the_one_that_is_signed() -> None:
    """Every rung with its Vietnamese name and the entries it can stand in."""
    ladder = section(page("evidence.md"), "The ladder")
    told = {
        row[0].strip("`"): (row[1], set(names_in(row[3])) & set(LogKind))
        for row in rows(ladder)
        if "`" in row[0]
    }
    standing = {
        rung.value: {kind.value for kind, stands in RUNGS.items() for one, _ in stands if one is rung}
        for rung in EvidenceType
    }
    own = {kind: names - {LogKind.EVIDENCED} for kind, names in standing.items()}
    assert told == {rung: (EvidenceType(rung).vi, kinds) for rung, kinds in own.items() if kinds}


def test_reasons_and_statuses_stand_on_the_page_of_the_ladder() -> None:
    """Each of our codes under the reason that is signed for it; each status beside its rung."""
    table = rows(section(page("evidence.md"), "Reasons"))[1:]
    told = {code: names_in(row[0])[0] for row in table for code in names_in(row[2]) if code in REASONS}
    assert told == {code: reason.value for code, reason in REASONS.items()}
    assert {names_in(row[0])[0] for row in table} == set(Reason)
    statuses = rows(section(page("evidence.md"), "Statuses"))[1:]
    likely = {row[0]: (names_in(row[2]) or [None])[0] for row in statuses}
    assert likely == dict(CORROBORATES)


# -- package.md ---------------------------------------------------------------------------------------

_STAGES = {
    "writer.py": "writing",
    "markup.py": "writing",
    "packing.py": "writing",
    "attachments.py": "opening",
}
_VOICES = {"refusal": ["refused"], "fault": ["fault"], "warn": ["warning"], "note": ["fault", "warning"]}
_ORDER = ("refused", "fault", "warning", "opening", "writing")


def consequences() -> dict[str, set[str]]:
    """What each rule leads to, gathered from where it is said."""
    found: dict[str, set[str]] = defaultdict(set)
    for file, function, call in calls("edxml"):
        voice = called(call)
        said = set(_VOICES.get(voice, ["writing" if function.name == "_as_fault" else "fault"]))  # type: ignore[attr-defined]
        if voice in _VOICES or voice == "make_fault":
            stage = "opening" if file == "payloads.py" else _STAGES.get(file)
            for rule in constants(call.args[0]) & set(RULES):
                found[rule] |= {stage} if stage else said
    for rule in constants(parsed(GATEWAY / "edxml" / "parts.py")) & set(RULES):
        found[rule] |= set() if found[rule] else {"warning"}
    return found


def rule_lines() -> list[str]:
    """The table of rules as docs/package.md must have it."""
    lead = consequences()
    lines = ["| rule | then | tiếng Việt | English |", "|---|---|---|---|"]
    for rule, words in RULES.items():
        vi, en = (text.replace("{{", "{").replace("}}", "}").replace("|", r"\|") for text in words)
        then = ", ".join(word for word in _ORDER if word in lead[rule]) or "–"
        lines.append(f"| `{rule}` | {then} | {vi} | {en} |")
    return lines


def test_every_rule_stands_on_its_page_in_its_words() -> None:
    """When this fails: ``python -m tests.test_docs`` prints the table as it must be."""
    told = [line for line in section(page("package.md"), "Every rule").splitlines() if line.startswith("|")]
    assert told == rule_lines()


def test_the_limits_of_a_package_are_those_of_the_reader() -> None:
    """What no setting changes, and what settings start from."""
    told = {
        row[0]: row[1].replace(",", "") for row in rows(section(page("package.md"), "What is refused"))[1:]
    }
    limits, kib = DEFAULT_LIMITS, 1 << 10
    assert told == {
        "whole package": f"{Http().body_limit >> 30} GiB",
        "everything but the payloads": f"{limits.header_bytes >> 20} MiB",
        "nesting of elements": str(limits.depth),
        "attachments": str(limits.attachments_count),
        "signs `<` and `=` outside payloads": str(limits.marks_count),
        "one tag or comment": f"{limits.token_bytes // kib} KiB",
        "number, notation, `DocumentId`, `Code`: characters": str(shared_parts._LONGEST_TEXT),
        "`Subject`: characters": str(document_header._LONGEST_SUBJECT),
    }


def test_the_checks_of_a_signature_are_told_with_their_grades() -> None:
    """Eight checks, every way to fall short of each, and what each policy makes of it."""
    table = rows(section(page("package.md"), "Signatures"))
    told = {
        (name, step.strip("–") or "0", grade)
        for step, _, verdict in (row for row in table if len(row) == 3)
        for names, grade in re.findall(r"((?:`[a-z-]+`(?:, )?)+) → ([a-z-]+)", verdict)
        for name in names_in(names)
    }
    chain = {
        name
        for file, _, call in calls("trust")
        if file in ("certificates.py", "keys.py")
        for name in _fault_rule(call)
        if not name.startswith("seal-")
    }
    assert len(chain) >= 6
    assert {name for name, step, _ in told if step == "7"} == chain
    ours = {(name, str(step), grade.value) for name, (grade, step, *_) in xml_verification.RULES.items()}
    assert {line for line in told if line[1] != "7"} == ours
    head, *body = [row for row in table if len(row) == 6]
    for policy, *words in body:
        outcome = CONSEQUENCES[SignaturePolicy(names_in(policy)[0])]
        assert words == [outcome[Grade(grade)].value for grade in head[1:]]


def _fault_rule(call: ast.Call) -> set[str]:
    return {
        name
        for word in call.keywords
        if called(call) == "Fault" and word.arg == "rule"
        for name in constants(word)
    }


# -- operations.md and whatever can be typed ----------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_and_option_on_the_pages_exists(path: Path) -> None:
    """``lienthong system add … --secret-file`` is what the program understands."""
    text = path.read_text("utf-8").replace("\\\n", " ")
    for typed in re.findall(r"(?:^|[ `/])lienthong ((?!lienthong\b)[a-z][^`\n|&;<…]*)", text, re.MULTILINE):
        command: click.Command = lienthong
        words = shlex.split(typed)
        while isinstance(command, click.Group) and words and words[0].islower() and words[0].isalpha():
            _, found, words = command.resolve_command(click.Context(command), words)
            assert found is not None, typed
            command = found
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-") and word != "-"} <= options, typed


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_setting_on_the_pages_exists(path: Path) -> None:
    """``delivery.give_up_after`` can be set."""
    tables = {field.name: field.type for field in fields(Config)}
    for table, key in re.findall(r"`([a-z]+)\.([a-z_]+)`", path.read_text("utf-8")):
        if table in tables and f"{table}.{key}" != "axis.secret":  # which is a file
            model = next(iter(get_args(tables[table])), tables[table])
            assert key in {field.name for field in fields(model)}, f"{table}.{key}"


def test_the_metrics_that_are_watched_are_the_metrics_there_are() -> None:
    """Counters are told as Prometheus shows them, with their ending."""
    files = ("operations.py", "figure_gauges.py")
    source = "".join((GATEWAY / "web" / file).read_text("utf-8") for file in files)
    ours = {name.removesuffix("_total") for name in re.findall(r'"(lienthong_[a-z_]+)"', source)}
    told = {
        name.removesuffix("_total") for name in re.findall(r"`(lienthong_[a-z_]+)", page("operations.md"))
    }
    assert told == ours


# -- integrators.md -----------------------------------------------------------------------------------


# Whoever waits here has a browser and no number, or is a loop that no caller waits for.
_FOR_PEOPLE = {"bundling.py", "hashing.py", "patience.py", "delivery.py", "roster.py"}


def test_the_numbers_of_errors_are_those_that_are_answered() -> None:
    """Each rule stands under the number the wire gives it, and none is forgotten."""
    table = rows(section(page("integrators.md"), "When the answer is no"))[1:]
    told = {names_in(number)[0]: set(names_in(rules)) - {"refused"} for number, _, rules, _ in table}
    assert set(told) == {code.value for code in ErrorCode}
    raised = {text for _, _, call in calls("web", "exchange", "store", "vxp") for text in constants(call)}
    listed = {rule for number, rules in told.items() for rule in rules if number != ErrorCode.INTERNAL}
    assert {rule for rule in VXP_CODES if rule in raised or rule in REFUSALS} <= listed
    for number, rules in told.items():
        if number != ErrorCode.INTERNAL:
            assert {vxp_code(Refusal(rule, [])).value for rule in rules} <= {number}
    delays = {
        text
        for file, _, call in calls("web", "exchange", "store")
        for text in _delay_code(call)
        if file not in _FOR_PEOPLE
    }
    assert told[ErrorCode.INTERNAL] == delays


def _delay_code(call: ast.Call) -> set[str]:
    made = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "Delay"
    return constants(call.args[0]) if made else set()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A gateway of its own, with two departments' DMSs."""
    gateway = prepare_node(tmp_path / "node", code=PROVINCE)
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await gateway.start()
    (tmp_path / "412.edxml").write_bytes(document(Sent(sender=HEALTH), [FINANCE]))
    yield gateway
    await gateway.stop()


async def run(node: Node, system: str, *command: str) -> str:
    """Run a program as somebody at a DMS would, in the folder beside the node."""
    account = {"VXP_URL": f"{node.url}/vxp", "VXP_SYSTEM": system, "VXP_SECRET": node.secrets[system]}
    ran = await asyncio.create_subprocess_exec(
        *command,
        cwd=node.directory.parent,
        env={**os.environ, **account, "no_proxy": "*", "PYTHONUTF8": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await ran.communicate()
    assert ran.returncode == 0, err.decode()
    return out.decode()


async def test_the_python_on_the_page_sends_lists_collects_and_confirms(node: Node) -> None:
    """Sixty lines of the standard library are a whole DMS."""
    code = block(page("integrators.md"), "python", "def call(")
    assert len(code.splitlines()) <= 60
    here = node.directory.parent
    (here / "dms.py").write_text(code, "utf-8")

    async def dms(system: str, *words: str) -> list[str]:
        return (await run(node, system, sys.executable, "-W", "error", "dms.py", *words)).splitlines()

    package = (here / "412.edxml").read_bytes()
    (doc_id,) = await dms("SYT", "send", "edoc", "412.edxml", HEALTH, FINANCE)
    assert await dms("SYT", "send", "edoc", "412.edxml", HEALTH, FINANCE) == [doc_id]
    receipt = json.loads((here / "412.edxml.receipt.json").read_text("utf-8"))
    assert json.loads(receipt["statement"])["package"] == doc_id
    (line,) = await dms("STC", "list")
    await dms("STC", "get", line.split()[0], "got.edxml")
    assert (here / "got.edxml").read_bytes().startswith(package[: package.index(b"</edXML:edXMLHeader>")])
    await dms("STC", "confirm", line.split()[0])
    assert await dms("STC", "list") == []
    (status,) = await dms("SYT", "list", "status")
    await dms("SYT", "confirm", status.split()[0], "fail", "không đọc được tệp")
    assert node.log(LogKind.TURNED_AWAY)[0]["reason"] == "không đọc được tệp"


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="needs bash, curl, openssl"
)
async def test_the_shell_on_the_page_sends_and_lists(node: Node) -> None:
    """curl and openssl are enough to look at the wire."""
    said = await run(node, "SYT", "bash", "-eu", "-c", block(page("integrators.md"), "bash", "vxp()"))
    sent, end = json.JSONDecoder().raw_decode(said)
    waiting, _ = json.JSONDecoder().raw_decode(said[end:])
    assert (sent["ErrorCode"], waiting["ErrorCode"]) == ("0", "0"), said
    assert sent["DocId"]
    assert [item["messageType"] for item in waiting["data"]] == ["status"]


async def test_a_receipt_is_checked_as_the_page_says(node: Node) -> None:
    """By openssl and by Python, with the certificate and nothing else of ours."""
    text, here = page("integrators.md"), node.directory.parent
    answer = await node.dms("SYT").send((here / "412.edxml").read_bytes(), sender=HEALTH)
    (here / "receipt.json").write_text(json.dumps(answer.members["Receipt"]), "utf-8")
    shutil.copy(node.directory / "seal.pem", here)
    (here / "verify.py").write_text(block(text, "python", "certificate_file"), "utf-8")
    said = await run(node, "SYT", sys.executable, "verify.py", "receipt.json", "seal.pem", "412.edxml")
    assert said.startswith("accepted ")
    if shutil.which("bash") and shutil.which("openssl"):
        said = await run(node, "SYT", "bash", "-eu", "-c", block(text, "bash", "statement.sig"))
        assert "Verified OK" in said
        digest = json.loads((here / "statement.json").read_text("utf-8"))["sha256"]
        assert digest in said


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl"))), reason="needs bash, curl")
async def test_the_shell_on_the_page_reads_figures_and_gives_work(node: Node) -> None:
    """Every line of it is answered, the last one with what the lines before it did."""
    token = await give_token(node, "mot-cua", may_write=True)
    code = block(page("integrators.md"), "bash", "api()")
    ran = await asyncio.create_subprocess_exec(
        *("bash", "-eu", "-o", "pipefail", "-c", code.replace("\napi ", "\necho; api ")),
        cwd=node.directory.parent,
        env={**os.environ, "API": f"{node.url}/api/v1", "TOKEN": token, "no_proxy": "*"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await ran.communicate()
    assert ran.returncode == 0, (out + err).decode()
    answers = [json.loads(line) for line in out.decode().splitlines() if line]
    assert "total" in answers[0]
    assert [step["act"] for step in answers[-1]["steps"]] == ["open", "extend", "finish"]
    assert answers[-1]["ended_on"] == "2026-04-10"
    assert (node.directory.parent / "bao-cao.pdf").read_bytes().startswith(b"%PDF-")


def test_every_problem_of_the_api_stands_on_its_page_with_its_status() -> None:
    """Codes that are in the table of problems, and no others but those about what was said."""
    table = rows(section(page("integrators.md"), "Figures and obligations for other programs"))
    told = {code: row[0] for row in table if re.match(r"\d{3}", row[0]) for code in names_in(row[1])}
    assert {code for code in API_STATUSES if code not in told} == set()
    for code, statuses in told.items():
        allowed = {int(status) for status in statuses.split(", ")}
        assert API_STATUSES.get(code, 400 if 400 in allowed else 503) in allowed, code


# -- figures.md -----------------------------------------------------------------------------------------


def test_the_columns_of_a_list_are_those_that_are_read() -> None:
    """By their names in both languages."""
    table = {row[0]: row for row in rows(section(page("figures.md"), "Importing"))}
    assert [names_in(name)[0] for name in table if names_in(name)[:1] and names_in(name)[0] in COLUMNS] == [
        *("kind", "agency", "reference", "subject", "assigned_on", "assigned_by", "due_on", "done_on"),
        "outcome",
    ]
    told = {fold(name): column for column in COLUMNS for name in table[f"`{column}`"][1].split(", ")}
    assert told == VIETNAMESE


async def test_the_list_on_the_page_is_taken_in(tmp_path: Path) -> None:
    """One dossier done, one open."""
    async with hands(tmp_path) as office:
        office.now = day(4, 15)
        text = block(page("figures.md"), "csv", "Số hồ sơ")
        brought = await office.importing.take(io.BytesIO(text.encode()), by="ai-do")
    assert (brought.given, brought.finished) == (2, 1)


if __name__ == "__main__":
    print("\n".join(rule_lines()))


# -- reliability.md -----------------------------------------------------------------------------------


def test_every_test_that_the_reliability_page_names_is_there() -> None:
    """What is said to keep a fault away can be run."""
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page("reliability.md"))
    assert len(named) > 24
    for path, name in named:
        source = (GATEWAY.parent / path).read_text("utf-8")
        assert f"def {name}(" in source if name else source, f"{path}::{name}"


def test_the_reliability_page_has_every_case_of_the_catalogue() -> None:
    """Twenty-four, in order, none passed over."""
    table = rows(section(page("reliability.md"), "The failure catalogue"))[1:]
    assert [number for number, *_ in table] == [str(number) for number in range(1, 25)]
