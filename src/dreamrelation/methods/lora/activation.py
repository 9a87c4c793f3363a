"""Switching adapters on and off.

An adapter that is off takes no part in the forward pass and gets no gradient at all, so that AdamW neither moves
nor decays it: the released code gives it zero gradients, which AdamW still answers with decay and momentum.
"""

from torch import nn

from dreamrelation.methods.lora.placement import adapter_parameters, adapters_of, tuner_layers


class AdapterSwitch:
    """Switches the adapters of a module that carries them all already, and freezes everything else in it.

    The module is walked here, once. Switching looks only at the layers that carry adapters, and changes only those
    whose adapters change: a large model has thousands of modules, and a step must not wait for the host.
    """

    def __init__(self, module: nn.Module) -> None:
        module.requires_grad_(False)
        self._layers = [(layer, adapters_of(layer)) for layer in tuner_layers(module)]
        names = dict.fromkeys(adapter for _, adapters in self._layers for adapter in adapters)
        self._parameters = {adapter: adapter_parameters(module, adapter) for adapter in names}
        self._active: tuple[str, ...] | None = None
        self.activate(())

    def activate(self, adapters: tuple[str, ...]) -> dict[str, nn.Parameter]:
        """Make exactly `adapters` take part and be trainable; returns their parameters by name, without gradients.

        Raises KeyError for an adapter that is not there.
        """
        unknown = [adapter for adapter in adapters if adapter not in self._parameters]
        if unknown:
            raise KeyError(f"the transformer carries no adapter {unknown[0]!r}")
        for parameters in self._parameters.values():
            for parameter in parameters.values():
                parameter.grad = None
        if adapters != self._active:
            for layer, own in self._layers:
                wanted = [adapter for adapter in adapters if adapter in own]
                if self._active is None or wanted != layer.active_adapters:
                    layer.set_adapter(wanted)
            self._active = adapters
        return {name: parameter for adapter in adapters for name, parameter in self._parameters[adapter].items()}
