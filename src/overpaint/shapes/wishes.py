"""Wishes about a picture, such as "make the circle bigger": worked into its brief, as far as that is certain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from overpaint.shapes import language
from overpaint.shapes.captions import terse
from overpaint.shapes.drafts import Draft, meant
from overpaint.shapes.parser import parse
from overpaint.shapes.phrases import Mention, Unclear, phrases
from overpaint.shapes.reading import read
from overpaint.shapes.scene import Group, Link, Size, Spec
from overpaint.tools.faults import BadInput

_SIZES: dict[str, Size] = {
    **dict.fromkeys(("bigger", "larger"), "large"),
    "smaller": "small",
    **language.SIZE_WORDS,
    **language.MORE_SIZES,
}
_QUALITY = f"(?:{'|'.join((*_SIZES, *language.COLOUR_WORDS))})"
_MUCH = "(?:(?:much|even|a bit|a little|way|a lot|slightly) )?"
_WHAT = r"(?P<what>it|them|everything|(?:the|both|all(?: the)?) .+?)"
_LEAD = re.compile(
    r"^(?:(?:please|now|ok|okay|but|and|then|also|(?:can|could|would) you|i (?:want|would like) you to"
    r"|let(?: u|')s)[, ]+)+|[, ]+(?:please|too|as well|now|instead|thanks|thank you)$"
)
_THEN = re.compile(
    r"(?:,? and(?: then| also)?|,? then|[,;.])\s+(?=(?:also )?(?:make|paint|turn|change|add|remove|delete|drop|erase"
    r"|move|put|replace|enlarge|shrink|include|the|take|get)\b)"
)

Wish = Callable[[Spec, re.Match[str]], Spec]


def follow_up(brief: str, said: str) -> dict[str, Any]:
    """What a message means after a picture of a brief: a change of it, a new brief, or neither, with the reason."""
    try:
        changed = _changed(parse(brief), _plain(said))
        if changed is not None:
            return _reply("change", "it changes what is there", brief=_told(changed))
        parse(said)
    except (Unclear, BadInput) as fault:
        return _reply("other", "it cannot be followed", answer=f"That cannot be done as it stands: {fault}")
    return _reply("new", "it is a brief by itself", brief=said.strip())


def _reply(kind: str, reasoning: str, *, brief: str = "", answer: str = "") -> dict[str, Any]:
    return {"reasoning": reasoning, "kind": kind, "brief": brief, "which": None, "answer": answer}


def _plain(said: str) -> str:
    """The wish in lower case, without courtesies at its ends."""
    text, before = " ".join(said.casefold().strip(" .!?").split()), ""
    while text != before:
        text, before = _LEAD.sub("", text).strip(" .!?,"), text
    return text


def _changed(spec: Spec, wish: str) -> Spec | None:
    """The spec after a wish, or several joined by "and"; None where it is none that is known.

    Raises:
        Unclear: it does not say for certain what is meant.
        BadInput: what it adds is outside the built-in world.
    """
    for part in _THEN.split(wish):
        after = _after_one(spec, part.removeprefix("also ").strip())
        if after is None:
            return None
        spec = after
    return spec


def _after_one(spec: Spec, wish: str) -> Spec | None:
    for pattern, change in _WISHES:
        if found := re.fullmatch(pattern, wish):
            return change(spec, found)
    return None


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


def _qualify(spec: Spec, found: re.Match[str]) -> Spec:
    words = [word for word in re.split(r"[ ,]+", found["how"]) if word in _SIZES or word in language.COLOUR_WORDS]
    told: dict[str, Any] = {}
    for word in words:
        told |= {"size": _SIZES[word]} if word in _SIZES else {"colour": language.COLOUR_WORDS[word]}
    return _with(spec, _chosen(spec, found["what"]), **told)


def _resize(spec: Spec, found: re.Match[str]) -> Spec:
    size: Size = "small" if found[0].startswith("shrink") else "large"
    return _with(spec, _chosen(spec, found["what"]), size=size)


def _reshape(spec: Spec, found: re.Match[str]) -> Spec:
    """Make a thing another one; what is not said of the new one stays as it was."""
    wanted = _named(found["other"])
    told = {"shape": wanted.shape, "colour": wanted.colour, "size": wanted.size, "place": wanted.place}
    return _with(
        spec, _chosen(spec, found["what"]), **{name: value for name, value in told.items() if value is not None}
    )


def _move(spec: Spec, found: re.Match[str]) -> Spec:
    chosen = _chosen(spec, found["what"])
    place = _named(f"a circle {found['where']}").place
    if len(chosen) > 1 or spec.groups[chosen[0]].count > 1:
        raise Unclear("several things cannot be moved to one place; move them one by one")
    freed = tuple(link for link in spec.links if not {link.subject, link.target} & set(chosen))
    return _with(Spec(spec.groups, freed), chosen, place=place)


def _add(spec: Spec, found: re.Match[str]) -> Spec:
    phrase = re.sub(r"^(?:another|one more) ", "a ", found["thing"])
    return parse(f"{terse(spec)} . {phrase}")


def _remove(spec: Spec, found: re.Match[str]) -> Spec:
    chosen = _chosen(spec, found["what"])
    left = [index for index in range(len(spec.groups)) if index not in chosen]
    if not left:
        raise Unclear("nothing would be left; say what to paint instead")
    at = {old: new for new, old in enumerate(left)}
    links = [Link(at[k.subject], k.relation, at[k.target]) for k in spec.links if k.subject in at and k.target in at]
    return Spec(tuple(spec.groups[index] for index in left), tuple(links))


_WISHES: tuple[tuple[str, Wish], ...] = (
    (rf"(?:make|paint|colou?r|turn|change) {_WHAT} (?:(?:in|to|into|be) )?"
     rf"(?P<how>{_MUCH}{_QUALITY}(?:(?: and|,) {_MUCH}{_QUALITY})*)", _qualify),
    (rf"(?:i want )?{_WHAT} (?:should be|must be|shall be|to be) (?P<how>{_MUCH}{_QUALITY}(?: and {_QUALITY})*)",
     _qualify),
    (rf"(?:enlarge|grow|shrink) {_WHAT}", _resize),
    (rf"(?:make|turn|change|replace|swap) {_WHAT} (?:(?:in|to|into|by|with|for) )?(?P<other>an? .+)", _reshape),
    (rf"(?:move|put|place|shift) {_WHAT} (?:to )?(?P<where>(?:(?:in|at|on|into) )?the .+)", _move),
    (r"(?:add|include|put in) (?P<thing>.+)", _add),
    (rf"(?:remove|delete|drop|erase|take away|get rid of|leave out) {_WHAT}", _remove),
)  # fmt: skip


def _chosen(spec: Spec, what: str) -> list[int]:
    """The groups that "the red circle", "it" or "everything" means, by their index.

    Raises:
        Unclear: it could be any of several, or there is none.
    """
    everything = list(range(len(spec.groups)))
    if what in ("it", "them", "everything"):
        if what == "it" and len(everything) > 1:
            raise Unclear("it does not say which thing 'it' is; name it")
        return everything
    mention = _mention(what)
    drafts = [Draft(group) for group in spec.groups]
    named = meant(drafts, mention)
    found = [index for index, draft in enumerate(drafts) if any(draft is one for one in named)]
    several = sum(spec.groups[index].count for index in found) > 1
    if not found:
        raise Unclear(f"the picture is not to show '{what}'")
    if several and not mention.many:
        raise Unclear(f"'{what}' could be any of several things; say which")
    return found


def _mention(what: str) -> Mention:
    found = list(phrases(read(re.sub(r"^(?:both|all(?: the)?) ", "the ", what), brief=True)))
    if len(found) != 1 or not isinstance(found[0], Mention) or found[0].shape is None:
        raise Unclear(f"it does not say for certain which thing '{what}' is")
    return replace(found[0], place=None)


def _named(phrase: str) -> Group:
    """The one thing that a phrase names, however the place in it is put.

    Raises:
        Unclear: it names nothing of the built-in world, or several things.
    """
    for spoken in (phrase, phrase.replace(" the ", " in the ", 1), phrase.replace(" the ", " at the ", 1)):
        try:
            groups = parse(spoken).groups
        except BadInput:
            continue
        if len(groups) == 1 and groups[0].count == 1:
            return groups[0]
    raise Unclear(f"it does not say for certain what '{phrase}' is")


def _with(spec: Spec, chosen: Iterable[int], **told: Any) -> Spec:
    groups = list(spec.groups)
    for index in chosen:
        groups[index] = replace(groups[index], **told)
    return Spec(tuple(groups), spec.links)
