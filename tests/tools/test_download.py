"""Downloads: what providers name is fetched, and nothing inside is ever reached."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from overpaint.tools.download import _followed, download, is_inside
from overpaint.tools.faults import ProviderFault
from tests.image_servers import OpenAIImages, Paid, Trouble, blocks, openai_images


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIImages]:
    monkeypatch.setattr("overpaint.tools.download.PAUSE", 0.01)
    with openai_images() as server:
        server.paid.append(Paid("a red circle", None, None, {}, {}, "1", 0.0))
        yield server


async def fetched(server: OpenAIImages, path: str = "/pictures/1.png", seconds: float = 5, limit: int = 10**6) -> bytes:
    return await download(f"{server.root}{path}", allow=server.url, seconds=seconds, limit=limit)


async def test_a_picture_is_fetched(server: OpenAIImages) -> None:
    assert await fetched(server) == blocks("a red circle")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/x.png",
        "http://127.1/x.png",
        "http://2130706433/x.png",
        "http://0x7f000001/x.png",
        "http://localhost/x.png",
        "http://[::1]/x.png",
        "http://[::ffff:10.0.0.1]/x.png",
        "http://[64:ff9b::a00:1]/x.png",
        "http://[fe80::1%25eth0]/x.png",
        "http://10.1.2.3/x.png",
        "http://0.0.0.0/x.png",
        "http://224.0.0.1/x.png",
        "https://user:word@192.168.0.1/x.png",
        "file:///etc/passwd",
        "ftp://example.org/x.png",
        "//example.org/x.png",
        "x.png",
        "http://[bad",
        "http://h:99999/x.png",
        "",
    ],
)
async def test_what_lies_inside_is_never_reached(url: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ProviderFault, match=r"inside|no http|none that can be read") as caught:
        await download(url, allow="http://127.0.0.2:8000/v1", seconds=5)
    assert (caught.value.retryable, caught.value.unsure) == (False, True)
    assert "word" not in str(caught.value)
    assert time.perf_counter() - started < 2


OTHER_SPELLINGS = [
    "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1", "a@127.0.0.1",
    "example.org@127.0.0.1", "a:b@\uff11\uff12\uff17.0.0.1", "127.0.0.1.", "127.1", "0x7f.1", "0x7f000001", "2130706433",
    "0177.0.0.1", "017700000001", "localhost", "localhost.", "LOCALHOST", "\u24dbocalhost", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "0", "0.0.0.0", "[::]", "[::1]", "1.2.3.4.5",
]  # fmt: skip
"""All of this machine, but the last, which is of none. IDNA makes plain digits and dots of the strange ones."""


@pytest.mark.parametrize("host", OTHER_SPELLINGS)
async def test_no_spelling_of_this_machine_reaches_it(host: str, server: OpenAIImages) -> None:
    with openai_images() as mine:
        place = f"http://{host}:{URL(mine.root).port}/pictures/1.png"
        server.troubles = [Trouble("picture", 302, {"Location": place.encode().decode("latin-1")})] * 3
        for url in (place, f"{server.root}/pictures/1.png"):
            with pytest.raises(ProviderFault, match=r"inside|could not be fetched") as caught:
                await download(url, allow=server.url, seconds=5)
            assert caught.value.unsure
        assert mine.requests == []
    assert server.requests


async def test_a_name_that_is_none_is_told(server: OpenAIImages) -> None:
    with pytest.raises(ProviderFault, match="a name that is none"):
        await download(f"http://{'a' * 70}.org/x.png", allow=server.url, seconds=5)


async def test_another_port_of_the_allowed_host_is_inside(server: OpenAIImages) -> None:
    with openai_images() as other:
        with pytest.raises(ProviderFault, match="inside"):
            await download(f"{other.root}/pictures/1.png", allow=server.url, seconds=5)
        assert other.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_where_the_user_trusts_the_provider_what_lies_inside_is_fetched(host: str, server: OpenAIImages) -> None:
    url = f"http://{host}:{URL(server.root).port}/pictures/1.png"
    assert await download(url, allow=None, seconds=5, anywhere=True) == blocks("a red circle")
    with pytest.raises(ProviderFault, match="no http"):
        await download("file:///etc/passwd", allow=None, seconds=5, anywhere=True)


async def test_a_redirect_is_followed_and_checked_like_the_first_address(server: OpenAIImages) -> None:
    def to(place: str) -> Trouble:
        return Trouble("picture", 302, {"Location": place})

    server.troubles = [to("/pictures/1.png"), to("2.png"), to("/pictures/1.png")]
    assert await fetched(server) == blocks("a red circle")
    server.troubles = [to("http://169.254.169.254/secrets")]
    with pytest.raises(ProviderFault, match="inside"):
        await fetched(server)
    server.troubles = [to("file:///etc/passwd")]
    with pytest.raises(ProviderFault, match="no http"):
        await fetched(server)
    server.troubles = [to("/pictures/1.png")] * 4
    with pytest.raises(ProviderFault, match="more than 3 times"):
        await fetched(server)


class Leading:
    """A connection whose every answer leads to another place."""

    status = 302

    def __init__(self, place: str) -> None:
        self.headers = {"Location": place}

    def get(self, url: URL, allow_redirects: bool) -> Leading:
        return self

    async def __aenter__(self) -> Leading:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


async def test_a_closed_connection_never_leads_to_an_open_one() -> None:
    there: Any = Leading("http://example.org/x.png")
    with pytest.raises(ProviderFault, match="open connection"):
        await _followed(there, URL("https://example.org/x.png"), (None, None), 10)


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_an_address_that_expired_is_told_and_not_tried_again(status: int, server: OpenAIImages) -> None:
    server.troubles = [Trouble("picture", status)]
    with pytest.raises(ProviderFault, match=r"expired.*paid for") as caught:
        await fetched(server, "/pictures/1.png?sig=secret")
    assert (caught.value.retryable, caught.value.unsure) == (False, True)
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 1


async def test_a_passing_weakness_is_tried_again(server: OpenAIImages) -> None:
    server.troubles = [Trouble("picture", 503), Trouble("picture", cut="read")]
    assert await fetched(server) == blocks("a red circle")


async def test_a_lasting_weakness_is_told_as_one_to_try_later(server: OpenAIImages) -> None:
    server.troubles = [Trouble("picture", 500)] * 3
    with pytest.raises(ProviderFault, match="status 500") as caught:
        await fetched(server)
    assert (caught.value.retryable, caught.value.unsure) == (True, True)
    assert len(server.requests) == 3


async def test_no_more_is_read_than_allowed(server: OpenAIImages) -> None:
    whole = len(blocks("a red circle"))
    assert len(await fetched(server, limit=whole)) == whole
    with pytest.raises(ProviderFault, match="more than"):
        await fetched(server, limit=whole - 1)
    server.troubles = [Trouble("picture", endless=True)]
    with pytest.raises(ProviderFault, match="more than"):
        await fetched(server, limit=9_999_999)


async def test_a_body_that_never_ends_is_given_up_in_time(server: OpenAIImages) -> None:
    server.troubles = [Trouble("picture", endless=True)]
    started = time.perf_counter()
    with pytest.raises(ProviderFault, match="did not come") as caught:
        await fetched(server, seconds=0.3, limit=10**8)
    assert caught.value.retryable
    assert time.perf_counter() - started < 2


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_only_public_addresses_are_outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert is_inside(str(address))
    if address.version == 4:
        for wrapped in (f"::ffff:{address}", f"64:ff9b::{address}"):
            assert is_inside(wrapped) == is_inside(str(address))


def test_addresses_everybody_can_reach_are_outside() -> None:
    assert not is_inside("93.184.216.34")
    assert not is_inside("2606:2800:220:1::1")
