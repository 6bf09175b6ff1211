"""How one candidate is measured in one round, after it was seen to answer as it should."""

from collections.abc import Callable, Mapping
from functools import partial

from bench.asking import BROWSER, check_not_modified, check_page
from bench.candidates import CONSTANT, NAIVE, STATIC, Candidate, Field
from bench.load import views
from bench.processes import Failed
from bench.references import new_references, zipf_views
from bench.shoppers import Figures, shop, while_they_wait

LATENCY = 200  # ms that PRO takes for cold pages
SHORT_LATENCY = 50
LONG_LATENCY = 2000
DIFFERENT = 10_000  # references that mixed traffic asks for
SHOPPERS = 32  # in mixed traffic
WAITING = 64  # clients who wait while hits are counted

_VIEWS = 1500  # of mixed traffic for each second of a measurement

Measure = Callable[[Candidate], Figures]


def _address(reference: str) -> str:
    return f"/parcel?reference={reference}"


def _told(candidate: Candidate, reference: str) -> str:
    """What its page must tell: the same whoever asks, where it is one page for all."""
    return "" if candidate.name in {CONSTANT, STATIC} else reference


def _hot(candidate: Candidate, reference: str, seconds: int) -> Figures:
    path = _address(reference)
    size = len(check_page(candidate.port, path, _told(candidate, reference)).body)
    return {**_viewed(candidate, path, BROWSER, seconds), "bytes": size}


def _viewed(candidate: Candidate, path: str, headers: Mapping[str, str], seconds: int) -> Figures:
    """What wrk says, and how many microseconds of CPU a view cost those who answered it."""
    before = candidate.busy_seconds()
    figures = views(candidate.port, path, headers, seconds)
    busy = candidate.busy_seconds() - before
    return {**figures, "cpu": busy / (figures["rate"] * seconds) * 1e6}


def hot_page(_: Field, seconds: int) -> Measure:
    """One page, again and again."""
    reference = next(new_references(SHORT_LATENCY))
    return partial(_hot, reference=reference, seconds=seconds)


def not_modified(_: Field, seconds: int) -> Measure:
    """The same, by those who have it."""
    reference = next(new_references(SHORT_LATENCY))
    path = _address(reference)

    def measure(candidate: Candidate) -> Figures:
        if candidate.name == CONSTANT:
            return _hot(candidate, reference, seconds)
        tag = check_page(candidate.port, path, _told(candidate, reference)).headers.get("etag", "")
        check_not_modified(candidate.port, path, tag)
        known = BROWSER | {"If-None-Match": tag}
        figures = _viewed(candidate, path, known, seconds)
        check_not_modified(candidate.port, path, tag)
        return figures

    return measure


def cold_page(_: Field, seconds: int) -> Measure:
    """Another page at each view."""

    def measure(candidate: Candidate) -> Figures:
        figures = {}
        for clients in (32, 64):
            count = clients * seconds * 1000 // LATENCY
            fresh = new_references(LATENCY)
            paths = iter([_address(next(fresh)) for _ in range(count)])
            before = candidate.busy_seconds()
            tally = shop(candidate.port, paths, clients, 10 * seconds, LATENCY / 1000)
            tally.check()
            figures[f"cpu {clients}"] = (candidate.busy_seconds() - before) / count * 1000
            figures[f"share {clients}"] = LATENCY / 1000 / tally.mean()
            figures[f"rate {clients}"] = clients / tally.mean()
            figures[f"p99 {clients}"] = tally.milliseconds(99)
        return figures

    return measure


def mixed_traffic(field: Field, seconds: int) -> Measure:
    """Many pages, a few of them popular."""
    paths = [_address(one) for one in zipf_views(SHORT_LATENCY, DIFFERENT, _VIEWS * seconds)]

    def measure(candidate: Candidate) -> Figures:
        before = field.billed()
        longest = seconds * (2 if candidate.name == NAIVE else 20)
        tally = shop(candidate.port, iter(paths), SHOPPERS, longest)
        after = field.billed()
        tally.check()
        thousands = len(tally.latencies) / 1000
        return {
            **{f"p{percent}": tally.milliseconds(percent) for percent in (50, 90, 99)},
            "rate": tally.rate(),
            **{name: (after[name] - before[name]) / thousands for name in ("calls", "units")},
            "worker": candidate.worker_megabytes(),
            "all": candidate.megabytes(),
        }

    return measure


def hits_while_waiting(_: Field, seconds: int) -> Measure:
    """One page, alone and while others wait for PRO."""
    reference = next(new_references(SHORT_LATENCY))

    def measure(candidate: Candidate) -> Figures:
        alone = _hot(candidate, reference, seconds)
        slow = (_address(one) for one in new_references(LONG_LATENCY))
        hits = partial(_hot, candidate, reference, seconds)
        meanwhile, waited = while_they_wait(candidate.port, slow, WAITING, hits)
        if waited.lost or set(waited.statuses) - {200}:
            raise Failed(f"answered those who wait {dict(waited.statuses)}, {waited.lost} nothing")
        if any(seconds < LONG_LATENCY / 1000 for seconds in waited.latencies):
            raise Failed("let nobody wait")
        return {
            "kept": meanwhile["rate"] / alone["rate"],
            "alone": alone["rate"],
            "rate": meanwhile["rate"],
            "p99": meanwhile["p99"],
        }

    return measure
