"""Switching adapters on and off.

An adapter that is off takes no part in the forward pass and gets no gradient at all, so that AdamW neither moves
nor decays it: the released code gives it zero gradients, which AdamW still answers with decay and momentum.
"""

from torch import nn

from dreamrelation.methods.lora.placement import adapter_parameters, tuner_layers


def activate(module: nn.Module, adapters: tuple[str, ...]) -> dict[str, nn.Parameter]:
    """Make exactly `adapters` take part and be trainable; returns their parameters by name.

    Every other parameter of the module loses its gradient and stops requiring one. Raises KeyError for an adapter
    that is not there, RuntimeError where the trainable set is not exactly the one asked for.
    """
    wanted: dict[str, nn.Parameter] = {}
    for adapter in adapters:
        wanted |= adapter_parameters(module, adapter)
    for layer in tuner_layers(module):
        layer.enable_adapters(bool(adapters))
        layer.set_adapter(list(adapters))
    trainable = set()
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name in wanted)
        parameter.grad = None
        if parameter.requires_grad:
            trainable.add(name)
    if trainable != set(wanted):
        raise RuntimeError(f"trainable parameters differ from those of {adapters}: {sorted(trainable ^ set(wanted))}")
    return wanted
