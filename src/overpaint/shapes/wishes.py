"""What a message after a picture of shapes means: a wish worked into its brief, or a new brief, where certain."""

from __future__ import annotations

import re
from typing import Any

from overpaint.shapes.captions import terse
from overpaint.shapes.changes import MORE, NUMBER, VERBS, changed
from overpaint.shapes.language import CAN_DRAW
from overpaint.shapes.outside import MOST_WORDS
from overpaint.shapes.parser import parse
from overpaint.shapes.phrases import Unclear
from overpaint.shapes.pointing import stranger
from overpaint.shapes.reading import known, split
from overpaint.shapes.scene import Spec
from overpaint.tools.faults import BadInput

_LEAD = re.compile(
    r"^(?:(?:please|now|ok|okay|but|and|then|also|(?:can|could|would) you|(?:can|could) we"
    r"|i (?:want|would like) you to|let(?: u|')s)[, ]+)+|[, ]+(?:please|too|as well|now|thanks|thank you)$"
)
_VERB = f"(?:{'|'.join(VERBS)})"
_SPOKEN = frozenset((*VERBS, *MORE, "everything", "it", "them", "into", "by", "for"))
"""Words of wishes that no brief has."""
_THEN = re.compile(rf"(?:,? and(?: then| also)?|,? then|[,;.])\s+(?=(?:also )?(?:{_VERB}|the)\b)")
_SHOULD = re.compile(r"\b(?:should|must|shall|to) be\b")
_COURTESY = r"(?:(?:please|now|ok|okay)[, ]+)*"
_ORDER = (
    r"(?:(?:(?:can|could|would) you )?(?:please )?(?:paint|draw|create|generate|show(?: me| us)?|give (?:me|us))"
    r"|i (?:want|would like|need)) "
)
_COUNTED = rf"(?:an?|{NUMBER})"
_BARE = rf"{_COUNTED} (?:(?!\b(?:i|we|you|is|are|be|has|have|like|would|should|must|see|there|here|too|also)\b).)+?"
"""A noun phrase that says nothing about what it names."""
_NEW = re.compile(rf"{_COURTESY}(?:{_ORDER}(?P<ordered>{_COUNTED} .+)|(?P<bare>{_BARE}))", re.DOTALL | re.IGNORECASE)
_END = re.compile(r"(?:,? (?:please|thanks|thank you))?[ .!?]*$")
_ALSO = re.compile(
    rf"{_COURTESY}(?:(?:and|plus|and also|also)[, ]+(?:{_ORDER})?(?P<one>{_BARE})"
    rf"|(?:{_ORDER})?(?P<two>{_BARE}),? (?:too|as well|also)|(?:{_ORDER})?(?P<three>{NUMBER} more .+))"
)
_POLITE = re.compile(rf"{_COURTESY}(?:can|could|would) you\b", re.IGNORECASE)


def follow_up(brief: str, said: str) -> dict[str, Any]:
    """What a message means after a picture of a brief: a change of it, a new brief, or neither, with the reason."""
    said = said.strip()
    wish = _plain(said)
    try:
        if (new := _new(said)) is not None:
            return _reply("new", "it is a brief by itself", brief=new)
        after = None if _asks(said, wish) else _changed(parse(brief), wish)
        if after is not None:
            return _reply("change", "it changes what is there", brief=_told(after))
    except (Unclear, BadInput) as fault:
        return _reply("other", "it cannot be followed", answer=f"That cannot be done as it stands: {fault}")
    return _reply("other", "it is no wish that is known", answer=_unread(wish))


def _reply(kind: str, reasoning: str, *, brief: str = "", answer: str = "") -> dict[str, Any]:
    return {"reasoning": reasoning, "kind": kind, "brief": brief, "which": None, "answer": answer}


def _unread(wish: str) -> str:
    """What can be said; and of a wish, which of its words are not known."""
    words = split(wish) if re.match(rf"{_VERB}\b", wish) else []
    strange = [repr(word) for word in dict.fromkeys(words) if not (known(word) or word in _SPOKEN)][:MOST_WORDS]
    why = f" (not known: {', '.join(strange)})" if strange else ""
    return (
        f"That cannot be followed for certain{why}. Say what to change, such as 'make the red circle larger', "
        "'add a green star', 'remove the square' or 'move the star to the top left', or put 'new:' before a whole "
        f"brief. The built-in world draws {CAN_DRAW}."
    )


def _new(said: str) -> str | None:
    """The brief that a message is by itself; None where it may be anything else.

    Raises:
        Unclear: it speaks of a thing that it does not name.
        BadInput: it is outside the built-in world.
    """
    found = _NEW.fullmatch(said)
    if not found or _ALSO.fullmatch(_bare(said)) or (said.endswith("?") and not _POLITE.match(said)):
        return None
    brief = _END.sub("", found["ordered"] or found["bare"])
    parse(brief)
    if unknown := stranger(brief, Spec(())):
        raise Unclear(f"it does not say what '{unknown}' is; say 'add …', or put 'new:' before a whole brief")
    return brief


def _bare(said: str) -> str:
    return " ".join(said.casefold().strip(" .!?").split())


def _plain(said: str) -> str:
    """The wish in lower case, without courtesies at its ends."""
    text, before = _bare(said), ""
    more = None if said.endswith("?") else _ALSO.fullmatch(text)
    if more:
        return f"add {more['one'] or more['two'] or more['three']}"
    while text != before:
        text, before = _LEAD.sub("", text).strip(" .!?,"), text
    return text


def _asks(said: str, wish: str) -> bool:
    """Whether a message is a question, and no wish in the form of one."""
    return said.endswith("?") and not re.match(rf"{_VERB}\b", wish)


def _changed(spec: Spec, wish: str) -> Spec | None:
    """The spec after a wish, or several joined by "and"; None where it is none that is known.

    Raises:
        Unclear: it does not say for certain what is meant.
        BadInput: what it adds is outside the built-in world.
    """
    after, seen, verb = spec, spec, "make"
    for number, part in enumerate(_THEN.split(wish)):
        said = part.removeprefix("also ").strip()
        if number and re.search(r"\b(?:it|them)\b", said) and not len(spec.groups) == len(after.groups) == 1:
            raise Unclear("it does not say for certain which thing 'it' or 'them' is; name it")
        told = f"{verb} {said}" if said.startswith("the ") and not _SHOULD.search(said) else said
        done = changed(after, told, seen)
        if done is None:
            return changed(spec, wish, spec)
        if len(done.groups) != len(after.groups):
            seen = changed(seen, told, seen) or seen
        first = told.split(" ", 1)[0]
        after, verb = done, first if first in VERBS else "make"
    return after


def _told(spec: Spec) -> str:
    """The spec as a brief that is read back as the same.

    Raises:
        Unclear: it cannot be put so.
        BadInput: it cannot be laid out.
    """
    brief = terse(spec)
    again = parse(brief)
    if again.groups != spec.groups or set(again.links) != set(spec.links):
        raise Unclear(f"'{brief}' would not say for certain which is which; say the whole brief anew")
    return brief
