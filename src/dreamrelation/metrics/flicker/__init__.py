"""How much a video flickers."""
