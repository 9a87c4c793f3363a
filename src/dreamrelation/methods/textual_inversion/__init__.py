"""ReVersion's textual inversion of a relation: one new word, and nothing else, is learned."""
