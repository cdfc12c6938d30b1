"""How far a model is from the exact denoiser of its data, and what is near: neighbours and modes."""

import torch

from . import _core
from ._calls import call_text, is_text, text, using_threads
from ._errors import UsageError
from ._models import as_data, as_denoiser, named
from ._sampling import Run, request_of


def deviation(model, data, *, optimal="delta", start="seeds", solver="heun", steps=None, seeds=None, schedule="polynomial",
              sigmas=None, sigma_min=None, sigma_max=None, rho=None, variant=None, final=None, bandwidth="sigma", k=None, batch=64,
              label=None, latents=None, classes=None, threads=None):
    """Measures how far D is from the exact denoiser D* of its data along the trajectories of both, as `farfield deviation` does.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text
    data       a SRC text, an ff.Data or an array
    optimal    what the model is held against: "delta", the exact denoiser of the data (of each class where both have classes), or
               another model
    start      "seeds": from noise; "data": from the first samples of the data with noise on top
    seeds      whole numbers, or a text "0-63" [64, or as many as there are data to start from]
    solver, schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final, batch, label, latents, classes: as of sample()
    bandwidth  of the kernel density that ranks likelihoods: "sigma", "scaled,c=C", a number, or None
    k          nearest data points of both ends [5, or all];  threads: as of sample()

    .measures are the deviations of every trajectory, .table the columns of deviation.csv, .neighbours those of both ends,
    .headline the answer in a sentence; .save("out/") writes the report of the command.
    """
    command = call_text("deviation", model=getattr(model, "name", model), data=data, optimal=getattr(optimal, "name", optimal),
                        start=start, solver=solver, steps=steps)
    if start not in ("seeds", "data"):
        raise UsageError(f"start: {start!r}, expected 'seeds' or 'data'")
    source, model = as_data(data), named(model)
    if seeds is None:
        seeds = range(min(64, len(source)) if start == "data" else 64)
    request = _core.DeviationRequest()
    request.solver = solver
    request.sampling = request_of(model, seeds, batch, label, latents, classes,
                                  (schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final))
    request.set_bandwidth("none" if bandwidth is None else str(bandwidth))
    request.k = min(5, len(source)) if k is None else k
    if start == "data":
        request.start_from_data()
    against = text(optimal) if is_text(optimal) else named(as_denoiser(optimal))
    with using_threads(threads):
        return _core.deviation(model, source, against, request, command)


def _samples_of(samples):
    """A text as bytes; a Run's samples; or a tensor of an array."""
    if is_text(samples):
        return text(samples)
    return torch.as_tensor(samples.x if isinstance(samples, Run) else samples).detach().cpu()


def neighbours(samples, data, *, k=None, features="", device="auto", trust=False, threads=None):
    """The data points that are nearest to samples, exactly, as `farfield neighbours` finds them. Returns a Neighbours.

    samples    an array [n, ...shape] of the model's values, a Run, the folder or samples.npz of `farfield sample`, or a SRC text
    data       a SRC text, an ff.Data or an array
    k          neighbours of each sample [5, or all]
    features   in which distances are, as of features() [the numbers themselves]
    device, trust: of a network;  threads: as of sample()

    .index and .distance are [n, k], nearest first, equal distances in the order of the data; .save("out/") writes the report
    of the command.
    """
    command = call_text("neighbours", samples=samples, data=data, k=k)
    found = _samples_of(samples)
    if isinstance(found, torch.Tensor) and not found.is_floating_point():
        raise UsageError(f"samples: {found.dtype}, expected floating point in the model's values, images in [-1, 1]")
    with using_threads(threads):
        return _core.neighbours(found, as_data(data), k, text(features), device, trust, command)


def modes(data, bandwidth, *, start=None, max_iterations=10_000, batch=1024, threads=None):
    """The modes of the data's kernel density that mean shift ends at, as `farfield modes` counts them. Returns a Modes.

    data       a SRC text, an ff.Data or an array
    bandwidth  a number, several, or a text "LOW:HIGH:COUNT"
    start      where mean shift starts, as `samples` of neighbours() [every data point]
    max_iterations  of one start;  batch: starts at a time;  threads: as of sample()

    .modes has the modes of every bandwidth, .basin where each start ended, .table the columns of modes.csv; .save("out/")
    writes the report of the command.
    """
    command = call_text("modes", data=data, bandwidth=bandwidth, start=start)
    try:
        bandwidths = bandwidth if isinstance(bandwidth, str) else ",".join(repr(float(h)) for h in bandwidth)
    except TypeError:
        bandwidths = repr(float(bandwidth))
    starts = None if start is None else _samples_of(start)
    with using_threads(threads):
        return _core.modes(as_data(data), bandwidths, starts, max_iterations, batch, command)
