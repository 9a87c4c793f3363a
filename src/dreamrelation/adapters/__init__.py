"""LoRA adapters on the transformer: where they sit, which are active, and how they are stored."""
