"""Native inner loops (numba) for the CPU, each checked against torch."""
