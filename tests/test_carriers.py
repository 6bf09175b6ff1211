"""Links to carriers are https, hold nothing but the parcel's number, and may be extended."""

from urllib.parse import urlsplit

import pytest

from tracking.carriers import BadCarriers, read_carriers
from tracking.shipments import Carrier

ROYAL_MAIL = Carrier(name="Royal Mail")


def table(tmp_path, text):
    path = tmp_path / "carriers.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_every_page_of_the_table_is_https_and_takes_a_number():
    carriers = read_carriers()

    assert len(carriers.pages) > 20
    for name in carriers.pages:
        link = carriers.link(Carrier(name=name), "AB123")
        assert urlsplit(link).scheme == "https"
        assert link.count("AB123") == 1


@pytest.mark.parametrize(
    "carrier",
    [ROYAL_MAIL, Carrier(name="ROYAL MAIL"), Carrier(reference="royal_mail", name="Post")],
)
def test_a_carrier_is_known_by_its_name_or_reference_in_any_case(carrier):
    assert read_carriers().link(carrier, "AB1").startswith("https://www.royalmail.com/")


@pytest.mark.parametrize("carrier", [Carrier(), Carrier(name="Royal Mail of Elsewhere")])
def test_of_other_carriers_there_is_no_link(carrier):
    assert read_carriers().link(carrier, "AB1") is None


def test_a_number_cannot_leave_its_place():
    link = read_carriers().link(ROYAL_MAIL, "../x?y=1#z &\"'<é")

    assert link.endswith("/..%2Fx%3Fy%3D1%23z%20%26%22%27%3C%C3%A9")


def test_an_operators_table_adds_and_replaces(tmp_path):
    more = table(
        tmp_path,
        '[own]\nnames = ["Harrier Parcels"]\npage = "https://harrier.example/{number}"\n'
        '[post]\nnames = ["royal mail"]\npage = "https://post.example/?n={number}"\n',
    )
    carriers = read_carriers(more)

    assert carriers.link(Carrier(name="harrier parcels"), "7") == "https://harrier.example/7"
    assert carriers.link(ROYAL_MAIL, "7") == "https://post.example/?n=7"
    assert carriers.link(Carrier(name="Evri"), "7").startswith("https://www.evri.com/")


@pytest.mark.parametrize(
    "page",
    [
        '"http://post.example/{number}"',
        '"javascript:alert({number})"',
        '"//post.example/{number}"',
        '"https://{number}.example/"',
        '"https://post.example/"',
        '"https://post.example/{number}/{number}"',
        '"https://post.example/{number}/{name}"',
        '"https://post.example/{number!r}"',
        '"https://me:secret@post.example/{number}"',
        '"https://post.example/ {number}"',
        '"https://[post.example/{number}"',
        "7",
    ],
)
def test_a_page_that_is_not_safe_is_refused_and_named(tmp_path, page):
    with pytest.raises(BadCarriers, match="own: page"):
        read_carriers(table(tmp_path, f'[own]\nnames = ["own"]\npage = {page}\n'))


@pytest.mark.parametrize("text", ["own = 1", "[own", '[own]\npage = "https://a.example/{number}"'])
def test_a_table_that_is_none_is_refused(tmp_path, text):
    with pytest.raises(BadCarriers):
        read_carriers(table(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadCarriers):
        read_carriers(str(tmp_path / "none.toml"))
