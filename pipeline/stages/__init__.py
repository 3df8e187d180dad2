"""The six construction stages as runnable steps: each reads and writes tables, no more.

A module per stage, since a stage is run anew when the code that its module reaches has changed.
"""
