"""What the raters' votes say, with their uncertainty."""
