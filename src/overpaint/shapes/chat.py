"""The chat model of the built-in world: writer, critic, judge and captioner over the prompts a hosted model gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import BaseModel

from overpaint.shapes import checklist, critic, methods
from overpaint.shapes.answering import find
from overpaint.shapes.captions import describe, fit, seen_words, terse
from overpaint.shapes.language import CAN_DRAW
from overpaint.shapes.layout import place
from overpaint.shapes.looking import TOLD, look, observed, quality
from overpaint.shapes.parser import parse
from overpaint.shapes.wire import MOST_PROPOSALS, Request, last_request
from overpaint.shapes.wishes import follow_up

EVIDENCE = 1200
"""Words of evidence in one look; where there are many questions, each gets its share."""

Reply = dict[str, Any]


class ShapesChat(BaseChatModel):
    """Understands scene language and measures pixels; answers any schema of this project's roles, by its fields.

    It thinks nothing up: the same messages get the same answer. A brief outside its world raises BadInput.

    Args:
        max_tokens: words of its longest answer; one that is longer is cut off there. A look at a picture never is.
    """

    max_tokens: int = 2048

    @property
    def _llm_type(self) -> str:
        return "shapes"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "shapes"}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text, whole = _first(answer(last_request(messages), kwargs.get("response_schema")), self.max_tokens)
        ended = "stop" if whole else "length"
        message = AIMessage(
            text,
            usage_metadata=_usage(messages, text),
            response_metadata={"model_name": "shapes", "token_unit": "words", "finish_reason": ended},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await asyncio.to_thread(self._generate, messages, stop, None, **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Bind a schema: a pydantic class gives instances of it, any other schema a dict.

        Args:
            schema: a pydantic class, TypedDict or JSON schema.
            include_raw: give {"raw", "parsed", "parsing_error"} instead.
            kwargs: method, strict and the like, which change nothing here.
        """
        model = self.bind(response_schema=convert_to_json_schema(schema))
        parser: Runnable[Any, Any] = JsonOutputParser()
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            parser = PydanticOutputParser(pydantic_object=schema)
        if not include_raw:
            return model | parser
        parsed = RunnablePassthrough.assign(
            parsed=lambda both: parser.invoke(both["raw"]), parsing_error=lambda _: None
        )
        failed = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def answer(request: Request, schema: dict[str, Any] | None) -> str:
    """The answer to one request, as JSON of the schema, or in plain words without one that is known.

    Raises:
        BadInput: the brief is outside the built-in world.
        ValueError: the message lacks a section or a picture that the answer needs.
    """
    fields = frozenset((schema or {}).get("properties", {}))
    for wanted, task in _TASKS.items():
        if wanted <= fields:
            return json.dumps(task(request), ensure_ascii=False)
    return f"This is the built-in model of coloured shapes. It draws and judges {CAN_DRAW}, and answers by schema only."


def _upsample(request: Request) -> Reply:
    if request.has("words_now"):
        return methods.mend(request)
    if request.has("number"):
        return methods.attempt(request)
    spec = parse(request.section("brief"))
    things = place(spec, "upsample")
    reasoning = f"The brief asks for {terse(spec)}; what it leaves open is laid out so that things stand apart."
    return {"reasoning": reasoning, "prompt": fit(things, request.number("token_limit"))}


def _specify(request: Request) -> Reply:
    return {"requirements": checklist.requirements(parse(request.section("brief")))}


def _propose(request: Request) -> Reply:
    spec, action = parse(request.section("brief")), request.section("action")
    number = min(max(request.number("count") or 1, 1), MOST_PROPOSALS)
    limit = request.number("token_limit")
    attempts = [*request.lines("attempts"), request.section("prompt")]
    seen = look(request)
    diagnosis, feedback = critic.verdict(spec, seen)
    feedback += critic.DEAF if request.section("remark") else ""
    if action == "edit":
        proposals = critic.edits(spec, seen, attempts, number, limit)
    else:
        proposals = critic.prompts(spec, action, attempts, number, limit)
    return {"diagnosis": diagnosis, "feedback": feedback, "proposals": proposals}


def _inspect(request: Request) -> Reply:
    seen, questions = look(request), request.questions()
    share = EVIDENCE // max(1, len(questions))
    findings = [(number, find(question, seen)) for number, question in questions]
    return {
        "observations": observed(seen),
        "answers": [
            {"number": n, "evidence": _first(f.evidence, share)[0], "answer": f.answer, "box": f.box}
            for n, f in findings
        ],
        "flaws": [seen_words(s, s.place) for s in seen if s.shape is None][:TOLD],
        "quality": quality(seen),
    }


def _describe(request: Request) -> Reply:
    return {"description": describe(look(request))}


def _follow_up(request: Request) -> Reply:
    return follow_up(request.section("brief"), request.section("message"))


_TASKS: dict[frozenset[str], Callable[[Request], Reply]] = {
    frozenset(("prompt", "reasoning")): _upsample,
    frozenset(("requirements",)): _specify,
    frozenset(("proposals",)): _propose,
    frozenset(("answers",)): _inspect,
    frozenset(("kind", "which")): _follow_up,
    **methods.TASKS,
    # Last, since an answer that compares attempts has a description too.
    frozenset(("description",)): _describe,
}


def _first(text: str, most: int) -> tuple[str, bool]:
    """The first words of a text, and whether that is all of it."""
    words = text.split(" ")
    return " ".join(words[:most]), len(words) <= most


def _usage(messages: Sequence[BaseMessage], text: str) -> UsageMetadata:
    """Count words, here as everywhere: pictures count nothing."""
    asked = sum(len(str(message.text).split()) for message in messages)
    return UsageMetadata(input_tokens=asked, output_tokens=len(text.split()), total_tokens=asked + len(text.split()))
