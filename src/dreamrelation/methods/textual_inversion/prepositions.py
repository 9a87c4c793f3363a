"""Words that relations are made of, towards which steering pulls, and words that captions are not about."""

PREPOSITIONS = (
    *("about", "above", "across", "after", "against", "along", "among", "around"),
    *("as", "at", "before", "behind", "below", "beneath", "beside", "besides"),
    *("between", "beyond", "by", "despite", "down", "during", "except", "following"),
    *("for", "from", "in", "inside", "into", "like", "near", "of"),
    *("off", "on", "onto", "opposite", "out", "outside", "over", "past"),
    *("per", "round", "since", "than", "through", "throughout", "to", "toward"),
    *("under", "underneath", "until", "up", "upon", "via", "with", "without"),
)
"""56 English prepositions, as many as in ReVersion; the choice is ours."""

FUNCTION_WORDS = frozenset({"a", "an", "the", "and", "or", "is", "are", "be", "being", *PREPOSITIONS})
"""Words that say nothing about what is seen."""


def content_words(text: str) -> list[str]:
    """The words of a text that name what is seen, each once, in lower case."""
    words = ["".join(filter(str.isalpha, word)) for word in text.lower().split()]
    return [word for word in dict.fromkeys(words) if word and word not in FUNCTION_WORDS]
