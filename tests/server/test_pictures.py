"""Pictures over HTTP: types, caching, ranges, small copies, signed links, and nothing else of the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from overpaint.server.thumbs import WIDTHS, snapped
from overpaint.tools.images import ImageRef, ImageStore
from overpaint.tools.links import picture_path
from tests.server.openai_live import pictures_server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with pictures_server() as address:
        yield address


@pytest.fixture
def get(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


def encoded(format_: str, size: tuple[int, int] = (400, 200), **options: object) -> bytes:
    buffer = BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(buffer, format_, **options)
    return buffer.getvalue()


def stored(home: Path, data: bytes) -> ImageRef:
    return asyncio.run(ImageStore(home / "images").save(data))


@pytest.fixture
def ref(home: Path) -> ImageRef:
    return stored(home, encoded("PNG"))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one")
    monkeypatch.setenv("OVERPAINT_SECRET", "0123456789abcdef")


@pytest.mark.parametrize(
    ("format_", "mime"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_a_picture_comes_as_it_is_stored_and_may_be_kept(
    get: httpx.Client, home: Path, format_: str, mime: str
) -> None:
    data = encoded(format_)
    ref = stored(home, data)
    answer = get.get(picture_path(ref))
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-type"] == mime
    assert answer.headers["etag"] == f'"{ref["sha256"]}"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    head = get.head(picture_path(ref))
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))


@pytest.mark.parametrize("part", ["", "/thumb"])
def test_what_is_known_is_not_sent_again(get: httpx.Client, ref: ImageRef, part: str) -> None:
    path = f"/images/{ref['sha256']}{part}"
    etag = get.get(path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = get.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert get.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_ranges(get: httpx.Client, home: Path) -> None:
    data = encoded("PNG")
    ref = stored(home, data)

    def ranged(asked: str, **headers: str) -> httpx.Response:
        return get.get(picture_path(ref), headers={"Range": asked, **headers})

    size = len(data)
    for asked, first, end in (("bytes=0-9", 0, 10), ("bytes=100-", 100, size), ("bytes=-7", size - 7, size)):
        answer = ranged(asked)
        assert (answer.status_code, answer.content) == (206, data[first:end])
        assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
    several = ranged("bytes=0-3,10-19")
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert data[:4] in several.content
    assert data[10:20] in several.content
    beyond = ranged(f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert ranged("bytes=0-9", **{"If-Range": f'"{ref["sha256"]}"'}).status_code == 206
    assert ranged("bytes=0-9", **{"If-Range": '"another"'}).content == data


def test_small_copies_are_still_and_never_wider_than_the_picture(get: httpx.Client, home: Path) -> None:
    frames = [Image.new("RGB", (400, 200), colour) for colour in ("red", "blue")]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    ref = stored(home, buffer.getvalue())
    for asked, width in ((16, 64), (65, 160), (320, 320), (1000, 400)):
        answer = get.get(picture_path(ref, width=asked))
        assert answer.headers["content-type"] == "image/webp"
        with Image.open(BytesIO(answer.content)) as small:
            assert small.size == (width, width // 2)
            assert not getattr(small, "is_animated", False)
            assert small.convert("RGB").getpixel((3, 3)) == pytest.approx((254, 0, 0), abs=4)
    assert get.head(picture_path(ref, width=320)).status_code == 200


def test_the_copy_of_a_small_drawing_keeps_every_pixel_and_a_very_tall_one_can_be_had(
    get: httpx.Client, home: Path
) -> None:
    drawn = Image.new("RGB", (64, 64), "white")
    drawn.paste((255, 0, 0), (20, 20, 21, 40))
    buffer = BytesIO()
    drawn.save(buffer, "PNG")
    answer = get.get(picture_path(stored(home, buffer.getvalue()), width=320))
    with Image.open(BytesIO(answer.content)) as small:
        assert small.convert("RGB").tobytes() == drawn.tobytes()
    tall = get.get(picture_path(stored(home, encoded("PNG", (8, 20_000))), width=1024))
    assert tall.status_code == 200


@given(st.integers(16, 1024))
def test_a_width_is_one_of_few_and_as_wide_as_asked_for(width: int) -> None:
    assert snapped(width) in WIDTHS
    assert snapped(width) >= width


@pytest.mark.parametrize("width", ["15", "1025", "-1", "0", "x", "1e3", "", "9" * 40])
def test_other_widths_are_refused(get: httpx.Client, ref: ImageRef, width: str) -> None:
    assert get.get(f"/images/{ref['sha256']}/thumb", params={"w": width}).status_code in (400, 422)


def test_a_damaged_picture_is_not_there(get: httpx.Client, home: Path, ref: ImageRef) -> None:
    assert get.get(picture_path(ref)).status_code == 200
    file = ImageStore(home / "images").path(ref)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert get.get(picture_path(ref)).status_code == 404
    assert get.get(picture_path(ref, width=64)).status_code == 404


@pytest.mark.usefixtures("keys")
def test_under_keys_only_a_signed_link_opens_a_picture(
    get: httpx.Client, ref: ImageRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/images/{ref['sha256']}"
    for bare in (path, f"{path}/thumb", f"{path}?expires=9999999999&signature={'0' * 64}"):
        assert get.get(bare, headers={"Authorization": "Bearer one"}).status_code == 404
    for width in (None, 320):
        answer = get.get(picture_path(ref, width=width))
        assert answer.status_code == 200
        kept = answer.headers["cache-control"]
        assert kept.startswith("private, max-age=")
        assert 0 < int(kept.split("=")[1].split(",")[0]) <= 8 * 24 * 3600
    link = picture_path(ref)
    expires = link.split("expires=")[1].split("&")[0]
    assert get.get(link.replace(expires, str(int(expires) + 1))).status_code == 404
    monkeypatch.setattr("overpaint.tools.links.time.time", lambda: int(expires) + 1.0)
    assert get.get(link).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/images/../secret",
        "/images/..%2fsecret",
        "/images/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/images/%2e%2e/secret",
        f"/images/{'AB' * 32}",
        f"/images/{'ab' * 32}",
        f"/images/{'ab' * 31}%00b",
        f"/images/{'ab' * 32}.png",
        f"/images/{'ab' * 32}%0a",
        "/images/",
        "/images/%ff",
    ],
)
def test_nothing_else_on_the_disk_can_be_had(get: httpx.Client, home: Path, url: str, path: str) -> None:
    home.mkdir()
    (home / "secret").write_text("a" * 64)
    request = httpx.Request("GET", url)
    request.url = httpx.URL(url).copy_with(raw_path=path.encode())
    answer = get.send(request)
    assert answer.status_code == 404
    assert b"a" * 64 not in answer.content


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=80),
    headers=st.dictionaries(
        st.sampled_from(["Range", "If-None-Match", "If-Range"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
        | st.from_regex(r"bytes=-?[0-9]{0,30}-?[0-9]{0,5}(,-?[0-9]{0,4}-[0-9]{0,4}){0,3}", fullmatch=True),
    ),
    known=st.booleans(),
)
def test_whatever_is_asked_the_server_does_not_fail(
    get: httpx.Client, ref: ImageRef, name: str, headers: dict[str, str], known: bool
) -> None:
    picked = ref["sha256"] if known else name.encode("utf-8", "replace").hex()
    answer = get.get(f"/images/{picked}", headers=headers)
    assert answer.status_code in ((200, 206, 304, 400, 416) if known else (404,))
