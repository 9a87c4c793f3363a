"""Templates of a package, and the style sheet and scripts that all pages share."""

from importlib import resources
from types import ModuleType

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dreamrelation import pages


def environment(templates: ModuleType) -> Environment:
    """Where the templates of this package are found, and those that all pages share; what is written in is escaped."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package.__name__, "") for package in (templates, pages)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def text_of(package: ModuleType, name: str) -> Markup:
    """A style sheet or a script of a package, to stand in a page as it is."""
    return Markup(resources.files(package).joinpath(name).read_text(encoding="utf-8"))
