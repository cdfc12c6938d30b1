"""From noise to samples."""

import dataclasses

import torch

from . import _core
from ._calls import seed_list, using_threads
from ._errors import UsageError
from ._models import as_gaussian, named


@dataclasses.dataclass(frozen=True)
class Run:
    """What `sample` returns; all tensors on the CPU, in the order of the seeds, without gradients."""

    x: torch.Tensor           # [N, ...shape] float64
    seeds: torch.Tensor       # [N] int64
    classes: torch.Tensor     # [N] int64, -1 without labels
    nfe: int                  # denoiser calls that made one sample, counted
    seconds: float
    sigmas: torch.Tensor      # the levels that were run through, float64
    trajectory: torch.Tensor | None         # [steps + 1, N, ...shape] float64
    trajectory_sigmas: torch.Tensor | None  # the levels of its rows
    denoised: torch.Tensor | None           # [steps, N, ...shape] float64: D at the state that each step starts from


def solver_names():
    """Every solver, as `farfield sample --help` lists them."""
    return _core.solver_names()


def levels(model, *, schedule="polynomial", sigmas=None, steps=None, sigma_min=None, sigma_max=None, rho=None, variant=None,
           final=None):
    """The noise levels of a schedule for a model, as a list; the options are those of the command line.

    schedule   "polynomial", "logsnr", ..., "file:PATH", "gits:FILE" or "table:FILE"; sigmas: the levels themselves instead, falling
    steps      intervals between the levels [18]; sigma_min, sigma_max, rho, variant: [the schedule's, or the model's]
    final      "zero": the last interval ends at 0 (the default), "sigma_min": it ends there
    """
    return levels_of(named(model), schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final)


def levels_of(model, schedule, sigmas, *options):
    given = [] if sigmas is None else [float(sigma) for sigma in sigmas]
    return _core.levels(model, schedule, given, *options)


def request_of(model, seeds, batch, label, latents, classes, schedule):
    """A request for trajectories of a named model; `schedule`: what levels_of() takes."""
    request = _core.SampleRequest()
    request.seeds = seed_list(seeds)
    request.levels = levels_of(model, *schedule)
    request.batch, request.label = batch, label
    if latents is not None:
        request.set_latents(latents)
    if classes is not None:
        request.set_classes(classes)
    return request


def sample(model, *, solver="heun", steps=None, seeds=range(64), schedule="polynomial", sigmas=None, sigma_min=None,
           sigma_max=None, rho=None, variant=None, final=None, batch=64, label=None, latents=None, classes=None, churn=None,
           afs=False, threshold=None, denoise_to_zero=False, ode_jump=None, teleport=None, gaussian=None, trajectory=False,
           threads=None):
    """Draws one sample a seed; sample i depends on seed i alone, not on the batch. Returns a Run.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text
    solver     SOLVER[,option=value...], see solver_names(), or "table:FILE", whose levels are its own
    seeds      whole numbers, or a text "0-63"
    schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final: see levels()
    batch      samples at a time; does not change them
    label      the class of every sample; classes: [N], one a seed; else each seed draws one
    latents    [N, ...shape], instead of the noise that the seeds draw
    churn      (S_churn, S_min, S_max, S_noise)
    afs        the first evaluation is analytical: D of N(0, I), one evaluation less
    threshold  dynamic thresholding of every D at this quantile (0.995 is usual), for data in [-1, 1]
    denoise_to_zero  end with x = D(x; sigma_N), for levels that end above 0
    ode_jump   leave the trajectory at this level and return D there
    teleport   start at this level by the closed form of `gaussian` (an ff.Fitted of fit_gaussian, or its file)
    trajectory keep the state after every step, and what the denoiser said at the one before
    threads    torch's number of threads for this call; 0: every core. The bits of a network depend on it
    """
    if (teleport is None) != (gaussian is None):
        raise UsageError("sample: teleport and gaussian belong together: give both, or neither")
    model = named(model)
    if solver.startswith("table:") and schedule == "polynomial" and sigmas is None:
        schedule = solver  # its levels are its own
    request = request_of(model, seeds, batch, label, latents, classes,
                         (schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final))
    request.trajectory = trajectory
    request.afs, request.threshold, request.denoise_to_zero, request.ode_jump = afs, threshold, denoise_to_zero, ode_jump
    if churn is not None:
        request.set_churn([float(value) for value in churn])
    if teleport is not None:
        request.set_teleport(teleport, as_gaussian(gaussian))
    with using_threads(threads):
        return Run(**_core.sample(model, solver, request))
