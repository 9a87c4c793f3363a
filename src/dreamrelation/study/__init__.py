"""The blind user study: groups of videos, the server that shows them to raters, and the tally of what they said."""
