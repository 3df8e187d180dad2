"""The six construction stages as runnable steps that read and write tables.

A module per stage, since a stage is run anew when the code that its module reaches has changed.
"""
