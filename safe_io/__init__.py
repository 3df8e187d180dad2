"""Safe file access of all commands: locks, atomic writes, one-line errors.

The lowest layer: it knows neither the graph nor the recommenders, and both libraries use it.
"""
