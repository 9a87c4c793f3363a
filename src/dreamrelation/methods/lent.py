"""Lending a model to one method after the other, so that its weights are loaded once."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

TABLES = (dict, OrderedDict)
"""How a layer keeps its layers, parameters, buffers and hooks."""


@contextmanager
def lent(module: nn.Module) -> Iterator[None]:
    """Whatever a method puts into the module within the block is out of it when the block ends, however it ends.

    That is: layers in the place of others, such as those that carry adapters, hooks, parameters and attributes, of
    whatever kind the method is. Weights are not copied: no method changes those of the model.
    """
    kept = [_Kept.of(layer) for layer in module.modules()]
    try:
        yield
    finally:
        for layer in kept:
            layer.put_back()


@dataclass(frozen=True)
class _Kept:
    """What a layer is made of."""

    layer: nn.Module
    attributes: dict[str, Any]
    tables: dict[str, dict[Any, Any]]
    """Copies of those attributes that are tables."""

    @staticmethod
    def of(layer: nn.Module) -> "_Kept":
        attributes = dict(vars(layer))
        tables = {name: dict(value) for name, value in attributes.items() if type(value) in TABLES}
        return _Kept(layer, attributes, tables)

    def put_back(self) -> None:
        own = vars(self.layer)
        own.clear()
        own.update(self.attributes)
        for name, content in self.tables.items():
            own[name].clear()  # the table itself stays: whoever holds a hook's handle holds its table
            own[name].update(content)
