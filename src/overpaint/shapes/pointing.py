"""Which things a wish means: "the red circle", "both squares", "it"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from overpaint.shapes.arranging import arranged
from overpaint.shapes.drafts import Draft, meant
from overpaint.shapes.parser import parse
from overpaint.shapes.phrases import Mention, Unclear, phrases
from overpaint.shapes.reading import read
from overpaint.shapes.scene import Group, Shape, Spec
from overpaint.shapes.wording import plainly
from overpaint.tools.faults import BadInput


def chosen(spec: Spec, what: str) -> list[int]:
    """The groups that "the red circle", "the circle and the square", "it" or "everything" means, by their index.

    Raises:
        Unclear: it could be any of several, or there is none.
    """
    everything = list(range(len(spec.groups)))
    if what in ("it", "them", "everything"):
        if what == "it" and len(everything) > 1:
            raise Unclear("it does not say which thing 'it' is; name it")
        return everything
    found = [index for one in re.split(r"(?:,? and|,) (?=the )", what) for index in _one_kind(spec, one)]
    return list(dict.fromkeys(found))


def _one_kind(spec: Spec, what: str) -> list[int]:
    mention = _mention(what)
    drafts = [Draft(group) for group in spec.groups]
    named = meant(drafts, mention)
    alike = meant(drafts, replace(mention, ordinal=None))
    if mention.ordinal is not None and any(draft.group.count > 1 for draft in alike):
        raise Unclear(f"it does not say for certain which thing '{what}' is")
    found = [index for index, draft in enumerate(drafts) if any(draft is one for one in named)]
    number = sum(spec.groups[index].count for index in found)
    if not found or (what.startswith("both ") and number != 2):
        raise Unclear(f"the picture is not to show '{what}'")
    if number > 1 and not mention.many:
        raise Unclear(f"'{what}' could be any of several things; say which")
    return found


def _mention(what: str) -> Mention:
    found = list(phrases(read(re.sub(r"^(?:both|all(?: the)?) ", "the ", what), brief=True)))
    if len(found) != 1 or not isinstance(found[0], Mention) or found[0].shape is None:
        raise Unclear(f"it does not say for certain which thing '{what}' is")
    return replace(found[0], place=None)


def one_thing(phrase: str) -> Group:
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


def stranger(text: str, spec: Spec) -> Mention | None:
    """The first "the square" or "a red one" of a text for which neither it nor the spec names a thing; else None.

    Raises:
        Unclear: the text cannot be read.
    """
    drafts = [Draft(group) for group in spec.groups]
    named: set[Shape] = set()
    for mention in _mentions(text):
        if mention.shape is None:
            if not named:
                return mention
        elif not mention.definite:
            named.add(mention.shape)
        elif mention.shape not in named and not meant(drafts, mention):
            return mention
    return None


def _mentions(text: str) -> Iterator[Mention]:
    items = iter(arranged(read(plainly(text), brief=True)))
    return (part for part in phrases(items) if isinstance(part, Mention))
