"""The files of this folder."""

from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def environment() -> Environment:
    """Where the templates are found; what is written into them is escaped."""
    return Environment(
        loader=PackageLoader("dreamrelation.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def text_of(name: str) -> Markup:
    """A style sheet or a script, to stand in a page as it is."""
    return Markup(resources.files("dreamrelation.report.templates").joinpath(name).read_text(encoding="utf-8"))
