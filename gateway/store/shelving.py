"""Puts the shelves of large packages up: the folder alone, or an object store before it."""

from gateway.errors import Misconfiguration
from gateway.model.identifiers import AgencyCode
from gateway.store.folder import Folder
from gateway.store.shelf import Shelf


def shelves_before(
    folder: Folder,
    place: str,
    *,
    owner: AgencyCode,
    endpoint: str | None,
    region: str,
    key_id: str,
    secret: str,
    ca_pem: bytes | None,
) -> tuple[Shelf, ...]:
    """Put an object store before the folder, where what came earlier goes on standing.

    Shape: owner is whose gateway it is; the rest as `open_bucket` has it.
    Errors: Misconfiguration when the object store's client is not installed.
    """
    try:
        from gateway.store.bucket import open_bucket
        from gateway.store.object_shelf import ObjectShelf
    except ModuleNotFoundError as error:
        raise Misconfiguration.because(
            "extra-missing",
            where="storage.blobs",
            vi="chưa cài phần nối kho đối tượng: pip install lienthong[s3]",
            en="the object store's client is not installed: pip install lienthong[s3]",
        ) from error
    bucket = open_bucket(place, endpoint=endpoint, region=region, key_id=key_id, secret=secret, ca_pem=ca_pem)
    return (ObjectShelf(bucket=bucket, owner=owner), folder)
