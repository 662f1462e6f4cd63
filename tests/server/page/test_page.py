"""The page in a real browser: a run from its brief to its export, and all that can be done with it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.page.conftest import serving
from tests.server.page.steps import EIGHT, ended, place_of, stands_at, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Visits = Callable[..., Page]
HOSTILE = (
    "a red circle <img src=x onerror=\"document.title='owned'\"> \u202e</textarea><script>alert(1)</script> & a star"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("page")) as url:
        yield url


@pytest.fixture(scope="module")
def made(browser: Browser, server: str) -> str:
    """A run of two candidates that passed, whose second prompt was edited in review."""
    page = browser.new_page()
    page.goto(server)
    place = start(page, EIGHT, seed=1, review="prompt", max_images=4)
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill(f"{prompt.input_value()}, all on white")
    page.get_by_role("button", name="Go on").click()
    assert ended(page) == "passed"
    page.close()
    return place


def test_a_first_visit_tells_what_to_do(visit: Visits) -> None:
    page = visit()
    expect(page.get_by_role("heading", name="What shall be painted?")).to_be_visible()
    page.get_by_role("button", name="two red circles above a blue square").click()
    expect(page.get_by_label("Brief", exact=True)).to_have_value("two red circles above a blue square")
    expect(page).to_have_title("New run · overpaint")


def test_a_run_is_watched_reviewed_forked_from_its_second_picture_and_exported(visit: Visits) -> None:
    page = visit()
    started = start(page, EIGHT, seed=1, review="prompt", max_images=4)
    expect(
        page.get_by_role("heading", name=re.compile("Starting|Reading|Writing|Thinking|Painting|Judging"))
    ).to_be_visible()
    prompt = page.get_by_label("Prompt", exact=True)
    suggested = prompt.input_value()
    expect(page.get_by_role("heading", name="The run waits for you")).to_be_focused()
    prompt.fill(f"{suggested}, all on white")
    page.get_by_role("button", name="Go on").click()
    assert ended(page) == "passed"
    expect(page.get_by_role("heading", name="The run waits for you")).to_have_count(0)
    expect(page.locator("#said")).to_contain_text("The run: passed. Receipt: 2 pictures")
    expect(page).to_have_title(re.compile("passed · overpaint$"))

    page.get_by_role("link", name="1.0", exact=True).first.click()
    page.get_by_role("button", name="Fork from here").click()
    page.get_by_label("Prompt to paint next").fill("a small green star in the center")
    page.get_by_role("button", name="Fork and paint").click()
    page.wait_for_url(lambda url: "/#/run/" in url and started not in url)
    expect(page.locator("[data-candidate='2.0']")).to_contain_text("green star")
    expect(page.get_by_role("link", name="candidate 1.0 of another run")).to_have_attribute("href", f"{started}/1.0")

    page.goto(page.url.partition("#")[0] + started)
    expect(page.locator(".tree .fork")).to_have_count(1)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
    exported = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert exported.testzip() is None
    names = exported.namelist()
    run = json.loads(exported.read(next(name for name in names if name.endswith("run.json"))))
    assert run["candidates"][1]["prompt"] == f"{suggested}, all on white"
    assert run["candidates"][1]["suggested"] == suggested
    champion = exported.read(next(name for name in names if name.endswith(".png") and "champion" in name))
    assert champion.startswith(b"\x89PNG")


def test_links_lead_to_a_candidate_and_to_two_of_them(visit: Visits, made: str) -> None:
    page = visit(f"{made}/1.0")
    look = page.get_by_role("dialog", name="Candidate 1.0")
    expect(look).to_contain_text("a small red square on the left")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog", name="Candidate 0.0")).to_be_visible()
    stands_at(page, f"{made}/0.0")
    page.get_by_role("button", name="Compare with").click()
    expect(page.get_by_role("dialog", name="Candidates 1.0 and 0.0")).to_be_visible()
    slider = page.get_by_role("slider")
    slider.press("ArrowRight")
    expect(slider).to_have_value("51")
    expect(page.locator(".over")).to_have_css("clip-path", "inset(0px 0px 0px 51%)")
    page.go_back()
    expect(page.get_by_role("dialog", name="Candidate 0.0")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    stands_at(page, made)


def test_links_that_lead_nowhere_say_so(visit: Visits, made: str) -> None:
    expect(visit(f"{made}/9.9").get_by_role("alert")).to_contain_text("no candidate 9.9")
    expect(visit("#/run/nonsense").get_by_role("alert")).to_contain_text("There is no such run.")
    expect(visit("#/nowhere").get_by_role("alert")).to_contain_text("no such page")
    gone = visit("#/run/00000000-0000-4000-8000-000000000000")
    expect(gone.get_by_role("alert")).to_be_visible()
    expect(gone.get_by_role("link", name="All runs")).to_be_visible()


def test_a_picture_is_zoomed_and_the_place_of_a_requirement_shown(visit: Visits, made: str) -> None:
    page = visit(f"{made}/1.0")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(page.locator(".viewer .frame")).to_have_attribute("style", "width: 200%;")
    page.keyboard.press("0")
    expect(page.locator(".viewer .frame")).to_have_attribute("style", "width: 100%;")
    page.locator(".about .marks li[tabindex]").first.focus()
    expect(page.locator(".viewer .spot.on")).to_have_count(1)


def test_a_run_at_work_is_rejoined_after_a_reload_cancelled_and_resumed(visit: Visits) -> None:
    page = visit()
    start(page, "a red circle", seed=3, stop_when_passed="false", patience=60, max_images=60)
    expect(page.locator(".card").first).to_be_visible()
    with page.expect_request(lambda request: request.url.endswith("/stream")) as joined:
        page.reload()
    assert joined.value.headers["last-event-id"] == "-1"
    expect(page.locator(".live .plan")).to_contain_text("Round")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".head .status")).to_have_text("interrupted")
    expect(page.locator(".head")).to_contain_text("Resume goes on")
    expect(page.locator(".problem")).to_have_count(0)
    painted = page.locator(".card").count()
    assert painted < 60
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".card")).not_to_have_count(painted)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".head .status")).to_have_text("interrupted")


def test_a_cap_is_raised_and_the_run_goes_on(visit: Visits) -> None:
    page = visit()
    start(page, EIGHT, seed=1, max_images=1)
    assert ended(page) == "stopped"
    page.get_by_role("button", name="Raise a cap and go on").click()
    most = page.get_by_role("dialog").get_by_label("Most pictures")
    most.fill("1")
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.locator("dialog input:invalid")).to_be_focused()
    most.fill("4")
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.locator(".head .status")).to_have_text("passed")
    expect(page.locator(".card")).to_have_count(2)


def test_a_checklist_is_edited_before_it_is_used_and_in_a_fork(visit: Visits) -> None:
    page = visit()
    start(page, "a red circle and a blue square", seed=1, review_checklist="true", max_images=1)
    expect(page.get_by_role("heading", name="The run waits for you")).to_be_focused()
    page.get_by_label("Requirement", exact=True).last.fill("the circle is on the left")
    page.get_by_role("button", name="Add a requirement").click()
    page.keyboard.type("nothing is green")
    page.get_by_role("button", name="Go on").click()
    ended(page)
    expect(page.locator(".checklist")).to_contain_text("the circle is on the left")
    expect(page.locator(".checklist")).to_contain_text("nothing is green")
    before = place_of(page)
    page.get_by_text("Checklist (").click()
    page.get_by_role("button", name="Change it in a fork").click()
    page.get_by_role("button", name="Remove this requirement").last.click()
    page.get_by_role("button", name="Fork and paint").click()
    page.wait_for_url(lambda url: "/#/run/" in url and before not in url)
    ended(page)
    expect(page.locator(".checklist")).not_to_contain_text("nothing is green")


def test_what_a_brief_says_is_never_markup(visit: Visits) -> None:
    page = visit()
    start(page, HOSTILE, seed=1, max_images=1)
    expect(page.locator(".problem", has_text="the brief says '<img'")).to_be_visible()
    expect(page.locator("h1")).to_have_text(HOSTILE)
    assert page.locator("main img[src='x'], main script").count() == 0
    expect(page).to_have_title(f"{HOSTILE[:59]}… · failed · overpaint")
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    page.get_by_role("button", name="Change the brief").click()
    expect(page.get_by_label("Brief", exact=True)).to_have_value(HOSTILE)
    expect(page.locator(".tile .brief").first).to_contain_text("<img src=x")


def test_a_setting_that_cannot_be_used_is_told_and_all_that_was_typed_kept(visit: Visits) -> None:
    page = visit()
    page.get_by_role("button", name="Paint it").click()
    expect(page.get_by_role("alert")).to_contain_text("The brief is empty.")
    start(page, "a red circle", size="wide", max_images=1)
    for _ in range(2):
        expect(page.locator(".head .status")).to_have_text("failed")
        expect(page.locator(".head .problem")).to_contain_text("setting 'size' cannot be 'wide'")
        expect(page.locator("h1")).to_have_text("a red circle")
        expect(page.locator(".deeds")).to_have_text("Change the brief")
        page.reload()
    page.get_by_role("button", name="Change the brief").click()
    expect(page.get_by_label("Brief", exact=True)).to_have_value("a red circle")
    for name, value in {"size": "wide", "max_images": "1"}.items():
        expect(page.locator(f"[name={name}]")).to_have_value(value)


def test_built_in_models_are_offered_where_a_preset_has_others_and_ticked_where_a_key_lacks(visit: Visits) -> None:
    page = visit()
    preset, built_in = page.get_by_label("Preset"), page.get_by_label("With the built-in models")
    expect(preset).to_have_value("default")
    expect(built_in).to_be_hidden()
    preset.select_option("socratic")
    expect(built_in).to_be_checked()
    expect(page.get_by_text("This server has no OPENAI_API_KEY.")).to_be_visible()


def test_a_remark_must_be_written_and_the_critic_says_what_it_made_of_it(visit: Visits) -> None:
    page = visit()
    start(page, EIGHT, seed=1, review="prompt", max_images=4)
    expect(page.get_by_label("Leave it out, which ends the run")).to_be_visible()
    page.get_by_label("Tell the critic what to change").check()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("textarea:invalid")).to_be_focused()
    page.get_by_role("textbox", name="What to change").fill("make the star bigger")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("the built-in critic follows the brief alone")).to_be_visible()


def test_a_window_that_was_left_joins_what_another_began(visit: Visits) -> None:
    page = visit()
    start(page, EIGHT, seed=1, review="prompt", max_images=4)
    page.get_by_label("Prompt", exact=True).wait_for()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Prompt", exact=True).wait_for()
    page.get_by_role("button", name="Go on").click()
    ended(page)
    other.evaluate("dispatchEvent(new Event('focus'))")
    assert ended(other) == "passed"


def test_words_that_came_and_went(visit: Visits) -> None:
    page = visit()
    found = page.evaluate(
        "async () => (await import('/page/diff.js')).difference('a Red circle, left', 'a blue circle left')"
    )
    assert [(word["text"], word["change"]) for word in found] == [
        ("a", "same"), ("Red", "gone"), ("blue", "new"), ("circle left", "same"),
    ]  # fmt: skip


def test_two_runs_side_by_side(visit: Visits, made: str) -> None:
    page = visit()
    start(page, "a red circle", seed=1, max_images=1)
    ended(page)
    page.get_by_role("link", name="Compare", exact=True).last.click()
    expect(page.get_by_label("Second run").locator("option").nth(1)).to_contain_text("· passed · a red circle")
    page.get_by_label("Second run").select_option(made.rpartition("/")[2])
    expect(page.get_by_role("row", name="Score")).to_contain_text("100%")
    expect(page.get_by_role("row", name=re.compile("^max_images"))).to_contain_text("4")
