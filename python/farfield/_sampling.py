"""From noise to samples."""

import dataclasses

import torch

from . import _core


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
    asked = _core.Asked()
    asked.seeds = [int(seeds)] if isinstance(seeds, int) else [int(seed) for seed in seeds]
    asked.batch, asked.label, asked.latents, asked.classes = batch, label, latents, classes
    asked.churn = [] if churn is None else [float(value) for value in churn]
    asked.afs, asked.threshold, asked.denoise_to_zero, asked.ode_jump = afs, threshold, denoise_to_zero, ode_jump
    asked.teleport, asked.trajectory = teleport, trajectory
    run_levels = levels(model, schedule=schedule, sigmas=sigmas, steps=steps, sigma_min=sigma_min, sigma_max=sigma_max, rho=rho,
                        variant=variant, final=final)
    return Run(**_core.sample(model, solver, asked, run_levels, gaussian))
