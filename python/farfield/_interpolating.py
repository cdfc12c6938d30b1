"""Latents between latents."""

from . import _core


def interpolate(corners, *, mode="indist", weight=None, frames=9):
    """The latents of `farfield interpolate`, for sample(latents=...): [frames, ...shape], of four corners [frames^2, ...shape].

    corners  [2, ...shape] for a strip, [4, ...shape] for a grid, row by row
    mode     "indist", which keeps the variance of independent normals at 1, "linear" or "spherical"
    weight   of "indist": "nlinear" (the default), "uniform" or "sine"
    frames   along an edge, corners included
    """
    return _core.interpolate(corners, mode, weight, frames)


def interpolation_theory():
    """What each mode does to the squared length: a dict of numpy columns, those of theory.csv of `farfield interpolate --theory`."""
    return _core.interpolation_theory()
