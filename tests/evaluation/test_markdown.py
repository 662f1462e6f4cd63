"""The page's tables are those that the terminal shows."""

from hypothesis import given
from hypothesis import strategies as st

from overpaint.evaluation.grids import grid
from overpaint.evaluation.markdown import Table, read_table
from overpaint.evaluation.tables import EMPTY

words = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Z"], blacklist_characters="\\*"), min_size=1)
wide = st.shared(st.integers(1, 5))
row = wide.flatmap(lambda width: st.lists(words, min_size=width, max_size=width))


@given(words, row, st.lists(row, max_size=4), st.lists(words.filter(lambda text: not text.startswith("|")), max_size=2))
def test_a_table_comes_back_as_it_was(title: str, head: list[str], rows: list[list[str]], notes: list[str]) -> None:
    assert read_table(grid(title, head, rows, notes)) == Table(title, head, rows, notes)


def test_what_is_no_table_is_a_note() -> None:
    assert read_table(EMPTY) == Table("", [], [], [EMPTY])
