import re

from overpaint.shapes.captions import detailed, tokens
from overpaint.shapes.drawing import random_things
from overpaint.shapes.training.words import LENGTH, known_words, new_tokenizer

TOKENIZER = new_tokenizer()


def test_every_known_word_is_one_token() -> None:
    known = known_words()
    assert {"circle", "rhombuses", "violet", "underneath", "plus", "centre"} <= set(known)
    assert [word for word in known if len(TOKENIZER(word).input_ids) != 3] == []


def test_other_words_and_numbers_are_spelled_out_and_come_back() -> None:
    ids = TOKENIZER("Two crimson giraffes, and 12 boxes!").input_ids
    assert len(ids) > 9
    assert (
        re.sub(" +", " ", TOKENIZER.decode(ids, skip_special_tokens=True)).strip()
        == "two crimson giraffes , and 1 2 boxes !"
    )


def test_the_writer_counts_tokens_as_the_tokenizer_does() -> None:
    for seed in range(20):
        words = detailed(random_things(seed, 1 + seed % 9))
        assert tokens(words) == len(TOKENIZER(words, verbose=False).input_ids)


def test_the_same_words_give_the_same_tokens() -> None:
    assert new_tokenizer().get_vocab() == TOKENIZER.get_vocab()
    assert TOKENIZER.model_max_length == LENGTH
