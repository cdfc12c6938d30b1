"""From noise to samples."""

import dataclasses

import torch

from . import _core
from ._errors import UsageError


@dataclasses.dataclass(frozen=True)
class Run:
    """What `sample` returns; all tensors on the CPU, in the order of the seeds."""

    x: torch.Tensor           # [N, ...shape] float64
    seeds: torch.Tensor       # [N] int64
    classes: torch.Tensor     # [N] int64, -1 without labels
    nfe: int                  # denoiser calls that made one sample, counted
    seconds: float
    sigmas: torch.Tensor      # the levels that were run through, float64
    trajectory: torch.Tensor | None         # [steps + 1, N, ...shape] float64
    trajectory_sigmas: torch.Tensor | None  # the levels of its rows


def solver_names():
    """Every solver, as `farfield sample --help` lists them."""
    return _core.solver_names()


def levels(model, *, schedule="polynomial", sigmas=None, steps=None, sigma_min=None, sigma_max=None, rho=None, variant=None,
           final=None):
    """The noise levels of a schedule for a model, as a list; the same options as on the command line."""
    given = [] if sigmas is None else [float(sigma) for sigma in sigmas]
    return _core.levels(model, schedule, given, steps, sigma_min, sigma_max, rho, variant, final)


def sample(model, *, solver="heun", steps=None, seeds=range(64), schedule="polynomial", sigmas=None, sigma_min=None,
           sigma_max=None, rho=None, variant=None, final=None, batch=64, label=None, latents=None, classes=None, churn=None,
           afs=False, threshold=None, denoise_to_zero=False, ode_jump=None, teleport=None, gaussian=None, trajectory=False):
    """Draws one sample a seed; sample i depends on seed i alone. Returns a Run.

    solver    SOLVER[,option=value...]           schedule  polynomial, logsnr, ..., "file:PATH", "gits:FILE"
    label     the class of every sample          classes   [N], one a seed, instead of those the seeds draw
    latents   [N, ...shape], instead of noise    churn     (S_churn, S_min, S_max, S_noise)
    teleport  start at this level by the closed form of `gaussian` (from fit_gaussian)
    """
    if (teleport is None) != (gaussian is None):
        raise UsageError("sample: teleport and gaussian belong together: give both, or neither")
    request = _core.SampleRequest()
    request.seeds = [int(seeds)] if isinstance(seeds, int) else [int(seed) for seed in seeds]
    request.levels = levels(model, schedule=schedule, sigmas=sigmas, steps=steps, sigma_min=sigma_min, sigma_max=sigma_max,
                            rho=rho, variant=variant, final=final)
    request.batch, request.label, request.trajectory = batch, label, trajectory
    request.afs, request.threshold, request.denoise_to_zero, request.ode_jump = afs, threshold, denoise_to_zero, ode_jump
    if latents is not None:
        request.set_latents(latents)
    if classes is not None:
        request.set_classes(classes)
    if churn is not None:
        request.set_churn([float(value) for value in churn])
    if teleport is not None:
        request.set_teleport(teleport, gaussian)
    return Run(**_core.sample(model, solver, request))
