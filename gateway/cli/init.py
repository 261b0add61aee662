"""``lienthong init``: a new node, from nothing to ready to be served."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from gateway.cli.terminal import both, card, done, heading, json_option, local, show, show_json, words

if TYPE_CHECKING:
    from gateway.cli.founding import AxisAccess, Charter, Founded


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--role",
    type=click.Choice(["gateway", "hub"]),
    required=True,
    help="gateway: hệ thống ở đây, trục phía trên. hub: tự là trục. · gateway: below an axis. hub: is one.",
)
@click.option("--name", required=True, help="Tên cơ quan vận hành nút. · The agency that runs the node.")
@click.option(
    "--agency-code", required=True, metavar="CODE", help="Mã định danh: H57.1.2, 000.00.12.H57. · Its code."
)
@click.option("--axis", metavar="URL", help="Địa chỉ trục phía trên. · Address of the axis above.")
@click.option("--systemid", metavar="ID", help="Mã hệ thống do trục cấp. · What the axis calls this node.")
@click.option(
    "--secret-file",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="Tệp chứa khóa bí mật do trục cấp; - là stdin. · File with the axis's secret; - for stdin.",
)
@click.option(
    "--poll-every", metavar="TIME", help="Nghỉ giữa hai lần hỏi trục: 5s, 1m. · Pause between polls."
)
@click.option(
    "--authority",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="OTHERDIR",
    help="Dùng gốc chứng thư thử nghiệm của nút khác để hai nút tin nhau."
    " · Share another node's development authority, so that both trust each other.",
)
@click.option("--host", help="Địa chỉ máy chủ lắng nghe. · Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Cổng TCP. · TCP port.")
@click.option(
    "--key",
    type=click.Choice(["rsa", "p256"]),
    default="rsa",
    show_default=True,
    help="Loại khóa của dấu. · Kind of key of the seal.",
)
@click.option(
    "--administrator",
    metavar="LOGIN",
    help="Thêm quản trị viên đầu tiên và in mật khẩu dùng một lần. · Add the first administrator.",
)
@json_option
def init(
    folder: Path,
    role: str,
    name: str,
    agency_code: str,
    axis: str | None,
    systemid: str | None,
    secret_file: TextIO | None,
    poll_every: str | None,
    authority: Path | None,
    host: str | None,
    port: int | None,
    key: str,
    administrator: str | None,
    as_json: bool,
) -> None:
    """Tạo thư mục dữ liệu của một nút mới.

    Make the data directory of a new node: settings, keys, a development certificate, an empty database.
    DIR must be new or empty. The certificate is good for trying things out; a real one replaces
    seal.key and seal.pem.

    \b
      lienthong init hub --role hub --name "Trục tỉnh Ví Dụ" --agency-code H57
      lienthong init gw --role gateway --name "Sở Y tế" --agency-code 000.00.12.H57 \\
          --axis http://127.0.0.1:8280/vxp --systemid gw-syt --secret-file gw.secret --authority hub
    """
    from gateway.cli.founding import Charter, found_node
    from gateway.model.identifiers import normalise_code
    from gateway.office import now
    from gateway.settings import Role
    from gateway.trust.keys import Algorithm

    charter = Charter(
        name=name.strip(),
        agency_code=normalise_code(agency_code),
        role=Role(role),
        algorithm=Algorithm.RSA_SHA256 if key == "rsa" else Algorithm.ECDSA_SHA256,
        axis=_axis_access(axis, systemid, secret_file, poll_every),
        authority=authority,
        host=host,
        port=port,
        administrator=administrator,
    )
    founded = found_node(folder, charter, at=now())
    if as_json:
        show_json(_facts(founded))
    else:
        _show(founded, charter)


def _axis_access(
    url: str | None, systemid: str | None, secret_file: TextIO | None, poll_every: str | None
) -> "AxisAccess | None":
    """Put together what belongs together: all of it, or none."""
    from gateway.cli.founding import AxisAccess

    if url is None and systemid is None and secret_file is None:
        if poll_every is not None:
            raise click.UsageError("--poll-every cần --axis / --poll-every needs --axis")
        return None
    if url is None or systemid is None or secret_file is None:
        raise click.UsageError(
            "--axis, --systemid và --secret-file phải đi cùng nhau / "
            "--axis, --systemid and --secret-file belong together"
        )
    secret = secret_file.read().strip()
    if not secret:
        raise click.UsageError("tệp khóa bí mật trống / the secret file is empty")
    return AxisAccess(url=url, systemid=systemid, secret=secret, poll_every=poll_every)


def _facts(founded: "Founded") -> dict[str, object]:
    first = {} if founded.one_time_password is None else {"one_time_password": founded.one_time_password}
    return {
        "directory": str(founded.folder),
        "role": founded.config.role.value,
        "name": founded.config.name,
        "agency_code": founded.config.agency_code,
        "seal_sha256": founded.seal.fingerprint,
        "seal_valid_until": founded.seal.certificate.not_valid_after_utc.isoformat(),
        **first,
    }


def _show(founded: "Founded", charter: "Charter") -> None:
    config, seal = founded.config, founded.seal
    hub = config.role.value == "hub"
    until = local(seal.certificate.not_valid_after_utc)
    source = str(charter.authority) if charter.authority else "gốc thử nghiệm của nút này · its own authority"
    show(
        done(f"Đã tạo {'trục' if hub else 'cổng liên thông'} {founded.folder}", f"{config.role.value} made"),
        card(
            [
                ("Cơ quan", "agency", f"{config.name} ({config.agency_code})"),
                ("Lắng nghe", "listens on", f"{config.http.host}:{config.http.port}"),
                ("Trục", "axis", config.axis.url if config.axis else None),
                ("Dấu", "seal", f"{seal.algorithm}, đến {until}"),
                ("Chứng thư từ", "certified by", source),
                ("Tin dấu thay của", "vouchers", ", ".join(config.trust.vouchers) or None),
                ("Quản trị viên", "administrator", charter.administrator),
            ]
        ),
        heading("Bước tiếp theo", "next"),
        *(words("  ", (command, "cyan")) for command in _next_commands(founded)),
    )
    if founded.one_time_password is not None:
        from gateway.cli.accounts import show_one_time_password

        show_one_time_password(founded.one_time_password)
    if not hub and config.axis is None:
        show(
            both(
                "\n  Chưa có trục: chỉ chuyển giữa các hệ thống kết nối ở đây. Thêm [axis] vào config.toml.",
                "no axis yet: see config.example.toml",
            )
        )


def _next_commands(founded: "Founded") -> list[str]:
    """Say what to type next, ready to be copied."""
    folder, code = shlex.quote(str(founded.folder)), founded.config.agency_code
    if founded.config.role.value == "hub":
        return [
            f'lienthong agency add CODE "TÊN CƠ QUAN" -d {folder}',
            f"lienthong system add SYSTEMID --kind gateway --serves CODE -d {folder}",
            f"lienthong serve {folder}",
        ]
    return [f"lienthong system add qlvb --serves {code} -d {folder}", f"lienthong serve {folder}"]
