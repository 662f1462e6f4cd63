import pytest
import torch

from overpaint.shapes.inspector import inspect
from overpaint.shapes.painter import open_painter
from overpaint.tools.backends.diffusers_ import _painting_thread
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import PaintRequest

pytestmark = pytest.mark.slow

TWO = "a large red circle in the top left, a small blue star in the center"
LONG = "two small red circles above a large blue square, a green star left of the square"


async def test_paints_what_a_detailed_prompt_says() -> None:
    result = await open_painter().paint(PaintRequest(TWO, seed=1))
    assert result.data is not None
    assert [(s.shape, s.colour, s.size, s.place) for s in inspect(result.data)] == [
        ("circle", "red", "large", 0),
        ("star", "blue", "small", 4),
    ]


async def test_a_masked_edit_adds_what_its_sub_prompt_names() -> None:
    painter = open_painter()
    first = await painter.paint(PaintRequest(TWO, seed=1))
    box = (42 / 64, 42 / 64, 1.0, 1.0)
    request = PaintRequest("a large green square in the bottom right", seed=3, source=first.data, boxes=(box,))
    edited = await painter.paint(request)
    assert edited.data is not None
    assert first.data is not None
    before, after = inspect(first.data), inspect(edited.data)
    assert after[:2] == before
    assert [(s.shape, s.colour, s.place) for s in after[2:]] == [("square", "green", 8)]


async def test_the_number_of_cores_changes_no_picture() -> None:
    # With torch's own threads, one for each core, these are seeds whose bytes differ from those of a single thread.
    painter, seen = open_painter(), []
    for cores in (2, 1):
        _painting_thread().submit(torch.set_num_threads, cores).result()  # each thread has a number of its own
        seen.append([(await painter.paint(PaintRequest(LONG, seed=seed))).data for seed in (1, 4, 7)])
    assert seen[0] == seen[1]


def test_knows_what_it_can_do_without_loading_weights() -> None:
    abilities = open_painter().abilities
    assert (abilities.edit, abilities.seeds, abilities.free) == ("mask", True, True)
    assert (abilities.token_limit, abilities.price_usd) == (56, 0.0)


@pytest.mark.parametrize(
    ("size", "what"), [((32, 64), "64 to 512"), ((64, 1024), "64 to 512"), ((65, 64), "in steps of 8")]
)
async def test_refuses_sizes_it_cannot_paint(size: tuple[int, int], what: str) -> None:
    with pytest.raises(BadInput, match=what):
        await open_painter().paint(PaintRequest("a red circle", size=size))


def test_has_no_models_to_choose_from() -> None:
    with pytest.raises(BadInput, match="shapes:other"):
        open_painter("other")
