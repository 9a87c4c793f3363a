"""A local web page on which videos are asked for and looked at; it knows no model, but is given one who makes them."""
