"""The description of the API is true: its addresses, its lists, its answers are those of the code."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from datetime import date
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gateway.exchange.duty_reading import PARTS
from gateway.model.obligation import Act, ObligationKind, Standing
from gateway.web.api.app import DESCRIPTION, PREFIX, Api
from gateway.web.api.writing import ACTS
from gateway.web.problems import API_STATUSES
from tests.packages import Sent, document
from tests.programs import TASK, give_token, program
from tests.walks.world import FINANCE, HEALTH, PROVINCE, Node, prepare_node

TOLD: dict[str, Any] = json.loads(files("gateway.web.api").joinpath(DESCRIPTION).read_text("utf-8"))


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A gateway on which something was exchanged and is owed."""
    gateway = prepare_node(tmp_path / "node", code=PROVINCE, http={"requests_per_second": 0})
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await gateway.start()
    told = document(Sent(sender=HEALTH), [FINANCE], steering=1, due=date(2098, 1, 5))
    assert (await gateway.dms("SYT").send(told, sender=HEALTH)).ok
    yield gateway
    await gateway.stop()


def described() -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in TOLD["paths"].items() for method in methods}


def test_every_address_is_described_and_no_other() -> None:
    """What answers is on the page, what is on the page answers."""
    api = Api(door=None, reading=_Any(), writing=_Any(), events=_Any())  # type: ignore[arg-type]
    there = {(route.method, re.sub(r":[^}]+", "", route.path)) for route in api.routes()}
    assert there == described()
    assert TOLD["servers"] == [{"url": PREFIX}]


class _Any:
    def __getattr__(self, name: str) -> object:
        return None


def test_closed_lists_are_the_models() -> None:
    """Kinds, standings, acts, members: a new one is described or this fails."""
    schemas = TOLD["components"]["schemas"]
    obligation, step = schemas["Obligation"]["properties"], schemas["Step"]["properties"]
    assert obligation["kind"]["enum"] == list(ObligationKind)
    assert obligation["standing"]["enum"] == list(Standing)
    assert step["act"]["enum"] == list(Act)
    assert list(schemas["Given"]["properties"]) == list(PARTS)
    move = TOLD["paths"]["/obligations/{id}/{act}"]["post"]
    assert move["parameters"][1]["schema"]["enum"] == list(ACTS)
    listed = {each["name"]: each for each in TOLD["paths"]["/obligations"]["get"]["parameters"]}
    assert listed["kind"]["schema"]["items"]["enum"] == list(ObligationKind)
    assert listed["standing"]["schema"]["items"]["enum"] == list(Standing)


def test_every_status_that_is_answered_is_described_somewhere() -> None:
    """Those of the table of problems."""
    answered = {str(status) for status in API_STATUSES.values()} - {"405"}  # it belongs to no address
    told = {
        status
        for methods in TOLD["paths"].values()
        for method in methods.values()
        for status in method["responses"]
    }
    assert answered | {"400", "503"} <= told


async def test_the_description_is_served_to_anybody(node: Node) -> None:
    """Programs are made from it before they have a token."""
    async with program(node, None) as stranger:
        assert (await stranger.get(f"/{DESCRIPTION}")).told == TOLD


@pytest.mark.skipif(find_spec("schemathesis") is None, reason="needs schemathesis")
async def test_a_stranger_who_tries_everything_finds_it_as_described(node: Node, tmp_path: Path) -> None:
    """Hundreds of questions, right and wrong ones, made from the description alone.

    Statuses, headers and members of every answer are those it names, what it forbids is refused, nothing is
    a bug.
    """
    token = await give_token(node, "thu-moi-cach", may_write=True)
    async with program(node, token) as first:
        assert (await first.post("/obligations", **TASK)).status == 201
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{node.url}{PREFIX}/{DESCRIPTION}"),
        *("-H", f"Authorization: Bearer {token}", "--exclude-path", "/events"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--generation-deterministic"),
        # What makes sense is more than what has the right form: a day before another one is refused.
        *("--exclude-checks", "positive_data_acceptance", "--continue-on-failure", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await ran.communicate()
    assert ran.returncode == 0, said.decode()
    assert node.rows("SELECT count(*) AS count FROM obligations")[0]["count"] >= 2
