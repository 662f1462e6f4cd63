"""The contact sheet: all is on it, nothing foreign acts in it, nothing is fetched, nothing is half-written."""

import base64
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.cards import cards_of
from overpaint.report import THUMB, check_folder, deliver_files, embed, notebook_html, render_page, write_report
from overpaint.result import Run
from overpaint.tools.faults import BadInput

HOSTILE = '"><script>alert(1)</script><img src="https://evil.example/x.png" onerror=alert(2)> {{ 7*7 }} \udce9\x1b[31m'


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        names = ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
        return [value or "" for _, attrs in self.tags for name, value in attrs.items() if name in names]


def test_every_candidate_is_on_the_page_with_its_verdict_and_lineage(told: Run) -> None:
    text = render_page(told)
    page = Page(text)
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert {f"c{record['id'].replace('.', '-')}" for record in told.candidates} <= ids
    for said in ("the same picture as 1.0", "not judged: the judge", "ran out of memory", "14.2 s", told.why):
        assert said in page.text.replace("&#39;", "'")
    assert "<ins>large and</ins>" in text
    assert text.count('class="box"') == 3  # one per edit, and the champion's again on top
    assert '<a href="#c1-0">1.0</a>' in text


@pytest.mark.slow
def test_links_stay_on_the_page_and_lead_somewhere(told: Run) -> None:
    page = Page(render_page(told))
    ids = {f"#{attrs['id']}" for _, attrs in page.tags if "id" in attrs}
    assert page.links()
    assert all(link.startswith("data:") or link in ids for link in page.links())
    assert not any(tag in ("script", "iframe", "object", "embed", "form", "base") for tag, _ in page.tags)
    assert "url(" not in render_page(told)
    assert "@import" not in render_page(told)


def test_hostile_text_is_shown_and_never_acts(told: Run) -> None:
    bad = told.candidates[-1]
    verdict = bad["verdict"]
    assert verdict is not None
    belief = {**verdict["beliefs"][0], "evidence": HOSTILE, "requirement": HOSTILE, "said": HOSTILE}
    record: Any = {
        **bad, "prompt": HOSTILE, "feedback": HOSTILE, "reason": HOSTILE, "notes": [HOSTILE],
        "params": {HOSTILE: HOSTILE}, "models": {HOSTILE: HOSTILE}, "verdict": {**verdict, "beliefs": [belief]},
    }  # fmt: skip
    run = replace(
        told, run=HOSTILE, brief=HOSTILE, why=HOSTILE, error=HOSTILE, candidates=[record], champion=record,
        settings={HOSTILE: HOSTILE}, checklist=[{**told.checklist[0], "question": HOSTILE, "text": HOSTILE}],
    )  # fmt: skip
    for text in (render_page(run), notebook_html(run)):
        page = Page(text)
        assert "<script>alert(1)</script>" in page.text
        assert "{{ 7*7 }}" in page.text
        assert "script" not in [tag for tag, _ in page.tags]
        assert not any("onerror" in attrs for _, attrs in page.tags)
        assert not any("evil" in link for link in page.links())


@pytest.mark.slow
def test_the_files_are_written_whole_and_open(told: Run, tmp_path: Path) -> None:
    sheet = write_report(replace(told, brief=HOSTILE), tmp_path / "a" / "b")
    assert sheet.read_text("utf-8").startswith("<!doctype html>")
    with Image.open(sheet.with_name("sheet.png")) as image:
        image.load()
        assert image.width == 1440
        assert image.height > 1500
    assert sorted(path.name for path in sheet.parent.iterdir()) == ["sheet.html", "sheet.png"]


@pytest.mark.slow
def test_the_png_shows_the_pictures(told: Run, tmp_path: Path) -> None:
    with Image.open(write_report(told, tmp_path / "s").with_name("sheet.png")) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
    assert {(214, 40, 40), (40, 90, 210), (240, 205, 30), (204, 47, 38)} <= colours  # and the grease pencil's red


def test_small_pictures_stay_exact_and_large_ones_shrink(told: Run) -> None:
    by_id = {card.record["id"]: card for card in cards_of(told)}
    small, large = embed(by_id["2.1"]), embed(by_id["1.2"])
    assert small is not None
    assert large is not None
    assert (small.crisp, large.crisp) == (True, False)
    path = by_id["2.1"].picture
    assert path is not None
    assert small.url.startswith("data:image/png")
    assert large.url.startswith("data:image/webp")
    assert base64.b64decode(small.url.split(",")[1]) == path.read_bytes()
    with Image.open(io.BytesIO(base64.b64decode(large.url.split(",")[1]))) as image:
        assert image.size == (THUMB, THUMB)


@pytest.mark.slow
def test_a_picture_that_is_gone_or_broken_is_said_to_be(told: Run, tmp_path: Path) -> None:
    gone, broken = cards_of(told)[0].picture, cards_of(told)[1].picture
    assert gone is not None
    assert broken is not None
    gone.unlink()
    broken.write_bytes(b"no picture")
    assert render_page(told).count("file is gone") == 2
    assert write_report(told, tmp_path / "s").exists()


def test_a_run_without_any_candidate_has_a_sheet(told: Run, tmp_path: Path) -> None:
    run = replace(told, status="failed", champion=None, candidates=[], checklist=[], error="no key", why="")
    assert "no key" in write_report(run, tmp_path / "s").read_text("utf-8")


@pytest.mark.slow
def test_out_gets_the_champion_byte_for_byte_and_the_run(told: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert told.champion is not None
    picture = told.image_path(told.champion)
    assert picture is not None
    assert deliver_files(told, out) == out / "sheet.html"
    assert (out / "champion.png").read_bytes() == picture.read_bytes()
    said = json.loads((out / "run.json").read_text("utf-8"))
    assert said["report"] == str(out / "sheet.html")
    assert sorted(p.name for p in out.iterdir()) == ["champion.png", "run.json", "sheet.html", "sheet.png"]


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_one_clear_line(told: Run, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(BadInput, match=r"cannot write .*sheet\.png: .*another folder"):
        write_report(told, blocked)
    assert blocked.read_text() == "in the way"


def test_a_folder_is_tried_before_painting_and_left_as_it_was(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    check_folder(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="cannot write"):
        check_folder(tmp_path / "file" / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_many_candidates_of_any_script_still_make_a_sheet(told: Run, tmp_path: Path) -> None:
    first = told.candidates[0]
    many = [{**first, "id": f"{n // 8}.{n % 8}", "round": n // 8} for n in range(130)]
    run = replace(told, brief="一只红色的圆 🐸 " + "w" * 5000, candidates=many)  # type: ignore[arg-type]
    page = write_report(run, tmp_path / "s")
    assert page.read_text("utf-8").count('<article class="card') == 130
    with Image.open(page.with_name("sheet.png")) as image:
        image.load()
