"""The fault matrix, part G: who asks for too much, and what nobody may learn, set or follow."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app import create_app
from tests.crowds import at_once
from tests.fleet import METRICS_TOKEN, SECRET, Fleet
from tests.fleet import parcel as parcel_of_the_fleet
from tests.matrix import (
    CANARIES,
    KEY,
    NAME,
    SLACK,
    Answer,
    Scene,
    cannot_answer,
    not_found,
    running,
    was_fresh,
)
from tests.redis_server import RedisServer
from tests.shipments import event, new_reference, shipment
from tracking.counts import TEN_MINUTES
from tracking.guard import BREAK
from tracking.pro.simulator import Fault, Simulator

LOOKUPS, NOT_FOUND = 120, 20  # what one client may, by default
LIMITS = {"PROXIES": "1", "LIMIT_LOOKUPS": str(LOOKUPS), "LIMIT_NOT_FOUND": str(NOT_FOUND)}
LIMITED = "Too many searches"
UNITS = 2  # that one call for a shipment reference costs
CACHED = 0.1 * SLACK  # seconds that a page from memory may take


@pytest.fixture(scope="module")
def whole_scene() -> Iterator[Scene]:
    yield from running(Scene(f"abuse.{NAME}", environ=LIMITS))


@pytest.fixture
def scene(whole_scene: Scene) -> Iterator[Scene]:
    """Behind a proxy of ours, with the limits as they are by default."""
    with row(whole_scene):
        yield whole_scene


@contextmanager
def row(scene: Scene) -> Iterator[Scene]:
    """Around one test; at its end a client who has asked for nothing yet is answered."""
    with scene.row():
        yield scene
        good = scene.parcel()
        was_fresh(ask(scene, good, "203.0.113.250"))
        assert scene.calls_about(good) == 1


def ask(scene: Scene, reference: str, client: str, path: str = "/parcel", **query: str) -> Answer:
    """What a client with that address gets."""
    return _answer(scene, scene.app, client, path, {"reference": reference, **query})


def _answer(scene: Scene, app: Flask, client: str, path: str, query: Mapping[str, str]) -> Answer:
    headers = {"X-Forwarded-For": client}
    got = app.test_client().get(path, query_string=query, headers=headers)
    answer = Answer(got.status_code, got.headers, got.text, got.get_json(silent=True), 0.0)
    scene.answers.append(answer)
    return answer


def statuses(*acts: Callable[[], Answer]) -> list[int]:
    return [act().status for act in acts]


def in_vain(scene: Scene, client: str, times: int = 1) -> list[int]:
    """A client looks up what nobody has, so many times."""
    return statuses(*(partial(ask, scene, unknown(scene), client) for _ in range(times)))


def unknown(scene: Scene) -> str:
    scene.references.append(new_reference())
    return scene.references[-1]


def too_many(answer: Answer, reference: str, seconds: int) -> None:
    """The page that says so, and when to come again."""
    assert (answer.status, answer.headline) == (429, LIMITED)
    assert re.search(r"Wait \d+ minutes?, then try again", answer.soup.get_text())
    assert answer.soup.select_one("input[name=reference]")["value"] == reference
    assert 1 <= int(answer.headers["Retry-After"]) <= seconds
    assert answer.headers["Cache-Control"] == "no-store"


# G1: one client asks for much.


def test_G1_hundreds_that_nobody_has_from_one_client_are_twenty_calls(scene):
    known = scene.parcel()
    was_fresh(ask(scene, known, "192.0.2.1"))
    scene.pro.forget_calls()

    told = in_vain(scene, "198.51.100.1", 400)

    assert told == [404] * NOT_FOUND + [429] * (400 - NOT_FOUND)
    assert len(scene.pro.calls) == NOT_FOUND
    last = unknown(scene)
    too_many(ask(scene, last, "198.51.100.1"), last, TEN_MINUTES)
    error = ask(scene, last, "198.51.100.1", "/parcel.json")
    assert (error.status, error.json["error"]["code"]) == (429, "too_many_tries")
    for anybody in ("192.0.2.2", "198.51.100.1"):  # what is remembered is never limited
        page = ask(scene, known, anybody)
        was_fresh(page)
        assert page.seconds < CACHED
    assert in_vain(scene, "192.0.2.3") == [404]


def test_G1_hundreds_of_parcels_from_one_client_are_as_many_calls_as_it_may(scene):
    parcels = [scene.parcel() for _ in range(400)]

    told = statuses(*(partial(ask, scene, one, "198.51.100.2") for one in parcels))

    assert told == [200] * LOOKUPS + [429] * (400 - LOOKUPS)
    assert len(scene.pro.calls) == LOOKUPS
    too_many(ask(scene, parcels[-1], "198.51.100.2"), parcels[-1], 60)
    was_fresh(ask(scene, parcels[0], "198.51.100.2"))
    was_fresh(ask(scene, parcels[-1], "192.0.2.4"))
    was_fresh(ask(scene, parcels[-1], "198.51.100.2"))  # for somebody has asked for it now
    assert len(scene.pro.calls) == LOOKUPS + 1


def test_G1_many_at_once_get_no_further_than_one_by_one(scene):
    looks = [partial(ask, scene, unknown(scene), "198.51.100.3") for _ in range(NOT_FOUND * 2)]

    told = [answer.status for answer in at_once(*looks)]

    assert set(told) == {404, 429}
    assert len(scene.pro.calls) == told.count(404) <= NOT_FOUND


def test_G1_nor_do_they_in_a_fleet_and_who_shares_an_address_waits_for_the_others():
    patient = {"PRO_DEADLINE": "30", "LIMIT_NOT_FOUND": str(NOT_FOUND)}
    with (
        RedisServer() as redis,
        Simulator(key=KEY, stories=()) as pro,
        Fleet(pro, 4, redis.url, **patient) as fleet,
    ):
        lines = fleet.crowd(64)
        parcels = [parcel_of_the_fleet(pro)["shipment_reference"] for _ in range(3 * NOT_FOUND)]
        pro.fault(Fault("latency", seconds=0.3))
        found = at_once(*map(lambda line, one: partial(line.look_up, one), lines, parcels))
        assert Counter(answer.status for answer in found) == {200: 3 * NOT_FOUND}
        assert len(pro.calls) == 3 * NOT_FOUND
        pro.forget_calls()

        guessed = at_once(*(partial(line.look_up, new_reference()) for line in lines))

        told = Counter(answer.status for answer in guessed)
        by_itself = fleet.metric("redis_failures_total")  # who did not reach Redis counted so
        assert told == {404: NOT_FOUND, 429: 64 - NOT_FOUND} or by_itself
        assert len(pro.calls) == told[404]


def test_G1_who_would_wait_too_long_for_the_others_comes_again_and_has_not_asked_too_much():
    hasty = {"PRO_DEADLINE": "1", "LIMIT_NOT_FOUND": "1"}
    with Scene(f"hasty.{NAME}", environ={**LIMITS, **hasty}) as whole, row(whole) as scene:
        parcel, client = scene.parcel(), "198.51.100.4"
        with scene.app.extensions["parcel_page"].lookup.allowance.lookup(client):
            answer = ask(scene, parcel, client)

        cannot_answer(answer, parcel)
        assert 1 <= int(answer.headers["Retry-After"]) <= 3
        assert scene.calls_about(parcel) == 0
        was_fresh(ask(scene, parcel, client))


# G2: many clients ask for much.


def test_G2_from_a_thousand_clients_the_budget_is_the_end_of_it():
    budget = 60
    with (
        Scene(f"budget.{NAME}", environ={**LIMITS, "PRO_UNITS_PER_MINUTE": str(budget)}) as whole,
        whole.row() as scene,
    ):
        now = stopped_minute(scene)
        known = scene.parcel()
        was_fresh(ask(scene, known, "192.0.2.1"))
        asked = [(scene.parcel() if n % 2 else unknown(scene)) for n in range(1000)]

        answers = [ask(scene, one, f"198.51.{n // 250}.{n % 250}") for n, one in enumerate(asked)]

        answered = budget // UNITS - 1  # one was for the known
        told = [answer.status for answer in answers]
        assert told == ([404, 200] * budget)[:answered] + [503] * (1000 - answered)
        assert len(scene.pro.calls) * UNITS == budget
        cannot_answer(answers[-1], asked[-1])
        del scene.answers[50:-50]  # enough to look for leaks in
        for n, one in enumerate([known, asked[1], asked[3]]):
            was_fresh(ask(scene, one, f"192.0.2.{n}"))
        not_found(ask(scene, asked[0], "192.0.2.9"), asked[0])
        assert len(scene.pro.calls) * UNITS == budget

        now[0] += 60  # the next minute
        assert ask(scene, asked[-1], "192.0.2.10").status == 200
        assert len(scene.pro.calls) * UNITS == budget + UNITS


def stopped_minute(scene: Scene, app: Flask | None = None) -> list[float]:
    """The clock of the budget stands still at the beginning of a minute; turn it by its value."""
    now = [1_800_000_000.0]
    lookup = (app or scene.app).extensions["parcel_page"].lookup
    lookup.asking.calls.gate.budget._clock = lambda: now[0]
    return now


# G3: one client with many addresses.


@pytest.mark.parametrize(
    "write",
    [
        lambda n: f"2001:db8:3:1::{n:x}",
        lambda n: f"2001:db8:3:2:{n:x}:{n * 7:x}:{n * 31:x}:{n * 127:x}",
        lambda n: f"2001:DB8:3:3:0:0:0:{n:X}",
        lambda n: f"fe80::{n:x}%eth{n}",
        lambda n: "::ffff:198.51.100.33" if n % 2 else "198.51.100.33",
        lambda n: "::ffff:c633:6422" if n % 2 else "198.51.100.34",
        lambda n: f"198.51.100.35:{1024 + n}",
        lambda n: f"[2001:db8:3:4::{n:x}]:{1024 + n}",
    ],
    ids=[
        "in a /64",
        "far apart in a /64",
        "long form",
        "zone",
        "mapped",
        "mapped in hex",
        "with a port",
        "with brackets and a port",
    ],
)
def test_G3_the_addresses_of_one_client_are_counted_as_one(scene, write):
    told = [ask(scene, unknown(scene), write(n)).status for n in range(1, NOT_FOUND + 4)]

    assert told == [404] * NOT_FOUND + [429] * 3
    assert len(scene.pro.calls) == NOT_FOUND


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("2001:db8:4:1::1", "2001:db8:4:2::1"),
        ("198.51.100.41", "198.51.100.42"),
        ("::ffff:198.51.100.43", "::ffff:198.51.100.44"),
        ("198.51.100.45:1024", "198.51.100.46:1024"),
        ("198.51.100.47", "2001:db8:4:3::1"),
    ],
)
def test_G3_clients_beside_each_other_are_not_counted_as_one(scene, one, another):
    assert in_vain(scene, one, NOT_FOUND + 1) == [404] * NOT_FOUND + [429]

    assert in_vain(scene, another) == [404]

    assert len(scene.pro.calls) == NOT_FOUND + 1


# G4: a client who guesses.


def test_G4_who_guesses_too_often_learns_nothing_more(scene):
    guesser = "198.51.100.50"
    remembered, known = scene.parcel(), scene.parcel()
    was_fresh(ask(scene, remembered, "192.0.2.1"))
    assert in_vain(scene, guesser, NOT_FOUND) == [404] * NOT_FOUND
    scene.pro.forget_calls()

    told = unknown(scene)
    too_many(ask(scene, told, guesser), told, TEN_MINUTES)
    was_fresh(ask(scene, remembered, guesser))

    for path in ("/parcel", "/parcel.json", "/embed"):
        for more in ({}, {"level": "contents"}):
            of_known = whole(ask(scene, known, guesser, path, **more), known)
            of_unknown = whole(ask(scene, told, guesser, path, **more), told)
            assert of_known == of_unknown
            assert of_known[0] == 429
    assert scene.pro.calls == []
    was_fresh(ask(scene, known, "192.0.2.2"))


def test_G4_nor_by_order_numbers(scene):
    guesser = "198.51.100.51"
    known, told = (new_reference("order")[-30:] for _ in range(2))
    scene.put(shipment(event(), custom_reference=known))
    scene.references.append(told)

    guessed = [ask(scene, new_reference("guess")[-30:], guesser).status for _ in range(NOT_FOUND)]
    assert guessed == [404] * NOT_FOUND
    assert len(scene.pro.calls) == 2 * NOT_FOUND  # once at each level

    of_known, of_unknown = (whole(ask(scene, one, guesser), one) for one in (known, told))
    assert of_known == of_unknown
    assert of_known[0] == 429
    assert scene.calls_about(known) == scene.calls_about(told) == 0


def whole(answer: Answer, reference: str) -> tuple[int, list[tuple[str, str]], str]:
    """All of an answer but for the reference, and for the time to wait, which goes by."""
    headers = [(name, value) for name, value in answer.headers if name != "Retry-After"]
    assert 1 <= int(answer.headers["Retry-After"]) <= TEN_MINUTES
    return answer.status, headers, answer.text.replace(reference, "that")


# G5 and G6: what is counted is kept in Redis, which may go.


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@contextmanager
def sharing(redis: RedisServer, name: str, **environ: str) -> Iterator[Scene]:
    """A scene whose processes share a Redis."""
    shared = {"REDIS_URL": redis.url, "SECRET_KEY": SECRET}
    with Scene(f"{name}.{NAME}", environ={**LIMITS, **shared, **environ}) as whole, row(whole):
        yield whole


def another_process(scene: Scene) -> Flask:
    """One more of the same fleet."""
    account = {"PRO_API_URL": f"http://{scene.name}/pro", "PRO_API_KEY": KEY}
    settings = {**account, "PRO_ALLOW_HTTP": "1", "LOG_LEVEL": "DEBUG", **scene.environ}
    return create_app(settings, scene.clock, scene.clock.timer)


def redis_of(scene: Scene) -> str:
    return scene.app.test_client().get("/readyz").json["redis"]


def test_G5_with_redis_all_processes_count_together(own_redis):
    with sharing(own_redis, "together") as scene:
        other, client = another_process(scene), "198.51.100.60"

        told = [
            _answer(
                scene, (scene.app, other)[n % 2], client, "/parcel", {"reference": unknown(scene)}
            ).status
            for n in range(NOT_FOUND + 4)
        ]

        assert told == [404] * NOT_FOUND + [429] * 4
        assert len(scene.pro.calls) == NOT_FOUND
        assert own_redis.client.dbsize() > 0
        assert not [key for key in own_redis.client.keys("*") if client.encode() in key]


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_G5_without_redis_each_process_counts_by_itself(how):
    with RedisServer() as redis, sharing(redis, f"limits-{how}") as scene:
        client = "198.51.100.61"
        assert in_vain(scene, client, NOT_FOUND // 2) == [404] * (NOT_FOUND // 2)
        assert redis_of(scene) == "answers"

        getattr(redis, how)()
        told = in_vain(scene, client, NOT_FOUND + 4)

        assert redis_of(scene) == "away"
        assert told == [404] * NOT_FOUND + [429] * 4  # its own count began at nought
        assert in_vain(scene, "192.0.2.1") == [404]

        redis.thaw() if how == "freeze" else redis.restart()
        scene.clock.turn(seconds=BREAK + 1)
        assert in_vain(scene, "192.0.2.2") == [404]
        assert redis_of(scene) == "answers"
        assert 429 in in_vain(scene, client, NOT_FOUND + 1)


def test_G5_redis_that_was_never_there_is_no_way_around_the_limit():
    with RedisServer() as redis:
        redis.kill()
        with sharing(redis, "limits-never") as scene:
            assert in_vain(scene, "198.51.100.62", NOT_FOUND + 4) == [404] * NOT_FOUND + [429] * 4
            assert redis_of(scene) == "away"


@pytest.mark.parametrize("words", ["", "x" * 1000, "-5", "99999999999999999999999"])
def test_G5_rubbish_for_a_count_is_neither_an_error_nor_an_end_to_all(own_redis, words):
    with sharing(own_redis, f"rubbish{len(words)}") as scene:
        client = "198.51.100.63"
        assert in_vain(scene, client) == [404]
        for key in own_redis.client.keys("*"):
            own_redis.client.set(key, words, ex=60)

        told = in_vain(scene, client, NOT_FOUND * 2 + 10)

        assert set(told) <= {404, 429}
        assert told[-1] == 429
        assert in_vain(scene, "192.0.2.1") == [404]


def test_G6_a_budget_that_redis_has_lost_is_spent_once(own_redis):
    with sharing(own_redis, "lost", PRO_UNITS_PER_MINUTE="20") as scene:
        now = stopped_minute(scene)
        told = [ask(scene, scene.parcel(), f"198.51.100.{n}").status for n in range(7)]
        assert told == [200] * 7
        own_redis.client.flushall()

        told = [ask(scene, scene.parcel(), f"198.51.101.{n}").status for n in range(7)]

        assert told == [200] * 3 + [503] * 4
        assert len(scene.pro.calls) * UNITS == 20
        now[0] += 60


@pytest.mark.parametrize("window", ["MINUTE", "DAY"])
def test_G6_two_processes_spend_it_once_too_but_for_what_one_did_not_know_of(own_redis, window):
    with sharing(own_redis, f"lost-{window.lower()}", **{f"PRO_UNITS_PER_{window}": "40"}) as scene:
        apps = [scene.app, another_process(scene)]
        now = stopped_minute(scene)
        stopped_minute(scene, apps[1])
        told = []
        for n in range(30):
            if n == 12:
                own_redis.client.flushall()
            query = {"reference": scene.parcel()}
            told.append(_answer(scene, apps[n % 2], f"198.51.100.{n}", "/parcel", query).status)

        assert set(told) == {200, 503}
        assert told[-4:] == [503] * 4
        assert 40 <= len(scene.pro.calls) * UNITS <= 40 + UNITS
        now[0] += 86_400


def test_G6_without_redis_each_process_has_its_share():
    with (
        RedisServer() as redis,
        sharing(redis, "share", PRO_UNITS_PER_MINUTE="40", WEB_CONCURRENCY="2") as scene,
    ):
        now = stopped_minute(scene)
        assert [ask(scene, scene.parcel(), f"198.51.100.{n}").status for n in range(4)] == [200] * 4

        redis.kill()
        told = [ask(scene, scene.parcel(), f"198.51.101.{n}").status for n in range(20)]

        assert told == [200] * 8 + [503] * 12
        assert len(scene.pro.calls) * UNITS == 8 + (40 - 8) // 2  # half of what was left
        now[0] += 60


# G8 and G11: there are no signed links yet, so that no key opens anything.


NO_KEYS = {
    "empty": "",
    "word": "secret",
    "signed by somebody": "InNwXzAwNjkwMDAwMDAi.aSYZ1A.5kq3V0mYwFv1yQhLhG0xkCjDk3s",
    "algorithm none": "eyJhbGciOiJub25lIn0.eyJyIjoic3BfMSJ9.",
    "truncated": "InNwXzAwNjkw.aS",
    "a byte of zero": "key\0canary",
    "control characters": "key\r\nX-Evil: canary",
    "unicode": "ключ\u202e\ufeff\U0001f511",
    "markup": "<script>canary</script>",
}


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
@pytest.mark.parametrize("path", ["/parcel", "/parcel.json", "/embed", "/record", "/parcel.ics"])
def test_G8_no_key_opens_anything_and_none_is_told_again(scene, path, key):
    reference = scene.parcel()

    answer = ask(scene, reference, "198.51.100.80", path, key=key)

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "X-Evil" not in answer.headers
    told = f"{answer.headers} {answer.text} {scene.logs}"
    assert "canary" not in told
    assert not key or key not in told
    assert scene.calls_about(reference) == 1
    assert all("key=" not in call.target for call in scene.pro.calls)


def test_G8_a_key_of_a_megabyte_is_too_long_and_costs_no_call(scene):
    reference = scene.parcel()

    assert ask(scene, reference, "198.51.100.81", key="k" * 10**6).status == 414

    assert scene.calls_about(reference) == 0


def test_G11_no_cache_between_keeps_a_page_and_with_a_key_nobody_does(scene):
    reference = scene.parcel()

    told = [
        ask(scene, reference, "198.51.100.82", **({"key": key} if key else {})).headers
        for key in ["", "secret", "", "secret"]  # the third is one that was finished before
    ]

    assert [headers["Cache-Control"] for headers in told] == ["private, no-cache", "no-store"] * 2
    assert ["ETag" in headers for headers in told] == [True, False] * 2
    assert scene.calls_about(reference) == 1


# G15 to G17: what leaves with each page.


PAGES = {
    "/": 200,
    "/parcel?reference={found}": 200,
    "/parcel?reference={found}&level=contents": 200,
    "/parcel?reference={order}": 200,
    "/parcel?reference={quiet}": 200,
    "/parcel.json?reference={found}": 200,
    "/embed": 200,
    "/embed?reference={found}": 200,
    "/healthz": 200,
    "/readyz": 200,
    "/parcel": 400,
    "/parcel?reference=a&reference=b": 400,
    "/parcel.json": 400,
    "/parcel?reference={unknown}": 404,
    "/parcel.json?reference={unknown}": 404,
    "/embed?reference={unknown}": 404,
    "/parcel?reference={order}&page=7": 404,
    "/nothing": 404,
    "/metrics": 404,
    "/robots.txt": 404,
    "/favicon.ico": 404,
    "/parcel?reference={gone}": 410,
    "/parcel?reference=x&utm=" + "x" * 2100: 414,
    "/parcel?reference={failing}": 503,
    "/parcel.json?reference={failing}": 503,
    "/embed?reference={failing}": 503,
}


@pytest.fixture(scope="module")
def site() -> Iterator[Callable[[str], Answer]]:
    """Asks for any of the pages, each as a new client with cookies of its shop."""
    contact = {"CONTACT_URL": "https://shop.example/help", "RETAILER_NAME": "Hazel & Oak"}
    with Scene(f"site.{NAME}", environ={**LIMITS, **contact}) as scene:
        order = new_reference("order")[-30:]
        made = {
            "found": scene.parcel(
                shipment_contents=[],
                _links=[{"rel": "a", "href": "https://evil.test/", "type": "b", "reference": "c"}],
            ),
            "order": order,
            "quiet": scene.put(shipment()),
            "gone": scene.parcel(),
            "failing": scene.parcel(),
            "unknown": unknown(scene),
        }
        for code in ("delivered", "lost"):
            scene.parcel(code, custom_reference=order)
        scene.pro.fault(Fault("status", status=410), made["gone"])
        scene.pro.fault(Fault("status", status=500), made["failing"])
        asked = iter(range(1000))

        def get(page: str) -> Answer:
            n = next(asked)
            got = scene.app.test_client().get(
                page.format(**made),
                headers={
                    "X-Forwarded-For": f"198.51.{n // 250}.{n % 250}",
                    "X-Forwarded-Proto": "https",
                    "Cookie": "shop=1; session=eyJ1IjoxfQ.canary",
                },
            )
            json = got.get_json(silent=True)
            return Answer(got.status_code, got.headers, got.text, json, 0.0)

        yield get
        assert set(scene.pro.fired) == {"status"}


@pytest.mark.parametrize(("page", "status"), PAGES.items())
def test_G15_G16_a_page_sets_no_cookie_and_asks_and_tells_nobody_else(site, page, status):
    answer = site(page)

    assert answer.status == status
    assert "Set-Cookie" not in answer.headers
    assert "canary" not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Link" not in answer.headers
    assert "Refresh" not in answer.headers
    assert "Report-To" not in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?:|\*|unsafe|report", policy.partition("frame-ancestors")[0])
    if answer.headers["Content-Type"].startswith("text/html"):
        asks_nobody_else(answer.soup)


def asks_nobody_else(soup: BeautifulSoup) -> None:
    """All that a browser fetches is ours; what leads away says nothing of where it comes from."""
    assert soup.select("iframe, object, embed, base, [style], [onload], [ping]") == []
    assert all(one["src"].startswith("/assets/") and not one.text for one in soup("script"))
    assert soup.select("meta[http-equiv]") == []
    fetched = [
        one[name]
        for name in ("src", "srcset", "data", "poster")
        for one in soup.select(f"[{name}]")
    ]
    fetched += [one["href"] for one in soup.select("link[href]")]
    fetched += [one["action"] for one in soup.select("form[action]")]
    assert [one for one in fetched if not re.match(r"/(?!/)", one)] == []
    for link in soup.select("a[href]"):
        if urlsplit(link["href"]).netloc:
            assert link["href"] == "https://shop.example/help"
            assert {"noopener", "noreferrer"} <= set(link["rel"])


def test_G15_pages_lead_away_only_to_the_shop(site):
    page = site("/parcel?reference={found}")

    away = [link["href"] for link in page.soup.select("a[href]") if urlsplit(link["href"]).netloc]
    assert away == ["https://shop.example/help"]
    assert "evil" not in page.text


@pytest.mark.parametrize("asset", ["parcel.css", "icon.svg"])
def test_G16_what_a_page_is_dressed_in_asks_nobody_else(site, asset):
    answer = site(f"/assets/{asset}")

    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    assert re.findall(r"@import|url\(|href|src=|//(?!www\.w3\.org/2000/svg)", answer.text) == []


@pytest.mark.parametrize(("page", "status"), PAGES.items())
def test_G17_no_search_engine_keeps_a_page(site, page, status):
    answer = site(page)

    assert answer.status == status
    assert answer.headers.getlist("X-Robots-Tag") == ["noindex"]


def test_G17_and_none_is_kept_from_reading_that(site):
    robots = site("/robots.txt")  # without one every crawler may read, and so learns of `noindex`

    assert robots.status == 404
    assert "disallow" not in robots.text.lower()
    for page in ("/", "/parcel?reference={found}"):
        assert not site(page).soup.select("meta[name=robots]")


def test_G17_who_has_the_page_is_told_so_again(whole_scene):
    client = whole_scene.app.test_client()
    page = client.get("/")

    again = client.get("/", headers={"If-None-Match": page.headers["ETag"]})

    assert again.status_code == 304
    assert again.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in again.headers


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_G16_G17_a_refused_method_is_an_answer_like_any_other(whole_scene, method):
    answer = whole_scene.app.test_client().open("/parcel", method=method)

    assert answer.status_code == 405
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in answer.headers


# G18: what is left behind.


FAULTS = {
    "broken": Fault("status", status=500, body='{"message": "SIGNEE-CANARY at 51.50007"}'),
    "refused": Fault("status", status=400, body='{"code": "SIGNEE-CANARY", "message": "51.50007"}'),
    "garbage": Fault("garbage"),
    "html": Fault("html"),
    "truncate": Fault("truncate"),
    "big": Fault("big"),
    "reset": Fault("reset"),
    "slow": Fault("hang"),
    "redirect": Fault("redirect", location="https://evil.test/SIGNEE-CANARY"),
    "wrong_shipment": Fault("wrong_shipment"),
    "locked": Fault("status", status=401, body='{"message": "the key is key-canary"}'),
}


def test_G18_the_log_names_what_went_wrong_and_nobody_and_nothing_else():
    with (
        RedisServer() as redis,
        Simulator(key=KEY, stories=()) as pro,
        Fleet(
            pro,
            redis_url=redis.url,
            LOG_LEVEL="DEBUG",
            PRO_DEADLINE="0.5",
            LIMIT_NOT_FOUND=str(NOT_FOUND),
            LIMIT_LOOKUPS="200",
        ) as fleet,
    ):
        told: dict[str, int] = {}

        def look_up(name: str, reference: str) -> None:
            told[name] = fleet.look_up(reference).status

        def parcel() -> str:
            return parcel_of_the_fleet(pro, code="new_to_us_all")["shipment_reference"]

        alone = "while PRO is left alone"
        asked = {name: parcel() for name in ("found", *FAULTS, "without redis", alone)}
        typed = {
            "unknown": new_reference(),
            "unknown order": "ORDER-CANARY-1",
            "too long": "LONG-CANARY" * 9,
            "wrong digits": "sp_123454321012345",
            "control": "CONTROL-CANARY\r\nERROR forged",
            "markup": "<script>CANARY</script>",
        }
        look_up("found", asked["found"])
        for name, reference in typed.items():
            look_up(name, reference)
        for _ in range(NOT_FOUND):
            look_up("limited", new_reference())
        redis.kill()
        look_up("without redis", asked["without redis"])
        for name, fault in FAULTS.items():
            look_up("found again", parcel())  # so that the breaker does not open
            pro.fault(fault, asked[name])
            look_up(name, asked[name])
        look_up(alone, asked[alone])
        metrics = fleet.ask("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
        assert fleet.ask("/metrics", Authorization="Bearer WRONG-CANARY").status == 401
        calls = [call.target for call in pro.calls]
        fired = set(pro.fired)
    log = fleet.text

    assert told == {
        "found": 200,
        "found again": 200,
        "unknown": 404,
        "unknown order": 404,
        "too long": 400,
        "wrong digits": 400,
        "control": 400,
        "markup": 404,
        **dict.fromkeys(FAULTS, 503),
        "without redis": 200,
        "limited": 429,
        alone: 503,
    }
    assert fired >= {"status", "garbage", "html", "truncate", "big", "reset", "hang", "redirect"}
    for said in ("PRO answered 200", "PRO answered 500", "ProBroken", "ProTooSlow", "Redis failed"):
        assert said in log  # it is the log of all that
    references = re.findall(r"sp_\d+|ORDER-\w+", " ".join(calls))
    assert len(references) > len(FAULTS)
    secrets = [KEY, SECRET, METRICS_TOKEN, redis.url, pro.url, urlsplit(pro.url).netloc]
    canaries = [*CANARIES, "CANARY", "canary", "evil", "forged"]
    for text in (log, metrics.text):
        assert [one for one in secrets + canaries + references if one in text] == []
        assert "x-api-key" not in text.lower()
        assert "Traceback" not in text
        assert not re.search(r"/tracking/|custom_reference|\?take=|reference=", text)
        assert not re.search(r"\b(?:sp|sc|tr)_\d", text)
