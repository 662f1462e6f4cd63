"""Whatever bytes come: taken apart, and put together again as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from overpaint.tools.picture_metadata import carries_c2pa
from overpaint.tools.picture_parts import REST, jpeg_segment, png_chunk, split, webp_chunk
from tests.tools.pictures import encoded, picture

STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\xff\xff\xffWEBP", b"RIFF\x20\0\0\0WEBP", b"GIF89a", b"")
WORDS = (
    b"caBX",
    b"C2PA",
    b"\xff\xebJP",
    b"\xff\xda\0\2",
    b"\xff\xd9",
    b"\0\0\0\0IEND",
    b"\xff\xff\xff\xff",
    b"Exif\0\0",
)
BYTES = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=9)), max_size=12).map(b"".join)


@given(st.sampled_from(STARTS), BYTES)
def test_any_bytes_are_taken_apart_without_losing_one(start: bytes, rest: bytes) -> None:
    data = start + rest
    assert b"".join(part.raw for part in split(data)) == data
    assert carries_c2pa(data) in (True, False)


@given(st.sampled_from(("PNG", "JPEG", "WEBP")), st.integers(0, 10_000), BYTES)
def test_so_are_pictures_that_were_damaged(encoder: str, place: int, damage: bytes) -> None:
    whole = encoded(picture(), encoder)
    place %= len(whole)
    data = whole[:place] + damage + whole[place + len(damage) :]
    assert b"".join(part.raw for part in split(data)) == data
    carries_c2pa(data[:place])


def test_the_parts_of_each_format_are_named() -> None:
    png, jpeg, webp = (split(encoded(picture(), encoder)) for encoder in ("PNG", "JPEG", "WEBP"))
    assert [part.kind for part in png] == [REST, "IHDR", "IDAT", "IEND"]
    assert [part.kind for part in jpeg][:2] == ["SOI", "APP0"]
    assert [part.kind for part in jpeg][-2:] == ["SOS", "EOI"]
    assert [part.kind for part in webp] == [REST, "VP8 "]


def test_every_scan_of_a_progressive_jpeg_is_a_part_and_what_follows_the_end_is_none() -> None:
    jpeg = split(encoded(picture(), "JPEG", progressive=True) + b"\xff\xeb\0\6JP\0\0")
    assert [part.kind for part in jpeg].count("SOS") > 3
    assert jpeg[-1].kind == REST
    assert jpeg[-2].kind == "EOI"


def test_new_parts_are_read_back_as_they_were_made() -> None:
    for made, start in (
        (png_chunk("tEXt", b"a\0b"), STARTS[0]),
        (webp_chunk("EXIF", b"odd"), STARTS[2]),
        (jpeg_segment(1, b"x" * 65_533), b"\xff\xd8"),
    ):
        assert split(start + made.raw)[1] == made


def test_a_chunk_that_claims_more_than_there_is_is_none() -> None:
    for start in (
        STARTS[0] + b"\0\0\0\x64caBXabcdcrc.",
        STARTS[2] + b"C2PA\x64\0\0\0abcd",
        b"\xff\xd8\xff\xeb\0\x64JP\0\0",
    ):
        assert split(start)[-1].kind == REST
        assert not carries_c2pa(start)
