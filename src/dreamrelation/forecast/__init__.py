"""What an experiment will cost, before it is run: operations, memory, time and disk."""
