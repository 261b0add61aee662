"""``lienthong init``: a whole node or nothing."""

import json
import stat
import tomllib
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from gateway.config import load_config
from gateway.office import load_own_seal
from gateway.trust.certificates import check_chain, load_anchors
from gateway.trust.keys import Algorithm
from tests.rooms.cli_kit import FINANCE, HEALTH, HUB, facts, found, rules, run


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_node_has_all_it_needs_to_be_served(tmp_path: Path) -> None:
    """Settings that load, a seal in its own name, a database with its own agency in the directory."""
    folder = found(tmp_path / "hub")
    config = load_config(folder / "config.toml")
    assert (config.name, config.agency_code, config.role.value) == ("Trục thử nghiệm", HUB, "hub")
    assert load_own_seal(config).holder == HUB
    assert [(a["code"], a["name"]) for a in facts("agency", "list", "-d", folder)] == [
        (HUB, "Trục thử nghiệm")
    ]
    (entry,) = map(json.loads, run("log", "-d", folder, "--json").stdout.splitlines())
    assert entry["kind"] == "administered"


def test_what_only_the_owner_may_read_only_the_owner_can_read(tmp_path: Path) -> None:
    """The directory and every key: nobody else."""
    folder = found(tmp_path / "hub")
    assert mode(folder) == 0o700
    secrets = ("seal.key", "seal.pem", "secrets.key", "authority.key")
    assert {name: mode(folder / name) for name in secrets} == dict.fromkeys(secrets, 0o600)
    assert (folder / "secrets.key").stat().st_size == 32


def test_a_gateway_keeps_its_own_copy_of_the_axis_secret(tmp_path: Path) -> None:
    """The secret comes from a file or stdin, stands in no settings, and is for the owner only."""
    axis = (
        "--axis",
        "https://axis.example/vxp/",
        "--systemid",
        "gw",
        "--secret-file",
        "-",
        "--poll-every",
        "5s",
    )
    folder = tmp_path / "gateway"
    run(
        *("init", folder, "--role", "gateway", "--name", "Sở Y tế", "--agency-code", "000.00.12.h57"),
        *("--key", "p256", *axis),
        typed="bí-mật\n",
    )
    settings = (folder / "config.toml").read_text()
    assert tomllib.loads(settings)["axis"] == {
        "url": "https://axis.example/vxp/",
        "systemid": "gw",
        "secret_file": "axis.secret",
        "poll_every": "5s",
    }
    assert "bí-mật" not in settings
    assert ((folder / "axis.secret").read_text(), mode(folder / "axis.secret")) == ("bí-mật\n", 0o600)


def test_nodes_that_share_an_authority_believe_each_other(tmp_path: Path) -> None:
    """The second node's seal chains to the first one's anchor, and it believes what the hub seals."""
    hub = found(tmp_path / "hub")
    gateway = found(tmp_path / "gw", "--authority", hub, role="gateway", code=HEALTH)
    seal = load_own_seal(load_config(gateway / "config.toml"))
    anchors = load_anchors((hub / "certs" / "authority.pem").read_bytes())
    begins_at = seal.certificate.not_valid_before_utc
    assert check_chain(seal.certificate, seal.chain, anchors, at=begins_at) is None
    assert load_config(gateway / "config.toml").trust.vouchers == (HUB,)
    assert (gateway / "certs" / "authority.pem").read_bytes() == (hub / "authority.pem").read_bytes()
    assert not (gateway / "authority.key").exists()


def test_nodes_with_authorities_of_their_own_are_strangers(tmp_path: Path) -> None:
    """Nothing is believed that was not shared."""
    one, other = found(tmp_path / "one"), found(tmp_path / "other", code=HEALTH)
    seal = load_own_seal(load_config(other / "config.toml"))
    anchors = load_anchors((one / "certs" / "authority.pem").read_bytes())
    fault = check_chain(seal.certificate, seal.chain, anchors, at=seal.certificate.not_valid_before_utc)
    assert fault is not None


def test_the_kind_of_key_can_be_chosen(tmp_path: Path) -> None:
    """RSA unless said otherwise: what every axis can read."""
    arguments = ("--role", "hub", "--name", "A", "--agency-code", HUB)
    run("init", tmp_path / "rsa", *arguments)
    assert load_own_seal(load_config(tmp_path / "rsa" / "config.toml")).algorithm is Algorithm.RSA_SHA256
    (certificate,) = load_pem_x509_certificates((found(tmp_path / "ec") / "seal.pem").read_bytes())
    assert certificate.public_key().key_size == 256


def test_an_empty_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    """A volume that was mounted for it is no obstacle, and is closed to others."""
    (tmp_path / "volume" / "lost+found").mkdir(parents=True)
    assert mode(found(tmp_path / "volume")) == 0o700
    assert (tmp_path / "volume" / "lost+found").is_dir()


def test_a_folder_with_a_node_is_refused_politely(tmp_path: Path) -> None:
    """Nothing in it is touched."""
    folder = found(tmp_path / "hub")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    ran = run("init", folder, "--role", "hub", "--name", "B", "--agency-code", HEALTH, code=2)
    assert rules(ran) == ["node-exists"]
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_folder_with_something_else_is_refused_politely(tmp_path: Path) -> None:
    """Somebody's home directory must not become a node, or be closed to others."""
    (tmp_path / "notes.txt").write_text("của tôi")
    before = mode(tmp_path)
    ran = run("init", tmp_path, "--role", "hub", "--name", "B", "--agency-code", HEALTH, code=2)
    assert rules(ran) == ["folder-not-empty"]
    assert (mode(tmp_path), [path.name for path in tmp_path.iterdir()]) == (before, ["notes.txt"])


def test_all_wrong_settings_are_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    """Not the folder, not the folders above it that were made for it."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    ran = run(
        *("init", tmp_path / "deep" / "er" / "hub", "--role", "hub", "--name", "B", "--agency-code", "zz"),
        *("--axis", "ftp://axis", "--systemid", "a", "--secret-file", secret, "--poll-every", "3"),
        code=2,
    )
    assert [line.split(": ")[1] for line in ran.stderr.splitlines()] == [
        "agency_code",
        "axis.url",
        "axis.poll_every",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_an_authority_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    """A node that borrowed its authority cannot lend it."""
    hub = found(tmp_path / "hub")
    borrower = found(tmp_path / "gw", "--authority", hub, role="gateway", code=HEALTH)
    ran = run(
        *("init", tmp_path / "third", "--role", "gateway", "--name", "C", "--agency-code", FINANCE),
        *("--authority", borrower),
        code=2,
    )
    assert rules(ran) == ["authority-missing"]
    assert not (tmp_path / "third").exists()


def test_half_an_axis_is_a_mistake_in_the_command(tmp_path: Path) -> None:
    """Address, id and secret belong together."""
    ran = run(
        *("init", tmp_path / "gw", "--role", "gateway", "--name", "A", "--agency-code", HUB),
        *("--axis", "http://axis/vxp"),
        code=2,
    )
    assert "belong together" in ran.stderr
    assert not (tmp_path / "gw").exists()


def test_a_founder_is_told_what_to_type_next(tmp_path: Path) -> None:
    """The commands name the folder, ready to be copied."""
    ran = run(
        "init", tmp_path / "gw", "--role", "gateway", "--name", "A", "--agency-code", HUB, "--key", "p256"
    )
    assert f"lienthong serve {tmp_path / 'gw'}" in ran.stdout
    assert "[axis]" in ran.stdout
