"""What the pages of the study look like."""
