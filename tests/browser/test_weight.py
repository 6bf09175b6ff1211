"""What a phone waits for: the page of twenty scans and its stylesheet come in one round trip."""

import pytest
import requests
from bs4 import BeautifulSoup

from tests.browser.places import PAGES

FIRST_FLIGHT = 13_400  # bytes: ten packets of 1,448, less what headers take


@pytest.mark.parametrize("encoding", ["br", "gzip"])
@pytest.mark.parametrize("name", ["twenty scans"])
def test_page_and_its_stylesheet_fit_into_the_first_flight(
    sites: dict[str, str], name: str, encoding: str
) -> None:
    place = PAGES[name]
    page, html = compressed(sites[place.site] + place.path, encoding)
    soup = BeautifulSoup(html, "html.parser")
    (stylesheet,) = soup.select("link[rel=stylesheet]")

    style, _ = compressed(sites[place.site] + str(stylesheet["href"]), encoding)

    assert len(soup.select("[data-event-code]")) == 20
    assert page + style <= FIRST_FLIGHT


def compressed(address: str, encoding: str) -> tuple[int, str]:
    """How many bytes are sent, and the text that they are made of."""
    headers = {"Accept-Encoding": encoding}
    with requests.get(address, headers=headers, stream=True, timeout=10) as answer:
        sent = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == encoding
    return len(sent), requests.get(address, timeout=10).text
