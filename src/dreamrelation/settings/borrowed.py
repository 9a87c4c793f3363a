"""Methods that generate with what another method learned: `adapters_of`."""

from typing import Any

from dreamrelation.errors import UserError

OF = "adapters_of"
GENERATIONS_OWN = "inference_"
"""How the names of the settings begin in which such a method may differ."""


def with_sources(methods: dict[str, Any]) -> dict[str, Any]:
    """Each method with all settings of the one whose adapters it takes.

    Raises UserError where there is no such method, it takes those of another one itself, or the two differ in what
    decides what is learned.
    """
    return {name: _with_source(name, method, methods) for name, method in methods.items()}


def _with_source(name: str, method: Any, methods: dict[str, Any]) -> Any:
    if not isinstance(method, dict) or method.get(OF) is None:
        return method
    source = methods.get(method[OF])
    if not isinstance(source, dict) or source.get(OF) is not None:
        trained = [other for other, of in methods.items() if isinstance(of, dict) and of.get(OF) is None]
        raise UserError(
            f"methods.{name}.{OF}: found {method[OF]!r}, expected a method that is trained itself: {', '.join(trained)}"
        )
    own = {key: value for key, value in method.items() if key != OF and not key.startswith(GENERATIONS_OWN)}
    odd = [key for key, value in own.items() if key not in source or value != source[key]]
    if odd:
        raise UserError(
            f"methods.{name}.{odd[0]}: is a setting of the training, which {method[OF]} does; expected settings whose"
            f" names begin with {GENERATIONS_OWN}"
        )
    return {**source, **method}
