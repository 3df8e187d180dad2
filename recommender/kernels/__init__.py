"""Numba kernels of inner training and scoring loops on the CPU."""
