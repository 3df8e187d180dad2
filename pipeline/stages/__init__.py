"""The six construction stages as runnable steps, each a wrapper that reads and writes tables.

A module per stage, since a stage is run anew when the code that its module reaches has changed.
"""
