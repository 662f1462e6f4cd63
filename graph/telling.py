"""What a person is told in a chat, as Markdown. What people and models wrote never becomes a link or a picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage

from overpaint.graph.record import Belief, Record
from overpaint.graph.state import Plan, Receipt
from overpaint.graph.toolbox import Toolbox
from overpaint.tools.images import ImageRef
from overpaint.tools.links import picture_link

LONGEST = 240
"""Characters of one quoted text."""
MOST = 8
"""Requirements that are told one by one."""
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_STARTS = re.compile(r"^(\d+(?=[.)])|(?=[-+]))")
"""What begins a list, or is a rule, at the start of a line; `#`, `>` and `*` are among the marks."""
_LINKS = re.compile(
    r"(?i)(?<=www)(?=\.)|(?<=[a-z]:)(?=//)|(?<=/)(?=/)|(?<=@)|(?<=mailto:)|(?<=xmpp:)|(?<=\w\.)(?=[^\W\d])"
)
_APART = "\N{ZERO WIDTH SPACE}"
"""Chat apps make links of bare addresses after escapes are undone, so that these need more than a backslash."""


def answer(run: str, text: str) -> AIMessage:
    """The one message that answers a turn: the same id throughout, so that each takes the place of the last."""
    return AIMessage(text, id=f"answer-{run}")


def escaped(text: str, most: int = LONGEST) -> str:
    """A text on one line that Markdown shows as it is, cut where it is too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())
    cut = line if len(line) <= most else f"{line[: most - 1]}…"
    return _STARTS.sub(r"\1\\", _MARKS.sub(r"\\\1", _LINKS.sub(_APART, cut)))


async def picture(ref: ImageRef | None, alt: str, toolbox: Toolbox) -> str:
    """A picture as Markdown, with a blank line after it; empty without one."""
    if ref is None:
        return ""
    link = await asyncio.to_thread(picture_link, ref, toolbox.images.root)
    return f"![{escaped(alt, 80)}]({link})\n\n"


def status(plan: Plan, round_: int) -> str:
    """What is going on, while it does."""
    if plan["action"] in ("given", "rejudge"):
        return f"Round {round_}: looking at the picture …"
    number = plan["count"]
    return f"Round {round_}: painting {'a picture' if number == 1 else f'{number} pictures'} …"


def verdict_of(record: Record | None) -> str:
    """What a picture shows and what it lacks, by its judge."""
    verdict = record["verdict"] if record else None
    if verdict is None:
        return "Nobody judged it."
    if verdict["fault"] or not verdict["beliefs"]:
        return f"It could not be judged: {escaped(verdict['fault'] or 'no answer')}."
    held = [belief for belief in verdict["beliefs"] if belief["answer"] == "yes"]
    lost = [belief for belief in verdict["beliefs"] if belief["answer"] != "yes"]
    if not lost:
        return f"It shows everything that was asked: {_texts(held)}."
    shows = f"It shows {_texts(held)}. " if held else ""
    return f"{shows}It lacks:\n\n" + "\n".join(_lacking(belief) for belief in lost[:MOST])


def bill(receipt: Receipt) -> str:
    """What a run spent, in a line."""
    money = "unknown cost" if receipt["usd"] is None else f"${receipt['usd']:.2f}"
    pictures = "1 picture" if receipt["images"] == 1 else f"{receipt['images']} pictures"
    return f"{pictures}, {receipt['calls']} model calls, {receipt['tokens']} tokens, {money}."


def _texts(beliefs: Sequence[Belief]) -> str:
    told = "; ".join(escaped(_text(belief)) for belief in beliefs[:MOST])
    return f"{told} …" if len(beliefs) > MOST else told


def _lacking(belief: Belief) -> str:
    seen = f" (seen: {escaped(belief['evidence'])})" if belief["evidence"] else ""
    return f"- {escaped(_text(belief))}{seen}"


def _text(belief: Belief) -> str:
    """Records of the first version lack the text of a requirement."""
    return belief.get("text", belief["requirement"])
