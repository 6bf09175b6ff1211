"""Asks PRO: four endpoints, one deadline, one byte cap, nothing followed.

Nothing is retried but a connection that was never made: that cannot have been billed. There is no
Session of requests: it would read the body of a redirect even when told not to follow it, keep
cookies, and let the environment name a proxy.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from tracking.pro.deadline import Deadline, DeadlineAdapter
from tracking.pro.errors import AnswerTooLarge, ProTooSlow, ProUnreachable
from tracking.shipments import TAKE

API_VERSION = "1.1"
LARGEST_BODY = 512 * 1024  # bytes, decoded
MOST_CALLS = 64  # at once
LONGEST_CONNECT = 1.0  # seconds

_CHUNK = 16 * 1024
_DOTS = frozenset({".", ".."})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What PRO sent: the status, the headers (case-insensitive) and the decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Account(Protocol):
    """Where PRO is and who we are; `url` ends without a slash."""

    @property
    def url(self) -> str: ...
    @property
    def key(self) -> str: ...


@dataclass
class Client:
    """The four endpoints of pro-tracking-api.md. Safe to share between threads.

    Every method takes a Deadline and raises ProUnavailable or one of its children where no
    complete answer came. Any status is an answer: `answers` deciphers it.
    """

    account: Account
    _adapter: DeadlineAdapter | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shipment(self, reference: str, deadline: Deadline) -> Answer:
        """Get Tracking Events: 2 units."""
        return self._get(f"/tracking/{_segment(reference)}", deadline)

    def shipment_contents(self, reference: str, deadline: Deadline) -> Answer:
        """Get Contents-Level Tracking Events: 2 units."""
        return self._get(f"/tracking/{_segment(reference)}/shipment_contents", deadline)

    def shipments(self, custom_reference: str, skip: int, deadline: Deadline) -> Answer:
        """Get Tracking Events by Custom Reference, ten from `skip` on: 3 units."""
        path = f"/tracking/custom_reference/{_segment(custom_reference)}"
        return self._get(f"{path}?take={TAKE}&skip={skip}", deadline)

    def shipments_contents(self, custom_reference: str, skip: int, deadline: Deadline) -> Answer:
        """Get Contents-Level Tracking Events by Custom Reference (the items'): 3 units."""
        path = f"/tracking/custom_reference/{_segment(custom_reference)}/shipment_contents"
        return self._get(f"{path}?take={TAKE}&skip={skip}", deadline)

    def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        with self._lock:
            adapter, self._adapter = self._adapter, None
        if adapter:
            adapter.close()

    def _get(self, target: str, deadline: Deadline) -> Answer:
        request = self._request(target)
        started = time.monotonic()
        try:
            answer = self._send(request, deadline)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            # The text of these errors holds the whole URL, and so the reference.
            failure = ProTooSlow if deadline.remaining() <= 0 else ProUnreachable
            raise failure(type(error).__name__) from None
        _log.info("PRO answered %d in %.0f ms", answer.status, (time.monotonic() - started) * 1000)
        return answer

    def _send(self, request: requests.PreparedRequest, deadline: Deadline) -> Answer:
        with deadline.on_this_thread():
            try:
                return _exchange(self._open_adapter(), request, deadline)
            except requests.ConnectionError as error:
                if not _was_never_connected(error):
                    raise
            return _exchange(self._open_adapter(), request, deadline)

    def _request(self, target: str) -> requests.PreparedRequest:
        """Made by hand: requests would take the address apart, and put it together again."""
        request = requests.PreparedRequest()
        request.method, request.url = "GET", self.account.url + target
        request.headers = CaseInsensitiveDict(
            {
                "x-api-key": self.account.key,
                "x-api-version": API_VERSION,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "parcel-page",
            }
        )
        return request

    def _open_adapter(self) -> DeadlineAdapter:
        """One a process, opened at the first call and so after any fork."""
        with self._lock:
            if self._adapter is None:
                self._adapter = DeadlineAdapter(pool_maxsize=MOST_CALLS, max_retries=0)
            return self._adapter


def _exchange(
    adapter: DeadlineAdapter, request: requests.PreparedRequest, deadline: Deadline
) -> Answer:
    """Send, and read all of the answer."""
    left = deadline.remaining_or_raise()
    timeout = (min(left, LONGEST_CONNECT), left)
    with adapter.send(request, stream=True, timeout=timeout) as response:
        body = b"" if response.is_redirect else _read(response, deadline)
        return Answer(response.status_code, response.headers, body)


def _was_never_connected(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _read(response: requests.Response, deadline: Deadline) -> bytes:
    """The decoded body, as far as it is whole and not too large."""
    if not response.headers.get("Content-Length", "0").strip().isdecimal():
        raise ValueError("a length that is none")
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise AnswerTooLarge
        deadline.remaining_or_raise()
    return bytes(body)


def _segment(reference: str) -> str:
    """One path segment, whatever the reference holds.

    Raises ValueError for `.` and `..`, which HTTP libraries resolve even when encoded.
    """
    if reference in _DOTS or not reference:
        raise ValueError("a reference of dots would be another endpoint's URL")
    return quote(reference, safe="")


def base_url(address: str) -> str:
    """The address that `/tracking/…` is appended to, as the HTTP library will ask for it.

    Raises ValueError where it is none.
    """
    parts = urlsplit(address)
    extras = parts.username or parts.password or any(c in address for c in "?# \t")
    if parts.scheme not in {"http", "https"} or not parts.hostname or extras or parts.port == 0:
        raise ValueError("not the address of a service")
    prepared = requests.Request("GET", address).prepare().url
    return str(prepared).rstrip("/")
