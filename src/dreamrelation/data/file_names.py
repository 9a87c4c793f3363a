"""File names as text: Linux takes any bytes for a name, tables and messages need UTF-8."""


def as_text(name: str) -> str:
    """A file name or path with its bytes that are no UTF-8 written as `\\xff`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_text(name: str) -> bool:
    """Whether a file name or path is UTF-8, so that it can stand in a table and be found again by what stands there."""
    return as_text(name) == name
