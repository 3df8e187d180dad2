"""Safe file access of all commands: locks, atomic writes, one-line errors.

The lowest layer, used by both libraries, and independent of them.
"""
