"""Adapters for other people's models; none is loaded or contacted unless a recipe asks for it."""
