"""The trainings of the small Mochi and of the judge."""
