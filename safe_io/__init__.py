"""What every command that writes files needs: locks, whole files or none, errors in one line.

The lowest layer: it knows neither the graph nor the recommenders, and both libraries use it.
"""
