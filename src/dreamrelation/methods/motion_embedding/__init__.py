"""MotionInversion's motion embeddings: what is learned is added to the visual tokens in every block."""
