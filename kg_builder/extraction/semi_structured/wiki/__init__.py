"""Wikitext: infoboxes of music articles and the values in their fields."""
