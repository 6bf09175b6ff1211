"""The encoding of an answer: the smallest that the browser takes, and the same bytes again."""

import gzip

import brotli
import pytest

from tracking.encodings import Encoding, chosen, encoded

TEXT = ("<p>Out for delivery today</p>" * 100).encode()
DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("deflate", "identity"),
        ("BR", "br"),
        (" gzip ;q=1.0 , br;q=0.1", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.0, gzip;q=0.000", "identity"),
        ("br; Q = 0 , gzip;q=0.001", "gzip"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("*;q=0, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0, br;q=0, *;q=1", "identity"),
        ("identity", "identity"),
        ("identity;q=0", "identity"),  # better an answer than none
        ("gzipped, brotli, x-gzip", "identity"),
        (",;,=;q", "identity"),
        ("gzip," * 100, "identity"),
    ],
)
def test_smallest_that_is_taken_is_chosen(accepted: str, encoding: Encoding) -> None:
    assert chosen(accepted) == encoding


@pytest.mark.parametrize("encoding", ["br", "gzip"])
@pytest.mark.parametrize(
    "content_type",
    ["text/html; charset=utf-8", "text/css", "application/json", "image/svg+xml; charset=utf-8"],
)
def test_text_gets_smaller_and_is_the_same_when_read(encoding: Encoding, content_type: str) -> None:
    body, used = encoded(TEXT, content_type, encoding)

    assert used == encoding
    assert len(body) < len(TEXT) / 5
    assert DECODERS[encoding](body) == TEXT


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_the_same_body_gives_the_same_bytes(encoding: Encoding) -> None:
    assert encoded(TEXT, "text/html", encoding) == encoded(TEXT, "text/html", encoding)


def test_nothing_tells_when_it_was_made() -> None:
    body, _ = encoded(TEXT, "text/html", "gzip")

    assert body[4:8] == bytes(4)  # of RFC 1952, MTIME: each process has the same ETag


def test_who_takes_no_encoding_gets_the_body_as_it_is() -> None:
    assert encoded(TEXT, "text/html", "identity") == (TEXT, "identity")


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_a_body_that_fits_a_packet_anyway_stays_as_it_is(encoding: Encoding) -> None:
    assert encoded(b"x" * 199, "text/html", encoding) == (b"x" * 199, "identity")
    assert encoded(b"x" * 200, "text/html", encoding)[1] == encoding


@pytest.mark.parametrize("content_type", ["image/png", "font/woff2", "application/zip", ""])
def test_what_is_no_text_is_not_touched(content_type: str) -> None:
    assert encoded(TEXT, content_type, "br") == (TEXT, "identity")
