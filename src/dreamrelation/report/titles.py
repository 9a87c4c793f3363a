"""What relations are called on the pages; methods have their labels in `paper`."""


def relation_title(slug: str) -> str:
    """Such as "Shaking hands"."""
    return slug.replace("_", " ").capitalize()
