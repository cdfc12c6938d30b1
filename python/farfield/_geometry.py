"""The shape of trajectories."""

from . import _core
from ._calls import call_text, seed_list, using_threads
from ._models import as_data, named


def geometry(model, *, data=None, solver="euler", steps=None, seeds=range(64), schedule="polynomial", sigmas=None, sigma_min=None,
             sigma_max=None, rho=None, variant=None, final=None, batch=64, label=None, latents=None, space="ve", centred=True,
             threads=None):
    """Measures the shape of sampling trajectories, as `farfield geometry` does. Returns a Geometry.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text
    data       adds the exact denoiser of these data, their Gaussian and the forward process: a SRC text, an ff.Data or an array
    solver     SOLVER[,option=value...], one that draws no noise
    seeds      trajectories, one each;  latents: [N, ...shape], instead of the noise that the seeds draw
    steps      intervals between the levels [100];  final: "sigma_min" (the default) or "zero"
    schedule, sigmas, sigma_min, sigma_max, rho, variant: see levels()
    batch      trajectories at a time; does not change them
    label      the class of every trajectory; else each seed draws one
    space      "ve": as they are, "vp": the variance-preserving view
    centred    whether the mean is taken off before principal components
    threads    as of sample()

    .table and .arrays hold every measure, over trajectories and of each (geometry.csv, geometry.npz); .summary the numbers of
    the sentences; .save("out/") writes the report of the command.
    """
    command = call_text("geometry", model=getattr(model, "name", model), data=data, solver=solver, seeds=seeds, space=space)
    model = named(model)
    request = _core.SampleRequest()
    request.seeds, request.batch, request.label = seed_list(seeds), batch, label
    given = [] if sigmas is None else [float(sigma) for sigma in sigmas]
    request.levels = _core.documented_levels(model, schedule, given, steps, sigma_min, sigma_max, rho, variant, final)
    if latents is not None:
        request.set_latents(latents)
    source = None if data is None else as_data(data)
    with using_threads(threads):
        return _core.geometry(model, source, solver, request, space, centred, command)


def polyline(points):
    """The shape of points alone [N, ...], where neither noise levels nor D are known: a dict of chord_length, length,
    total_turning, and tensors along_chord, chord_deviation, arc_length [N], turn_angle, turn_curvature, menger_curvature [N-2].

    points     in order, at least three, the last another than the first
    """
    return _core.polyline(points)
