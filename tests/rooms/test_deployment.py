"""What deploy/ says is true: of the settings, of the routes, of each file that one part gives to another."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import load_config
from gateway.settings import Delivery
from tests.deployed import DEPLOY, prepare, settled
from tests.rooms.cli_kit import ROOT

COMPOSE = DEPLOY / "compose"
KUBERNETES = DEPLOY / "kubernetes"
ALIVE, READY = "/healthz", "/readyz"
# Answers under way, then deliveries.
GRACE_SECONDS = 2 * Delivery().grace_at_stop.total_seconds()


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@cache
def objects() -> dict[str, Any]:
    """The Kubernetes objects by kind."""
    paths = [KUBERNETES / name for name in read(KUBERNETES / "kustomization.yaml")["resources"]]
    return {each["kind"]: each for each in map(read, paths)}


def pod() -> Any:
    return objects()["Deployment"]["spec"]["template"]["spec"]


def node() -> Any:
    (container,) = pod()["containers"]
    return container


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return int(found[1])


def given_by_compose() -> tuple[list[str], list[str]]:
    """What a node of the compose file finds: files and folders it may read, folders it may write."""
    told = read(COMPOSE / "compose.yaml")["services"]["node-a"]
    volumes = [each.split(":") for each in told["volumes"]]
    readable = [f"/run/secrets/{name}" for name in told["secrets"]]
    readable += [each["target"] for each in told["configs"]]
    readable += [each[1] for each in volumes if each[2:] == ["ro"]]
    return readable, [each[1] for each in volumes if not each[2:]]


def given_by_kubernetes() -> tuple[list[str], list[str]]:
    mounts = node()["volumeMounts"]
    return (
        [each["mountPath"] for each in mounts if each.get("readOnly")],
        [each["mountPath"] for each in mounts if not each.get("readOnly")],
    )


GIVEN = {"compose": given_by_compose, "kubernetes": given_by_kubernetes}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `prepare` makes, where the containers would find it."""
    root = tmp_path_factory.mktemp("prepared")
    prepare(root / "run")
    return root


@pytest.mark.parametrize("where", GIVEN)
def test_the_settings_are_known_and_their_paths_are_given(prepared: Path, where: str) -> None:
    """Every setting is the program's; what it reads is mounted, what it writes is a volume."""
    config = load_config(settled(prepared, where))
    readable, writable = ([f"{prepared}{each}" for each in places] for places in GIVEN[where]())
    storage, trust = config.storage, config.trust
    read_only = [trust.anchors_dir, trust.seal_key_file, trust.seal_chain_file, trust.secrets_key_file]
    read_only += [storage.database_password_file, storage.blobs_secret_file]
    written = [storage.database_file, storage.blobs_dir, storage.spool_dir, config.drafts.folder]
    for path, places in [*((each, readable) for each in read_only), *((each, writable) for each in written)]:
        assert any(Path(path).is_relative_to(place) for place in places), path
    assert storage.database
    assert storage.blobs
    assert config.http.port == 8280
    assert config.http.host == "0.0.0.0"  # reachable from the balancer's container


@pytest.mark.parametrize("where", GIVEN)
def test_no_secret_is_among_the_settings(where: str) -> None:
    """They come as files."""
    text = (DEPLOY / where / "config.toml").read_text("utf-8")
    assert not re.search(r"^\w*(password|secret|key) = ", text, re.MULTILINE)
    assert not re.search(r"://[^/@\s]+:[^/@\s]+@", text)


