"""Prompt texts that a user's files replace: what is taken, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from overpaint.given import settings_of, with_files
from overpaint.graph.templates import (
    LONGEST,
    LONGEST_TOGETHER,
    NODES,
    REPLACEABLE,
    TEXTS,
    VERSIONS,
    check_templates,
    read_templates,
    text_of,
)
from overpaint.prompts import load, names
from overpaint.tools.faults import BadInput

SIX = [f"caption.{name}.{part}" for name in ("rewrite", "similar", "best") for part in ("system", "human")]


def test_the_six_of_the_socratic_method_can_be_replaced() -> None:
    assert set(SIX) <= set(REPLACEABLE)


@pytest.mark.parametrize("name", REPLACEABLE)
def test_each_part_is_replaced_alone_and_the_label_tells(name: str, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("our own words", "utf-8")
    texts = read_templates({name: str(tmp_path / "own.txt")})
    prompt_name, _, part = name.rpartition(".")
    ours, theirs = text_of(prompt_name, texts), load(prompt_name, VERSIONS.get(prompt_name, 1))
    other = "human" if part == "system" else "system"
    assert getattr(ours, part) == "our own words"
    assert getattr(ours, other) == getattr(theirs, other)
    assert ours.label != theirs.label
    assert text_of(prompt_name, None) == theirs


@pytest.mark.parametrize("name", NODES)
def test_the_newest_version_is_replaced_and_its_own_texts_are_taken(name: str) -> None:
    versions = [int(label.rpartition(".v")[2]) for label in names() if label.rpartition(".v")[0] == name]
    assert text_of(name, None).version == max(versions)
    prompt = text_of(name, None)
    check_templates({f"{name}.{part}": getattr(prompt, part) for of, part in TEXTS if of == name})
    assert not [part for part in ("system", "human") if (name, part) not in TEXTS and getattr(prompt, part)]


@pytest.mark.parametrize("name", [name for name, node in NODES.items() if node == "judge"])
@pytest.mark.parametrize("told", ["prompt", "history", "attempts", "remark", "count", "action"])
def test_no_text_of_the_judge_is_told_how_a_picture_came_to_be(name: str, told: str) -> None:
    with pytest.raises(BadInput, match=rf"{name} cannot be filled in: .*{told}.*; what it is given: "):
        check_templates({f"{name}.human": f"{{{{ {told} }}}}"})


def test_texts_that_are_too_long_together_are_refused() -> None:
    many = dict.fromkeys(REPLACEABLE[:9], "x" * LONGEST)
    with pytest.raises(BadInput, match=r"have 72,000 characters together and may have 64,000"):
        check_templates(many)
    check_templates(dict(list(many.items())[: LONGEST_TOGETHER // LONGEST]))


@pytest.mark.parametrize(("system", "refused"), [("", False), ("words", True)])
def test_a_whole_file_of_a_prompt_without_a_system_text(system: str, refused: bool, tmp_path: Path) -> None:
    front = "---\npurpose: P.\nvariables: [places]\n---\n"
    (tmp_path / "own.md").write_text(f"{front}{system}\n<!-- human -->\nParts: {{{{ places }}}}", "utf-8")
    given = {"judge.details": str(tmp_path / "own.md")}
    if refused:
        with pytest.raises(BadInput, match=r"no template 'judge\.details\.system'"):
            read_templates(given)
    else:
        assert read_templates(given) == {"judge.details.human": "Parts: {{ places }}"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("critique.edit", "{% for item in failed %}{{ item.box[0] }}{% endfor %}", "None"),
        ("critique.revise", "{{ failed[0].text }}", "no element 0"),
        ("critique.restart", "{{ attempts[0] }}", "no element 0"),
        ("judge.checklist", "{{ questions[1] }}", "no element 1"),
        ("judge.yes", "{{ questions }}", "what it is given: question"),
    ],
)
def test_what_some_runs_alone_could_not_fill_in_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=f"{name} cannot be filled in: .*{said}"):
        check_templates({f"{name}.human": text})


@pytest.mark.parametrize(
    "text",
    [
        "no variable at all",
        "{{ brief }}: {% for a in history %}{{ loop.index }} {{ a.prompt }} {{ a.caption }} {{ a.id }}{% endfor %}",
        "{% if token_limit %}at most {{ token_limit - 10 }} tokens{% endif %}",
        "{{ history | length }} {{ (history | last).caption if history }}",
        "{% for i in range(3) %}{{ i }}{% endfor %}",
    ],
)
def test_what_a_run_can_fill_in_is_taken(text: str) -> None:
    check_templates({"caption.rewrite.human": text})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ bogus }}", "bogus"),
        ("{% for a in history %}{{ a.bogus }}{% endfor %}", "bogus"),
        ("{% if token_limit == 12345 %}{{ bogus }}{% endif %}", "bogus is not given"),
        ("{{ history[0].prompt }}", "no element 0"),
        ("{{ token_limit - 10 }}", "unsupported operand"),
        ("{{ brief", "unexpected end of"),
        ("{% endfor %}", "endfor"),
        ("{{ brief | nothing }}", "filter"),
        ("{{ '{x}'.format() }}", "x"),
        ("{{ 1 / 0 }}", "division"),
        ("{{ brief.__class__ }}", "__class__"),
        ("{% include 'another' %}", "loader"),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "calls itself without end"),
        ("{{ 'x' * 10 ** 18 }}", "more memory than there is"),
        ("{{ 'x' * 200000 }}", "longer than 100,000"),
        ("", "no text"),
        ("  \n", "no text"),
        ("x" * (LONGEST + 1), "8,001 characters"),
    ],
)
def test_what_no_run_could_fill_in_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=r"caption\.rewrite") as refused:
        check_templates({"caption.rewrite.human": text})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["caption.describe.system", "caption.rewrite", "judge.strict.human", ""])
def test_other_prompts_are_not_replaceable(name: str) -> None:
    with pytest.raises(BadInput, match="there is no template"):
        check_templates({name: "words"})


def test_files_that_cannot_be_read_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    for file, said in (("latin.txt", "not UTF-8"), ("nowhere.txt", "No such file"), (".", "Is a directory")):
        with pytest.raises(BadInput, match=said) as refused:
            read_templates({"caption.best.human": str(tmp_path / file)})
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("given", ["[]", "{", '{"caption.best.human": 3}', 7, ["a"]])
def test_templates_that_are_no_object_of_files_are_refused(given: object) -> None:
    with pytest.raises(BadInput, match="templates"):
        with_files({"templates": given})


def test_paths_are_read_and_other_names_for_settings_are_ours_afterwards(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("choose", "utf-8")
    given = {"templates": {"caption.best.system": str(tmp_path / "own.txt")}, "max_cycles": 3}
    assert with_files(given) == {"templates": {"caption.best.system": "choose"}, "rounds": 3}
    settings = settings_of("socratic", given)
    assert settings.templates == {"caption.best.system": "choose"}
    assert settings.rounds == 3
