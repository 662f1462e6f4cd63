"""Chat models that look at pictures on this machine: whatever transformers loads for images and text."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from overpaint.tools.backends.loading import check_placing
from overpaint.tools.backends.vision_answering import Answer, Manner, answer
from overpaint.tools.backends.vision_loading import Loaded, check_installed, load, locate
from overpaint.tools.faults import BadInput
from overpaint.tools.ladder import with_more

ANSWER_TOKENS = 1024
"""Room for an answer; a CPU takes minutes for more."""


class VisionChat(BaseChatModel):
    """A chat model over one vision-language model in the transformers format.

    Nothing is loaded before the first call. All calls of a process are answered one after another on one thread, so
    roles share weights. Most models chat, by their chat template; BLIP and BLIP-2 only put a picture into words.

    Args:
        model: a folder's full path, or a hub id.
        device: auto, cpu, mps, cuda or cuda:<number>.
        dtype: float32, float16 or bfloat16.
        temperature: None or 0 for the likeliest token each time.
        seed: what other temperatures draw by; None for any.
        max_tokens: the longest answer.
    """

    model: str
    device: str | None = None
    dtype: str | None = None
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int = ANSWER_TOKENS

    @property
    def _llm_type(self) -> str:
        return "transformers"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        names = ("model", "device", "dtype", "temperature", "seed", "max_tokens")
        return {name: getattr(self, name) for name in names}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the one form to answer with, for LangChain's `with_structured_output`, which rests on this.

        A model that chats is told its JSON schema in words, and may fail it. One that captions fills in a single text.

        Raises:
            NotImplementedError: tools are to be called, which no model here is taught.
        """
        if len(tools) != 1 or not tool_choice:
            raise NotImplementedError(f"transformers:{self.model} calls no tools: bind one schema to answer with")
        return self.bind(form=convert_to_openai_tool(tools[0])["function"])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _vision_thread().submit(self._answered, messages, stop, threading.Event(), **kwargs).result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        cancelled = threading.Event()
        job = partial(self._answered, messages, stop, cancelled, **kwargs)
        try:
            return await asyncio.get_running_loop().run_in_executor(_vision_thread(), job)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def _answered(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        cancelled: threading.Event,
        form: dict[str, Any] | None = None,
        **_: Any,
    ) -> ChatResult:
        loaded = load(self.model, self.device, self.dtype)
        if form is not None:
            messages = _with_form(loaded, messages, form)
        found = answer(loaded, messages, Manner(self.temperature, self.seed, self.max_tokens), cancelled)
        message = _message(found, self.model, stop or [])
        if form is not None and (filled := _filled(loaded, form, message.text)) is not None:
            message.tool_calls = [tool_call(name=form["name"], args=filled, id=str(uuid.uuid4()))]
        return ChatResult(generations=[ChatGeneration(message=message)])


def open_chat(
    model: str,
    *,
    device: str | None = None,
    dtype: str | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    max_tokens: int | None = None,
) -> VisionChat:
    """Make the chat model behind "transformers:<folder or hub id>"; looks at files, imports no torch.

    Args:
        model: a folder with config.json and safetensors, or a hub id.
        device: as for VisionChat, like the rest; what is left out is chosen when the model is loaded.
        dtype: float32 on a CPU when left out, else bfloat16 or float16.
        temperature: as for VisionChat.
        seed: as for VisionChat.
        max_tokens: ANSWER_TOKENS when left out.

    Raises:
        BadInput: a package or the folder is missing, or a value is none of those.
    """
    check_placing(device, dtype)
    check_installed()
    return VisionChat(
        model=locate(model),
        device=device,
        dtype=dtype,
        temperature=temperature,
        seed=seed,
        max_tokens=max_tokens or ANSWER_TOKENS,
    )


def _with_form(loaded: Loaded, messages: list[BaseMessage], form: dict[str, Any]) -> list[BaseMessage]:
    """The messages with the schema in words, for a model that reads them.

    Raises:
        BadInput: the model only captions, and the form wants more.
    """
    if not loaded.captions:
        return with_more(messages, f"Answer with one JSON object of this schema: {json.dumps(form['parameters'])}")
    if [field.get("type") for field in form["parameters"]["properties"].values()] != ["string"]:
        raise BadInput(f"{loaded.name} only puts pictures into words: it can be the captioner, but no judge or critic")
    return messages


def _filled(loaded: Loaded, form: dict[str, Any], text: str) -> dict[str, Any] | None:
    """The fields of the form, from a caption or from an answer that is a JSON object; None from any other."""
    if loaded.captions:
        return dict.fromkeys(form["parameters"]["properties"], text)
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _message(found: Answer, model: str, stop: Sequence[str]) -> AIMessage:
    text = min((found.text.partition(end)[0] for end in stop), key=len, default=found.text)
    return AIMessage(
        text,
        usage_metadata=UsageMetadata(
            input_tokens=found.asked, output_tokens=found.said, total_tokens=found.asked + found.said
        ),
        response_metadata={"model_name": model, "finish_reason": "length" if found.cut_off else "stop"},
    )


@cache
def _vision_thread() -> ThreadPoolExecutor:
    # Not asyncio.to_thread: calls that wait for their turn would fill the pool that file and database work needs.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="overpaint-vision")
