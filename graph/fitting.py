"""Making a prompt fit what the painter's text encoder reads, before anything is paid; nothing is cut off in silence."""

from __future__ import annotations

from overpaint.graph.chat_settings import Role
from overpaint.graph.schemas import Upsampled
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load
from overpaint.tools.painters import Counting, Painter
from overpaint.tools.painting import LONGEST_PROMPT


async def unread_part(prompt: str, toolbox: Toolbox) -> str:
    """The end of a prompt that the painter would not take or not see; empty where it sees all, or cannot tell."""
    painter = await toolbox.painter()
    if beyond := prompt[longest_prompt(painter) :]:
        return beyond
    return await painter.unread(prompt) if isinstance(painter, Counting) else ""


def longest_prompt(painter: Painter) -> int:
    """How many characters of a prompt can be sent to a painter at all."""
    return min(LONGEST_PROMPT, painter.abilities.prompt_characters or LONGEST_PROMPT)


async def fitted(
    prompt: str, brief: str, role: Role, token_limit: int | None, toolbox: Toolbox
) -> tuple[str, dict[str, str]]:
    """A prompt that the painter reads whole, if the role can write one; else the one of which it reads more.

    A prompt that is too long to be sent at all gives way to the brief.

    Args:
        prompt: as it was written.
        brief: what it must still ask for.
        role: who wrote it and is asked once to say it shorter.
        token_limit: how many tokens are read.
        toolbox: of the node.

    Returns:
        The prompt, and the labels of the prompt files it took.
    """
    unread = await unread_part(prompt, toolbox)
    if not unread:
        return prompt, {}
    asked = load("shorten")
    values = {"brief": brief, "prompt": prompt, "unread": unread, "token_limit": token_limit}
    reply = await toolbox.consult(role, asked, Upsampled, values=values)
    shorter = reply.value.prompt.strip() if reply.value else ""
    if shorter and len(await unread_part(shorter, toolbox)) < len(unread):
        prompt = shorter
    sendable = len(prompt) <= longest_prompt(await toolbox.painter())
    return prompt if sendable else brief, {asked.name: asked.label}
