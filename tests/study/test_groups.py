"""Which cases become groups."""

from collections import Counter

import pytest

from dreamrelation.errors import UserError
from dreamrelation.study.groups import Case, choose

CASES = [
    Case(relation, f"prompt {prompt}", repeat)
    for relation in ("hugging", "kicking", "high_five")
    for prompt in range(4)
    for repeat in range(2)
]


def test_all_of_them_in_their_own_order() -> None:
    assert choose(CASES, None, 0) == CASES
    assert choose(CASES, len(CASES), 0) == CASES


@pytest.mark.parametrize("count", [3, 7, 12, 13, 20])
def test_relations_and_prompts_have_their_even_share(count: int) -> None:
    chosen = choose(CASES, count, 3)
    assert len(set(chosen)) == count and chosen == [case for case in CASES if case in chosen]
    relations = Counter(case.relation for case in chosen)
    assert max(relations.values()) - min(relations[name] for name in ("hugging", "kicking", "high_five")) <= 1
    for relation in relations:
        prompts = Counter(case.prompt for case in chosen if case.relation == relation)
        assert relations[relation] > 4 or max(prompts.values()) == 1  # a second repeat only when all prompts are in


def test_the_seed_chooses() -> None:
    assert choose(CASES, 6, 1) == choose(CASES, 6, 1) != choose(CASES, 6, 2)


def test_more_than_there_are_is_said() -> None:
    with pytest.raises(UserError, match=r"study.groups is 25, but each method made 24 videos"):
        choose(CASES, 25, 0)
