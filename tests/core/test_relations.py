"""The 26 relations and their sentences."""

from dreamrelation.puppets.theatre.repertoire import CAPTIONS
from dreamrelation.relations import BY_ACTION, RELATIONS


def test_exactly_ntus_mutual_actions() -> None:
    assert sorted(BY_ACTION) == [*range(50, 61), *range(106, 121)]
    assert len(RELATIONS) == 26


def test_captions_of_two_persons_are_in_the_present_continuous() -> None:
    for relation in RELATIONS.values():
        caption = relation.caption()
        assert caption.startswith("A person is ") and caption.endswith(".")
        assert caption.count("a person") == 1, caption
        assert caption.split()[3].endswith("ing"), caption


def test_articles_follow_the_sound_of_the_first_letter() -> None:
    assert RELATIONS["shaking_hands"].caption("elephant", "owl") == "An elephant is shaking hands with an owl."
    assert RELATIONS["hit_with_object"].caption("dog", "cat") == "A dog is hitting a cat with an object."


def test_the_theatre_uses_the_relations_own_captions() -> None:
    shared = set(CAPTIONS) & set(RELATIONS)
    assert len(shared) >= 6
    for slug in shared:
        assert CAPTIONS[slug].format(actor="dog", partner="cat") == RELATIONS[slug].caption("dog", "cat")
