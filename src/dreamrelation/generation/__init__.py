"""Generation: prompts with new subjects → films."""
