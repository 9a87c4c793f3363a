"""What all our HTML pages share: one style, one player of videos, one way to templates."""
