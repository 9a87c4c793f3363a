"""What the pages look like: their templates, style sheet and script, apart from what is written into them."""
