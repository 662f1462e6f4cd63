"""The sentence on top, the paired tests, and which pictures beat which."""

from pathlib import Path

import pytest

from overpaint.evaluation.asked import Terms
from overpaint.evaluation.figures import judged
from overpaint.evaluation.markdown import read_table
from overpaint.evaluation.page_tables import headline, paired_table, shares_table, spent
from overpaint.evaluation.standing import beats
from overpaint.evaluation.statistics import by_preset, paired, ranked
from tests.evaluation.experiments import make_experiment
from tests.evaluation.outcomes import failed, outcome


@pytest.mark.slow
def test_the_headline_names_the_best_the_next_and_how_sure_it_is(tmp_path: Path) -> None:
    outcomes = make_experiment(tmp_path / "made", rows=40, scorers=()).outcomes()
    best, second, _ = ranked(outcomes)
    found = by_preset(outcomes)
    told = headline(outcomes)
    assert told.startswith(f"{best} succeeds on ")
    assert f" of 40 briefs, {second} on " in told
    assert f"(p = {paired(found[best], found[second]).p:.2g})" in told
    assert headline(found[best]).endswith("of 40 briefs.")
    assert headline([]) == "No brief has been run yet."


def test_where_all_runs_failed_the_headline_says_why() -> None:
    assert headline([failed("default", "a"), failed("one-shot", "a")]) == (
        "All runs failed (2). The first: the painter is gone"
    )


def test_the_headline_compares_nothing_that_cannot_be_compared() -> None:
    runs = [outcome("bare", "a", [True], truth=False), outcome("default", "a", [False], truth=False)]
    assert headline(runs, Terms(frozenset({"bare"}))) == "default succeeds on 0% of 1 brief."
    assert "nobody judged" in headline(runs, Terms(frozenset({"bare", "default"}))).lower()
    assert "cannot be compared" in headline(runs, Terms(ways={"bare": "score", "default": "checklist"}))


def test_every_pair_of_presets_is_tested_once(tmp_path: Path) -> None:
    outcomes = make_experiment(tmp_path / "made", ["a", "b", "c", "d"], 20, scorers=()).outcomes()
    table = read_table(paired_table(outcomes))
    assert len({frozenset(row[0].split(" against ")) for row in table.rows}) == len(table.rows) == 6
    assert "below 0.0083 hold" in table.notes[0]
    found = by_preset(outcomes)
    for pair, n10, n01, shared, _ in table.rows:
        first, second = pair.split(" against ")
        test = paired(found[first], found[second])
        assert [n10, n01, shared] == [str(test.n10), str(test.n01), "20"]
        assert test.n10 >= test.n01


def test_references_are_compared_with_only_where_they_were_scored(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", rows=20)
    outcomes, scores = experiment.outcomes(), experiment.scores("clipscore")
    table = read_table(shares_table(outcomes, scores, "clipscore"))
    assert table.head[1:] == [
        *(f"{place} > first" for place in ("stopped", "chosen", "best", "last")),
        *(f"{place} > reference" for place in ("first", "stopped", "chosen", "best", "last")),
    ]
    share = beats(outcomes, scores, "reference")["default"]["best"].share
    assert share is not None
    assert dict(zip(table.head, table.rows[-1], strict=True))["best > reference"] == f"{100 * share:.1f}"
    assert len(read_table(shares_table(outcomes, judged(outcomes), "judge")).head) == 5


def test_what_was_spent_is_the_sum_of_all_receipts(tmp_path: Path) -> None:
    outcomes = make_experiment(tmp_path / "made", scorers=()).outcomes()
    assert spent(outcomes)["images"] == sum(outcome["receipt"]["images"] for outcome in outcomes)
    assert spent([])["calls"] == 0
