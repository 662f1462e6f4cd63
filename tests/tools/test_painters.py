from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from overpaint.tools import painters
from overpaint.tools.faults import BadInput
from overpaint.tools.home import use_home
from overpaint.tools.painters import BUILT_IN, Abilities, PaintRequest, get_painter
from overpaint.tools.refusals import refuse_unaccepted


def test_the_same_name_and_settings_give_the_same_painter() -> None:
    assert get_painter("shapes") is get_painter("shapes")
    assert get_painter("shapes") is not get_painter("shapes", device="cpu")


def test_a_painter_is_kept_for_its_home_and_its_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_BASE_URL", "http://localhost:1")
    for home, usd in (("dear", 1.0), ("cheap", 0.01)):
        (tmp_path / home).mkdir()
        (tmp_path / home / "prices.yaml").write_text(f"pictures: {{fal:a/b: {{usd: {usd}}}, openai:m: {{usd: {usd}}}}}")
        with use_home(tmp_path / home):
            assert get_painter("fal:a/b").abilities.price_usd == usd
            assert get_painter("openai:m").abilities.price_usd == usd
            assert get_painter("fal:a/b") is get_painter("fal:a/b")
            local = get_painter("shapes")
    assert get_painter("shapes") is local
    monkeypatch.setenv("FAL_BASE_URL", "http://localhost:2")
    assert get_painter("fal:a/b").abilities.provider == "fal@localhost:2"


@pytest.mark.parametrize("name", ["", "nothing", "nothing:here"])
def test_an_unknown_painter_is_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(BadInput, match="diffusers") as caught:
        get_painter(name)
    assert all(scheme in str(caught.value) for scheme in BUILT_IN)


def test_another_package_adds_a_painter_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", "overpaint.shapes.painter:open_painter", painters.ENTRY_POINTS)
    monkeypatch.setattr(painters, "entry_points", lambda group: EntryPoints([point]).select(group=group))
    assert get_painter("mine:", device="cpu").name == "shapes"
    with pytest.raises(BadInput, match="mine"):
        get_painter("yours")


def test_a_painter_of_another_package_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("no_such_package:open_painter", "overpaint.shapes.painter:no_such_factory"):
        point = EntryPoint("broken", value, painters.ENTRY_POINTS)
        monkeypatch.setattr(painters, "entry_points", lambda group, point=point: EntryPoints([point]))
        with pytest.raises(BadInput, match=r"'broken'.*no_such"):
            get_painter("broken:")


@pytest.mark.parametrize("settings", [{"device": "tpu"}, {"device": "cuda:x"}, {"dtype": "int8"}, {"offload": "disk"}])
def test_a_setting_without_meaning_is_refused_by_value(settings: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=repr(next(iter(settings.values())))):
        get_painter("shapes", **settings)


def test_settings_a_painter_does_not_honour_are_refused_by_name() -> None:
    class Plain:
        name = "plain"
        abilities = Abilities(accepts=frozenset({"size"}))

    plain: Any = Plain()
    refuse_unaccepted(plain, size=(64, 64), steps=None)
    with pytest.raises(BadInput, match=r"plain does not honour steps=9.*size"):
        refuse_unaccepted(plain, size=(64, 64), steps=9, guidance=2)


def open_odd(model: str, **options: Any) -> Any:
    """A factory that takes whatever it is given."""
    return (model, options)


def test_a_factory_is_given_only_what_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painters, "_factory", lambda scheme: open_odd)
    opened: list[Any] = [get_painter("odd:m"), get_painter("odd:m", timeout=3.0, idempotent=False)]
    assert opened == [("m", {}), ("m", {"timeout": 3.0, "idempotent": False})]


@pytest.mark.parametrize("option", [{"timeout": 3.0}, {"idempotent": True}])
def test_an_option_a_factory_does_not_know_is_refused_by_name(option: dict[str, Any]) -> None:
    name, value = next(iter(option.items()))
    with pytest.raises(BadInput, match=f"shapes does not honour {name}={value}"):
        get_painter("shapes", **option)


def test_a_requests_key_says_nothing_about_the_picture() -> None:
    assert PaintRequest("a", key="1") == PaintRequest("a", key="2") != PaintRequest("b", key="1")


@pytest.mark.parametrize(
    ("size", "price"),
    [(None, 0.03), ((512, 512), 0.02), ((1000, 1000), 0.02), ((1024, 1024), 0.04), ((2048, 2048), 0.1)],
)
def test_where_the_size_decides_each_begun_megapixel_is_paid(size: tuple[int, int] | None, price: float) -> None:
    able = Abilities(price_usd=0.03, megapixel_usd=0.02)
    assert able.price(size) == pytest.approx(price)
    assert Abilities(price_usd=0.03).price(size) == 0.03
    assert Abilities().price(size) is None
