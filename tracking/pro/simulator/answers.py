"""An answer of PRO on its way to the wire, and the errors of the contract as exceptions."""

import gzip
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.client import responses
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. Content-Length is counted unless `headers` has its own."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, value: object) -> Self:
        """`value` as JSON; non-ASCII characters are escaped, as .NET does."""
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """The same answer with more headers; one of the same name is replaced."""
        added = {name.title(): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **added})

    def for_client(self, request: "Request") -> Self:
        """The same answer, gzipped where the client accepts that and it is not encoded yet."""
        if "Content-Encoding" in self.headers or not request.accepts_gzip:
            return self
        encoding = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return replace(self, body=gzip.compress(self.body, 5, mtime=0)).with_headers(encoding)

    @property
    def head(self) -> bytes:
        """Status line and headers, with the blank line that ends them."""
        own = {"Date": formatdate(usegmt=True), "Content-Length": str(len(self.body))}
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status, '')}"]
        lines += [f"{name}: {value}" for name, value in {**own, **self.headers}.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass(frozen=True)
class Request:
    """One HTTP request: `target` byte for byte as on the wire, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def accepts_gzip(self) -> bool:
        """Whether Accept-Encoding names gzip."""
        return "gzip" in self.headers.get("accept-encoding", "").lower()


class Refusal(Exception):
    """An error of the contract's table: PRO's status, `code` and message, and one detail."""

    def __init__(
        self, status: int, code: str, message: str, *, detail: str = "", about: str | None = None
    ) -> None:
        super().__init__(message)
        self.answer = Answer.json(status, _error(code, message, detail, about))


def _error(code: str, message: str, detail: str, about: str | None) -> Json:
    """The body of an error: `ApiError` of the contract."""
    details = [{"property": about, "code": detail, "message": message}] if detail else []
    return {
        "correlation_id": str(uuid.uuid4()),
        "code": code,
        "message": message,
        "details": details,
        "_links": [],
    }