def test_the_image_is_built_of_what_is_there_and_runs_as_nobody_in_particular() -> None:
    """A fixed number that is not root's; extras that exist; health asked where it is answered."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    built, last = text.split("\nFROM ")[0], text.split("\nFROM ")[-1]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "--uid 10001" in last
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for extras in re.findall(r"\[([a-z0-9,]+)\]\"", text):
        assert set(extras.split(",")) <= project["optional-dependencies"].keys()
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    for line in re.findall(r"^COPY (.+) \S+$", built, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists()
            assert source in admitted
    assert f":8280{ALIVE}'" in last
    entry = json.loads(re.findall(r"^ENTRYPOINT (.+)$", last, re.MULTILINE)[0])
    assert entry[0] in project["scripts"]
    command = json.loads(re.findall(r"^CMD (.+)$", last, re.MULTILINE)[0])
    assert command == node()["args"] == ["serve", "/etc/lienthong"]


def test_the_compose_file_hangs_together(prepared: Path) -> None:
    """What a service names is declared, what is declared is a file here or one that `prepare` makes."""
    told = read(COMPOSE / "compose.yaml")
    services = told["services"]
    made = {each.name for each in (prepared / "run" / "secrets").iterdir()}
    for name, service in services.items():
        assert set(service.get("secrets", ())) <= told["secrets"].keys(), name
        assert {each["source"] for each in service.get("configs", ())} <= told["configs"].keys(), name
        assert set(service.get("networks", ())) <= told["networks"].keys(), name
        assert set(service.get("depends_on", ())) <= services.keys(), name
        volumes = [each.split(":")[0] for each in service.get("volumes", ())]
        assert {each for each in volumes if not each.startswith(".")} <= told["volumes"].keys(), name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name
    for name, secret in told["secrets"].items():
        assert secret["file"] == f"./secrets/{name}"
    assert made == told["secrets"].keys()
    assert all((COMPOSE / each["file"]).is_file() for each in told["configs"].values())
    a, b = services["node-a"], services["node-b"]
    assert {key for key in a if a[key] != b[key]} == {"volumes"}
    assert seconds(a["stop_grace_period"]) > GRACE_SECONDS
    assert a["read_only"]
    balancer = services["balancer"]["networks"]["front"]["ipv4_address"]
    assert load_config(settled(prepared, "compose")).console.trusted_proxies == (balancer,)
    (given,) = told["networks"]["front"]["ipam"]["config"]
    assert ip_address(balancer) in ip_network(given["subnet"])
    assert ip_address(balancer) not in ip_network(given["ip_range"])  # nobody else can be given it first


def test_the_balancer_asks_who_is_ready_and_knows_every_node() -> None:
    """It shows nobody what is for operators."""
    text = (COMPOSE / "haproxy.cfg").read_text("utf-8")
    assert f"httpchk GET {READY}" in text
    nodes = {name for name in read(COMPOSE / "compose.yaml")["services"] if name.startswith("node-")}
    assert {f"{name}:8280" for name in nodes} == set(re.findall(r"^\s+server \w+ (\S+)", text, re.MULTILINE))
    for path in ("/metrics", READY, ALIVE):
        assert path in re.findall(r"status 404 if \{ path (.+) \}", text)[0].split()


@pytest.mark.skipif(shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None, reason="no haproxy here")
def test_haproxy_takes_its_configuration() -> None:
    """As it would at start."""
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    command = [str(haproxy), "-c", "-q", "-f", str(COMPOSE / "haproxy.cfg")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_pods_are_probed_where_the_program_answers_and_are_given_their_time() -> None:
    """Ready decides who gets requests, alive who is started again; the end waits for what is under way."""
    container = node()
    probed = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert [probed[kind]["path"] for kind in probed] == [ALIVE, ALIVE, READY]
    assert {each["port"] for each in probed.values()} == {container["ports"][0]["name"]}
    before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod()["terminationGracePeriodSeconds"] > GRACE_SECONDS + before
    rolling = objects()["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxUnavailable": 0, "maxSurge": 1}


def test_pods_are_nobody_and_may_nothing() -> None:
    """As the strictest of the standard policies demands."""
    of_pod, of_node = pod()["securityContext"], node()["securityContext"]
    assert of_pod["runAsNonRoot"]
    assert of_pod["runAsUser"] == of_pod["fsGroup"] == 10001
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not of_node["allowPrivilegeEscalation"]
    assert of_node["readOnlyRootFilesystem"]
    assert of_node["capabilities"] == {"drop": ["ALL"]}


def test_the_kubernetes_objects_mean_each_other() -> None:
    """Selectors find the pods; every volume is mounted, every mount is a volume."""
    spec = objects()["Deployment"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["replicas"] >= 2
    assert spec["selector"]["matchLabels"] == labels
    assert objects()["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert objects()["Service"]["spec"]["selector"] == labels
    assert objects()["Service"]["spec"]["ports"][0]["targetPort"] == node()["ports"][0]["name"]
    assert {each["name"] for each in pod()["volumes"]} == {each["name"] for each in node()["volumeMounts"]}
    claimed = [
        each["persistentVolumeClaim"]["claimName"]
        for each in pod()["volumes"]
        if len(each) > 1 and "persistentVolumeClaim" in each
    ]
    assert claimed == [objects()["PersistentVolumeClaim"]["metadata"]["name"]]
    (rule,) = objects()["Ingress"]["spec"]["rules"]
    asked = [each["path"] for each in rule["http"]["paths"]]
    assert not {ALIVE, READY, "/metrics"} & set(asked)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")
def test_kustomize_builds_the_manifests() -> None:
    """The settings become a map whose name tells its content."""
    ran = subprocess.run(["kubectl", "kustomize", KUBERNETES], capture_output=True, text=True, check=True)
    built = {each["kind"]: each for each in yaml.safe_load_all(ran.stdout)}
    assert built.keys() == objects().keys() | {"ConfigMap"}
    mapped = built["ConfigMap"]["metadata"]["name"]
    volumes = built["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "settings", "configMap": {"name": mapped}} in volumes


def test_the_unit_is_taken_by_systemd_and_shuts_the_program_in(tmp_path: Path) -> None:
    """`systemd-analyze verify` where there is one; what a page promises of it anywhere."""
    unit = DEPLOY / "systemd" / "lienthong.service"
    text = unit.read_text("utf-8")
    settings = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))
    assert settings["NoNewPrivileges"] == "yes"
    assert settings["ProtectSystem"] == "strict"
    assert settings["ReadWritePaths"] == shlex.split(settings["ExecStart"])[-1]
    assert settings["User"] != "root"
    assert int(settings["TimeoutStopSec"]) > GRACE_SECONDS
    if (analyze := shutil.which("systemd-analyze")) is None:
        return
    copy = tmp_path / unit.name
    copy.write_text(text.replace("/usr/local/bin/lienthong", "/bin/true"))
    ran = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
