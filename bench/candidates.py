"""What is compared: the page, and what else could stand in its place."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from bench.asking import Answer, get
from bench.processes import Failed, busy_seconds, resident, stay_on_cores_of_load
from bench.references import new_references
from bench.servers import Server, Servers
from bench.upstream import KEY

PAGE = "this page"
CONSTANT = "Flask, constant bytes"
NAIVE = "naive page"
NGINX = "naive page behind nginx `proxy_cache`"
VARNISH = "naive page behind Varnish"
STATIC = "nginx, static file"

FRESH = 120  # seconds for which the caches keep a page: as long as this page does

_VIEWS_OF_NAIVE = 5  # to see that it is naive
_THREADS = "16"  # for the constant bytes; of 1, 2, 4, 16 and 128 these gave most
_THREADS_OF_NAIVE = "128"  # more than ever wait for PRO


@dataclass(frozen=True)
class Candidate:
    """One of them: where it answers, and its processes."""

    name: str
    port: int
    application: int
    beside: tuple[int, ...] = ()

    def worker_megabytes(self) -> float:
        """RSS of a worker of the application, on average."""
        sizes = resident(self.application)
        workers = [size for pid, size in sizes.items() if pid != self.application]
        return sum(workers) / len(workers)

    def megabytes(self) -> float:
        """RSS of all its processes together."""
        return sum(sum(resident(pid).values()) for pid in (self.application, *self.beside))

    def busy_seconds(self) -> float:
        """CPU time that all its processes have used."""
        return sum(busy_seconds(pid) for pid in (self.application, *self.beside))


@dataclass(frozen=True)
class Field:
    """Those that run with so many workers, those that could not be started and why, and PRO."""

    workers: int
    candidates: dict[str, Candidate]
    absent: dict[str, str]
    pro: int

    def billed(self) -> dict[str, int]:
        """PRO's `calls` and `units` so far."""
        return dict(json.loads(get(self.pro, "/counts").body))


@contextmanager
def in_the_field(workers: int) -> Iterator[Field]:
    """Start all candidates. Raises Failed where the page itself does not start."""
    with TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        servers = Servers(stack, folder, workers)
        stay_on_cores_of_load(workers)
        pro = servers.beside("-m", "bench.upstream")
        account = {
            "PRO_API_URL": f"http://127.0.0.1:{pro.port}/pro",
            "PRO_API_KEY": KEY,
            "LIMIT_LOOKUPS": "0",
            "LIMIT_NOT_FOUND": "0",
        }
        field = Field(workers, {}, {}, pro.port)
        field.candidates[PAGE] = _page(servers, account)
        finished = _finished(field.candidates[PAGE], folder)
        for starter, start in {
            CONSTANT: partial(_constant, servers, account, finished),
            NAIVE: partial(_naive, servers, account, field),
            NGINX: partial(_before, field, NGINX, partial(servers.nginx, "nginx-cache.conf")),
            VARNISH: partial(_before, field, VARNISH, partial(servers.varnish, "varnish.vcl")),
            STATIC: partial(_static, servers, finished),
        }.items():
            try:
                field.candidates[starter] = start()
            except Failed as failure:
                field.absent[starter] = f"left out: {failure}"
        yield field


def _page(servers: Servers, account: dict[str, str]) -> Candidate:
    """With several workers it has a Redis, where there is one."""
    beside: tuple[int, ...] = ()
    shared: dict[str, str] = {}
    if servers.workers > 1:
        with suppress(Failed):
            redis = servers.redis()
            beside = (redis.pid,)
            shared = {"REDIS_URL": f"redis://127.0.0.1:{redis.port}/0", "SECRET_KEY": token_hex()}
    own = servers.python("app.py", environ=account | shared)
    return Candidate(PAGE, own.port, own.pid, beside)


def _constant(servers: Servers, account: dict[str, str], finished: Path) -> Candidate:
    environ = account | {"BENCH_PAGE": f"{finished}.gz"}
    own = servers.python("-m", "bench.serve", "bench.constant:app", _THREADS, environ=environ)
    return Candidate(CONSTANT, own.port, own.pid)


def _naive(servers: Servers, account: dict[str, str], field: Field) -> Candidate:
    serve = ("-m", "bench.serve", "bench.naive:app", _THREADS_OF_NAIVE)
    own = servers.python(*serve, environ=account)
    before, path = field.billed()["calls"], f"/parcel?reference={next(new_references(0))}"
    for _ in range(_VIEWS_OF_NAIVE):
        get(own.port, path)
    if field.billed()["calls"] - before != _VIEWS_OF_NAIVE:
        raise Failed("does not ask PRO at each view")
    return Candidate(NAIVE, own.port, own.pid)


def _before(field: Field, name: str, start: Callable[..., Server]) -> Candidate:
    """A cache before the naive page."""
    naive = field.candidates.get(NAIVE)
    if naive is None:
        raise Failed("has no naive page behind it")
    cache = start(origin=naive.port, fresh=FRESH)
    return Candidate(name, cache.port, naive.application, (cache.pid,))


def _static(servers: Servers, finished: Path) -> Candidate:
    own = servers.nginx("nginx-static.conf", page=finished)
    return Candidate(STATIC, own.port, own.pid)


def _finished(page: Candidate, folder: Path) -> Path:
    """The page of a parcel as a file, and gzipped beside it."""
    path = folder / "parcel.html"
    answer: Answer = get(page.port, f"/parcel?reference={next(new_references(0))}")
    path.write_bytes(answer.body)
    path.with_name("parcel.html.gz").write_bytes(gzip.compress(answer.body, 9))
    return path
