"""Caps under chance: no scenario of prices, widths, looks and failures goes past one, and every run delivers its champion.

The graph, the ledger and the call log are the real ones; painter and chat models are simulated, and keep books of their
own, so that what is held against the caps is what a provider would have billed.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image
from pydantic import PrivateAttr

from overpaint.graph import costs
from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.graph.waiting import Postponed
from overpaint.tools import chat, painters
from overpaint.tools.budget import IMAGE_TOKENS
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from overpaint.tools.prices import ChatPrice

pytestmark = pytest.mark.slow

BRIEF = "a red circle above a blue square"
TIMEOUT = 5.0
ANSWER = 200
"""Tokens that each simulated chat model may answer with."""

LATE = 0.1
"""Seconds that a model may go on after it was cut off, as this machine is busy."""


@dataclass
class Books:
    """What the providers of one run billed."""

    images: int = 0
    good: int = 0
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """What is drawn: prices, how much models answer, and how often each thing goes wrong."""

    seed: int
    picture_usd: float | None
    chat: tuple[float, float]
    free: bool
    edits: bool
    greed: float
    trouble: float
    slow: float


@dataclass
class World:
    """One scenario at work."""

    scenario: Scenario
    chance: random.Random = field(init=False)
    books: Books = field(default_factory=Books)
    mended: bool = False
    graph: Any = field(default_factory=lambda: build_graph(InMemorySaver()))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.scenario.seed)

    def trouble(self) -> str:
        """What goes wrong now, if anything."""
        if self.chance.random() >= self.scenario.trouble:
            return ""
        return self.chance.choice(["garbage", "uncounted", "blocked", "duplicate"] + ["fault"] * (not self.mended))

    @property
    def price(self) -> ChatPrice:
        return ChatPrice(self.scenario.chat[0], self.scenario.chat[0], self.scenario.chat[1])


class Model(BaseChatModel):
    """A chat model that answers any of our schemas, is paid for it, and has moods."""

    max_tokens: int = ANSWER
    _world: World = PrivateAttr()

    @property
    def _llm_type(self) -> str:
        return "simulated"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError  # it is asked from event loops alone

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        world, mood = self._world, self._world.trouble()
        world.books.calls += 1
        await asyncio.sleep(world.chance.random() * world.scenario.slow)
        if mood == "fault":
            raise ProviderFault("the model is broken")
        text, pictures = _sent(messages)
        sent = max(1, int(world.scenario.greed * (len(text.encode()) + IMAGE_TOKENS * pictures)))
        answered = max(1, int(world.scenario.greed * self.max_tokens))
        world.books.tokens += sent + answered
        world.books.usd += world.price.cost(sent, answered)
        said = "Well." if mood == "garbage" else json.dumps(_answer(text, world.chance))
        counted = UsageMetadata(input_tokens=sent, output_tokens=answered, total_tokens=sent + answered)
        message = AIMessage(said, usage_metadata=None if mood == "uncounted" else counted)
        return ChatResult(generations=[ChatGeneration(message=message)])


def _sent(messages: list[BaseMessage]) -> tuple[str, int]:
    blocks = [b for m in messages for b in ([m.content] if isinstance(m.content, str) else m.content)]
    texts = [b if isinstance(b, str) else str(b.get("text", "")) for b in blocks]
    return "\n".join(texts), sum(not isinstance(b, str) and "image" in b["type"] for b in blocks)


def _answer(text: str, chance: random.Random) -> dict[str, Any]:
    if '"title":"Inspection"' in text:
        said = [{"number": n, "evidence": "e", "answer": chance.choice(["yes", "no", "unsure"])} for n in range(1, 5)]
        return {"observations": "o", "answers": said}
    if '"title":"ChecklistDraft"' in text:
        items = [{"text": f"t{n}", "question": f"q{n}?", "kind": "object"} for n in range(chance.randint(1, 4))]
        return {"requirements": items}
    if '"title":"Proposals"' in text:
        drafts = [{"prompt": f"p{chance.random()}", "boxes": []} for _ in range(chance.randint(1, 2))]
        return {"diagnosis": "d", "feedback": "f", "proposals": drafts}
    for title, answer in METHODS.items():
        if f'"title":"{title}"' in text:
            return answer(chance)
    return {"reasoning": "r", "prompt": f"p{chance.random()}"}


METHODS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "Matched": lambda c: {"feedback": "f", "matches": c.random() < 0.3, "revised_prompt": f"p{c.random()}"},
    "Scored": lambda c: {"thoughts": "t", "score": c.random() / 2, "verdict": c.choice(["correct", "incorrect"])},
    "Captioned": lambda c: {"caption": f"c{c.random()}"},
    "Similar": lambda c: {"reasoning": "r", "similar": c.random() < 0.3},
    "Rewritten": lambda c: {"reasoning": "r", "revision": f"p{c.random()}"},
    "Chosen": lambda c: {"reasoning": "r", "index": c.randint(0, 4)},
    "Compared": lambda c: {"rationale": "r", "description": f"p{c.random()} {'word ' * c.randint(1, 20)}"},
    "Varied": lambda c: {"variants": [f"p{c.random()} q{c.random()} r{c.random()}" for _ in range(c.randint(2, 4))]},
}
"""What the model says under the methods of published systems, by the title of the schema."""


@dataclass
class Painter:
    """A painter that bills, has moods, and may be slow; a paid one keeps to its time limit."""

    world: World
    name: str = "simulated:painter"

    @property
    def abilities(self) -> Abilities:
        drawn = self.world.scenario
        accepts = frozenset({"timeout"})
        return Abilities(accepts, free=drawn.free, price_usd=drawn.picture_usd, edit="mask" if drawn.edits else None)

    async def check(self) -> None:
        """Nothing is needed."""

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        world, mood = self.world, self.world.trouble()
        if mood == "fault":
            raise ProviderFault("the painter is broken")
        seconds = world.chance.random() * (world.scenario.slow if world.scenario.free else TIMEOUT)
        await asyncio.sleep(seconds if world.scenario.free else 0)
        usd = self.abilities.price_usd
        told = usd * world.chance.random() if usd and world.chance.random() < 0.5 else None
        world.books.images += 1
        world.books.usd += (usd if told is None else told) or 0.0
        world.books.seconds += seconds
        if mood == "blocked":
            return PaintResult("blocked", notes=("no",), seconds=seconds, usd=told)
        world.books.good += mood != "duplicate"
        picture = _picture(0 if mood == "duplicate" else world.books.images)
        return PaintResult("ok", picture, seconds=seconds, usd=told)


def _picture(number: int) -> bytes:
    made = Image.new("RGB", (16, 16), "white")
    noise = random.Random(number)
    for x in range(16):
        for y in range(16):
            made.putpixel((x, y), (noise.randrange(256), noise.randrange(256), noise.randrange(256)))
    data = io.BytesIO()
    made.save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world that painter and chat models live in; each example puts another scenario into it."""
    held = World(Scenario(0, 0.0, (0.0, 0.0), free=True, edits=True, greed=1.0, trouble=0.0, slow=0.0))

    def opened(name: str, given: dict[str, Any]) -> BaseChatModel:
        model = Model(max_tokens=given.get("max_tokens", ANSWER))
        model._world = held
        return model

    monkeypatch.setattr(chat, "open_client", opened)
    monkeypatch.setattr(chat, "chat_price", lambda name, base_url: held.price)
    monkeypatch.setattr(costs, "chat_price", lambda name, base_url: held.price)
    monkeypatch.setattr(costs, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(costs, "QUESTIONS", 4)  # no more than are ever asked here, so that nothing is left over
    monkeypatch.setattr(costs, "QUESTION", "q1?")
    monkeypatch.setattr(costs, "MOST_DETAILS", 0)  # pictures as small as these have none
    monkeypatch.setattr(painters, "_factory", lambda scheme: lambda model, **options: Painter(held))
    painters.open_cached.cache_clear()
    yield held
    painters.open_cached.cache_clear()


scenarios = st.builds(
    Scenario,
    seed=st.integers(0, 2**32 - 1),
    picture_usd=st.sampled_from([0.0, 0.01, 0.04, 0.25]),
    chat=st.sampled_from([(0.0, 0.0), (0.25, 2.0), (5.0, 40.0)]),
    free=st.booleans(),
    edits=st.booleans(),
    greed=st.sampled_from([0.2, 1.0, 1.0]),
    trouble=st.sampled_from([0.0, 0.0, 0.2, 0.9]),
    slow=st.sampled_from([0.0, 0.0, 0.0, 0.03]),
)
chosen = st.fixed_dictionaries(
    {
        "per_round": st.integers(1, 4),
        "looks": st.sampled_from([1, 2, 3, 9]),
        "max_images": st.sampled_from([1, 2, 5, 8, 12]),
        "judge_method": st.sampled_from(["checklist"] * 9 + ["none"]),
        "upsample": st.booleans(),
        "stop_when_passed": st.booleans(),
        "patience": st.sampled_from([1, 2, 4]),
    },
    optional={
        "max_calls": st.sampled_from([1, 2, 3, 4, 6, 9, 13, 20]),
        "max_tokens": st.sampled_from([8_000, 12_000, 20_000, 30_000, 50_000]),
        "max_usd": st.sampled_from([0.1, 0.3, 0.4, 0.5, 0.8, 1.2]),
        "max_seconds": st.sampled_from([0.05, 0.5, 5.5, 6.0, 7.0, 8.5, 11.0, 16.0, 25.0]),
    },
)


@given(scenarios, chosen)
@examples(max_examples=80, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_scenario_goes_past_a_cap_and_every_run_delivers_its_champion(
    world: World, scenario: Scenario, wanted: dict[str, Any]
) -> None:
    _keeps_its_caps(world, scenario, wanted)


chains = st.fixed_dictionaries(
    {"chain": st.sampled_from(["last", "champion"]), "rounds": st.sampled_from([None, 2, 5])}
)
methods = st.one_of(
    st.fixed_dictionaries(
        {"judge_method": st.just("strict"), "critique_method": st.sampled_from(["fused", "targeted"])}
    ),
    st.fixed_dictionaries({"judge_method": st.just("score")}),
    st.fixed_dictionaries(
        {
            "judge_method": st.just("caption"),
            "critique_method": st.sampled_from(["caption", "targeted"]),
            "select_best_image": st.booleans(),
            "mode": st.sampled_from(["inference", "full"]),
        }
    ),
)


@given(scenarios, chosen, methods, chains)
@examples(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_method_of_a_published_system_goes_past_a_cap(
    world: World, scenario: Scenario, wanted: dict[str, Any], method: dict[str, Any], chain: dict[str, Any]
) -> None:
    _keeps_its_caps(world, scenario, {**wanted, **method, **chain})


writers = st.one_of(
    st.fixed_dictionaries(
        {
            "upsample_method": st.just("variations"),
            "variations": st.integers(1, 4),
            "max_images": st.sampled_from([4, 6]),
            "judge_method": st.sampled_from(["none", "checklist", "score"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "upsample_method": st.just("compare"),
            "attempts": st.integers(1, 3),
            "upsample_words": st.sampled_from([None, "5-15"]),
        }
    ),
)


@given(scenarios, chosen, writers)
@examples(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_way_of_writing_prompts_goes_past_a_cap(
    world: World, scenario: Scenario, wanted: dict[str, Any], writing: dict[str, Any]
) -> None:
    _keeps_its_caps(world, scenario, {**wanted, **writing, "upsample": True})


def _keeps_its_caps(world: World, scenario: Scenario, wanted: dict[str, Any]) -> None:
    world.scenario, world.books, world.mended = scenario, Books(), False
    world.chance = random.Random(scenario.seed)
    roles = {f"{role}_max_tokens": ANSWER for role in ("writer", "critic", "judge")}
    models = dict.fromkeys(("writer", "critic", "judge"), "simulated:model")
    settings = Settings(painter="simulated:painter", seed=1, timeout=TIMEOUT, **roles, **models, **wanted)  # type: ignore[arg-type]
    state = asyncio.run(_carried(world, settings))
    if isinstance(state, BadInput):
        assert "give at least" in str(state)
        assert world.books == Books()
        return
    _within_caps(world.books, state, settings)
    if "prompt" not in state:  # no method but this can end a run before a picture
        assert settings.upsample_method == "variations"
        return
    assert state["ended"]
    delivered = state["champion"]
    if world.books.good and not (scenario.free and settings.max_seconds):  # a free one may come just as it is cut off
        assert delivered is not None
    if delivered is not None:
        assert delivered["outcome"] == "ok"
        assert delivered["image"] is not None


async def _carried(world: World, settings: Settings) -> State | BadInput:
    """A run to its end; what broke it off is mended then, and the run taken up again. The fault of one refused."""
    config, given = on_thread(str(uuid.uuid4())), cast(Any, {"brief": BRIEF})
    while True:
        unwritten = False
        try:
            await world.graph.ainvoke(given, config, context=settings)
        except BadInput as refused:
            return refused
        except (ProviderFault, Postponed) as fault:
            unwritten = world.mended and "different prompts" in str(fault)
            world.mended = True
        given = None
        kept = await world.graph.aget_state(config)
        if unwritten or not kept.next:
            return cast(State, kept.values)
        world.mended = True


def _within_caps(books: Books, state: State, settings: Settings) -> None:
    receipt = state["receipt"]
    assert receipt["usd"] is not None
    for images in (books.images, receipt["images"]):
        assert images <= settings.max_images
    for calls in (books.calls, receipt["calls"]):
        assert settings.max_calls is None or calls <= settings.max_calls
    for tokens in (books.tokens, receipt["tokens"]):
        assert settings.max_tokens is None or tokens <= settings.max_tokens
    for usd in (books.usd, receipt["usd"]):
        assert settings.max_usd is None or usd <= settings.max_usd + 1e-6
    if settings.max_seconds is not None:
        assert receipt["seconds"] <= settings.max_seconds + LATE
        assert books.seconds <= settings.max_seconds + LATE
