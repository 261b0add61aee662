"""A document inside the answer of getEdoc, both ways, in any pieces."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Delay, Refusal
from gateway.vxp.answers import ErrorCode, write_done, write_failure
from gateway.vxp.content import ContentReader, encode_content, frame_content
from gateway.vxp.operations import Operation

DOCUMENT = "<edXML>Sở Y tế</edXML>".encode()


def written(chunks: list[bytes]) -> bytes:
    """Write the answer for a document that comes in these chunks, as a server streams it."""
    frame = frame_content(sum(map(len, chunks)))
    parts, held = [frame.prefix], b""
    for chunk in chunks:
        encoded, held = encode_content(held, chunk)
        parts.append(encoded)
    encoded, held = encode_content(held, b"", last=True)
    body = b"".join([*parts, encoded, frame.suffix])
    assert held == b""
    assert len(body) == frame.content_length
    return body


def read(chunks: list[bytes]) -> bytes:
    """Read an answer that comes in these chunks."""
    reader = ContentReader()
    document = b"".join([reader.feed(chunk) for chunk in chunks])
    reader.finish()
    return document


def cut(body: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into chunks of the given sizes, and the rest."""
    chunks = []
    for size in sizes:
        chunks.append(body[:size])
        body = body[size:]
    return [*chunks, body]


@given(
    st.binary(max_size=200),
    st.lists(st.integers(0, 40), max_size=8),
    st.lists(st.integers(0, 90), max_size=8),
)
def test_a_document_is_written_and_read_in_any_pieces(
    document: bytes, out: list[int], back: list[int]
) -> None:
    """Where the chunks are cut changes nothing, and the length was known before."""
    body = written(cut(document, out))
    assert base64.b64decode(json.loads(body)["data"]) == document
    assert read(cut(body, back)) == document


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(DOCUMENT).decode(),
        base64.b64encode(DOCUMENT).decode().rstrip("="),
        base64.urlsafe_b64encode(DOCUMENT).decode(),
        base64.encodebytes(DOCUMENT).decode().replace("\n", "\\r\\n"),
        base64.b64encode(DOCUMENT)
        .decode()
        .replace("=", "\\u003d")
        .replace("/", "\\/")
        .replace("+", "\\u002B"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 999])
def test_every_spelling_of_base64_is_understood(text: str, size: int) -> None:
    """Line breaks, the URL-safe alphabet, no padding, JSON escapes, cut at any place."""
    body = f'{{"Receipt":{{"a":"data"}}, "data" :\n"{text}","status":"OK","ErrorCode":"0"}}'.encode()
    assert read([body[start : start + size] for start in range(0, len(body), size)]) == DOCUMENT


def test_a_refusal_is_told_from_a_document() -> None:
    """The same numbers as everywhere, in one piece or byte by byte."""
    body = write_failure(Operation.GET, ErrorCode.DOCUMENT, 'Không có "data":"QUJD"')
    for chunks in ([body], [bytes([byte]) for byte in body]):
        with pytest.raises(Refusal) as caught:
            read(chunks)
        assert caught.value.code == "axis-refused"


def test_an_answer_cut_anywhere_is_unreadable() -> None:
    """Half a document is never a document."""
    body = written([DOCUMENT])
    for end in range(len(body)):
        with pytest.raises(Delay):
            read([body[:end]])


@pytest.mark.parametrize(
    "body",
    [
        write_done(),
        b'{"ErrorCode":"0","data":null}',
        b'{"ErrorCode":"0","data":["QUJD"]}',
        b'{"ErrorCode":"0","Receipt":{"data":"QUJD"}}',
        b'{"ErrorCode":"0","data":"QUJ*"}',
        b'{"ErrorCode":"0","data":"QUJDR"}',
        b'{"ErrorCode":"0","data":"QQ==QQ=="}',
        b'{"ErrorCode":"0","data":"QUJD\\u00e1"}',
        b'{"ErrorCode":"0","data":"QUJD\\"}',
        b'{"ErrorCode":"0","data":"QUJD"} x',
        b'{"ErrorCode":"0","x":"' + b" " * 70_000,
        b'{"ErrorCode":"0","data":"QUJD","x":"' + b" " * 70_000,
        b"<html>",
    ],
)
@pytest.mark.parametrize("size", [1, 99_999])
def test_an_answer_without_a_sound_document_is_unreadable(body: bytes, size: int) -> None:
    """No data, data elsewhere, bad base64, rubbish behind, an endless head or tail."""
    with pytest.raises(Delay) as caught:
        read([body[start : start + size] for start in range(0, len(body), size)])
    assert caught.value.code == "answer-unreadable"
