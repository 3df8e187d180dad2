"""The six construction stages as runnable steps that read and write tables.

One module per stage, since a stage is rerun when the code reached by its module changes.
"""
