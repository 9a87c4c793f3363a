"""How diffusers names what stands in a file of a low-rank adapter."""

DOWN, UP = ".lora_A.weight", ".lora_B.weight"
"""What follows the name of a layer in the names of its two matrices, A (r, in) and B (out, r) of ΔW = scale·B·A."""
METADATA = "lora_adapter_metadata"
"""Where diffusers looks for peft's settings of an adapter; without them it takes alpha to be the rank."""
