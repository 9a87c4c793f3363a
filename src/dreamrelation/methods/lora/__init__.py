"""LoRA adapters: where they sit, which are active, how they are stored."""
