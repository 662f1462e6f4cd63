"""Who is champion, and which picture the next is made from. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, State, birth

HOLDS = "y"
"""The belief that a requirement holds."""


def crown(
    champion: Candidate | None,
    challengers: Iterable[Candidate],
    settings: Settings,
    declined: str | None = None,
) -> Candidate | None:
    """The champion after a round: it falls only to a challenger that loses no requirement and gains one.

    The first champion is the best of its round by score; a picture that could not be judged is taken only while there
    is nothing better. A champion that a person declined (its id) falls to one that merely loses nothing. Of judges that
    give a score, correct goes before incorrect, then the score counts, and of equals in one round the last minted is
    taken, which has the upsampled prompt where it competes with the brief. `chain=last` takes whatever was painted last
    unless something passed.
    """
    for challenger in sorted(challengers, key=lambda c: _order(c, settings), reverse=True):
        if challenger["outcome"] == "ok" and _takes(challenger, champion, declined, settings):
            champion = challenger
    return champion


def crowned(state: State, settings: Settings) -> Candidate | None:
    """The champion as the next decision has it: that of state, and the candidates of its round beside it.

    No round has ended since a run stopped, and what it delivered may have been chosen otherwise: there the champion
    stays, unless a person declined it.
    """
    champion, declined = state.get("champion"), state.get("declined")
    has_stopped = state.get("plan", {}).get("stop") is not None
    if has_stopped and champion is not None and champion["id"] != declined:
        return champion
    return crown(champion, of_round(state, state.get("round", -1)), settings, declined)


def of_round(state: State, round_: int) -> list[Candidate]:
    """The candidates of one round."""
    return [c for c in state.get("candidates", {}).values() if c["round"] == round_]


def at_work(state: State, settings: Settings) -> Candidate | None:
    """The picture that the next one is made from: the champion, or under `chain=last` the last whole one."""
    if settings.chain == "champion":
        return state.get("champion")
    whole = [c for c in state.get("candidates", {}).values() if c["outcome"] == "ok"]
    return max(whole, key=birth) if whole else state.get("champion")


def passes(candidate: Candidate | None) -> bool:
    """True when every requirement is believed to hold."""
    return candidate is not None and bool(candidate["beliefs"]) and set(candidate["beliefs"]) == {HOLDS}


def _takes(challenger: Candidate, champion: Candidate | None, declined: str | None, settings: Settings) -> bool:
    if champion is None:
        return True
    if settings.chain == "last":
        stays = passes(champion) and champion["id"] != declined
        return not stays and birth(challenger) > birth(champion)
    if settings.judge_method == "score":
        equal = _rank(challenger) == _rank(champion) and challenger["id"] != champion["id"]
        return _rank(challenger) > _rank(champion) or (equal and champion["id"] == declined)
    return _beats(challenger, champion, declined)


def _order(candidate: Candidate, settings: Settings) -> tuple[float, tuple[int, int]]:
    """By score; of equals the first minted goes first, or under a scoring judge the last. For sorting in reverse."""
    score = -1.0 if candidate["score"] is None else candidate["score"]
    return score, birth(candidate) if settings.judge_method == "score" else (0, 0)


def _rank(candidate: Candidate) -> tuple[bool, float]:
    return passes(candidate), -1.0 if candidate["score"] is None else candidate["score"]


def _beats(challenger: Candidate, champion: Candidate, declined: str | None) -> bool:
    if challenger["id"] == champion["id"]:
        return False
    new, old = challenger["beliefs"], champion["beliefs"]
    if not new or not old:
        return bool(new) and not old
    lost = any(o == HOLDS and n != HOLDS for n, o in zip(new, old, strict=True))
    gained = any(n == HOLDS and o != HOLDS for n, o in zip(new, old, strict=True))
    return not lost and (gained or champion["id"] == declined)
