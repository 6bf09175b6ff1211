"""Asks PRO: four endpoints, one deadline, one byte cap, nothing followed, nothing retried."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Protocol
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import HTTPError

from tracking.pro.deadline import Deadline, DeadlineAdapter
from tracking.pro.errors import AnswerTooLarge, ProTooSlow, ProUnreachable

API_VERSION = "1.1"
TAKE = 10  # the most that PRO gives at once
LARGEST_BODY = 512 * 1024  # bytes, decoded
MOST_CONNECTIONS = 64

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
    _session: requests.Session | None = None
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

    def _get(self, target: str, deadline: Deadline) -> Answer:
        request = self._request(target)
        started = time.monotonic()
        try:
            with deadline.on_this_thread():
                answer = self._send(request, deadline)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            # The text of these errors holds the whole URL, and so the reference.
            _log.warning("PRO gave no answer: %s", type(error).__name__)
            failure = ProTooSlow if deadline.remaining() <= 0 else ProUnreachable
            raise failure(type(error).__name__) from None
        _log.info("PRO answered %d in %.0f ms", answer.status, (time.monotonic() - started) * 1000)
        return answer

    def _request(self, target: str) -> requests.PreparedRequest:
        headers = {
            "x-api-key": self.account.key,
            "x-api-version": API_VERSION,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "parcel-page",
        }
        url = self.account.url + target
        request = requests.Request("GET", url, headers=headers).prepare()
        if request.url != url:
            raise ValueError("the HTTP library would ask for something else than was meant")
        return request

    def _send(self, request: requests.PreparedRequest, deadline: Deadline) -> Answer:
        with self._open_session().send(
            request, stream=True, allow_redirects=False, timeout=deadline.remaining_or_raise()
        ) as response:
            body = bytearray()
            if not response.is_redirect:
                for chunk in response.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > LARGEST_BODY:
                        _log.warning("PRO's answer is larger than %d bytes", LARGEST_BODY)
                        raise AnswerTooLarge
                    deadline.remaining_or_raise()
            return Answer(response.status_code, response.headers, bytes(body))

    def _open_session(self) -> requests.Session:
        """One session a process, made at the first call and so after any fork."""
        with self._lock:
            if self._session is None:
                self._session = _new_session()
            return self._session


class _Session(requests.Session):
    """Follows nothing: requests would read the body of a redirect even when told not to."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _new_session() -> requests.Session:
    session = _Session()
    session.trust_env = False  # no proxy and no .netrc ever sees the key
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = DeadlineAdapter(pool_maxsize=MOST_CONNECTIONS, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _segment(reference: str) -> str:
    """One path segment, whatever the reference holds.

    Raises ValueError for `.` and `..`, which HTTP libraries resolve even when encoded.
    """
    if reference in _DOTS or not reference:
        raise ValueError("a reference of dots would be another endpoint's URL")
    return quote(reference, safe="")


def is_base_url(url: str) -> bool:
    """Whether `url` can stand before `/tracking/…`."""
    parts = urlsplit(url)
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain
