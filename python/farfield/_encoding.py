"""From data to the noise that makes it."""

from . import _core
from ._calls import call_text, is_text, text, using_threads
from ._models import as_data, as_gaussian, named
from ._sampling import levels_of


def encode(model, *, data, against=None, gaussian=None, solver="heun", steps=None, schedule="polynomial", sigmas=None,
           sigma_min=None, sigma_max=None, rho=None, variant=None, final="sigma_min", batch=64, label=None, threads=None):
    """Carries data up to noise along the ODE, and back, as `farfield encode` does. Returns an Encoding.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text
    data       a SRC text, an ff.Data or an array
    against    another model: how far its latents of the same data are from these, in .others["against"]
    gaussian   an ff.Fitted of fit_gaussian, or its file: the same of its closed form, in .others["gaussian"]
    solver     SOLVER[,option=value...], deterministic
    schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final: see levels(); the last level is above 0
    batch      samples at a time; does not change them
    label      the class of all data; without it each has its own
    threads    as of sample()

    .latents start sample(latents=..., final="sigma_min") on the way back; .round_trip is where that ends, .rms_error how far
    off it is; .save("out/") writes the folder of the command.
    """
    command = call_text("encode", model=getattr(model, "name", model), data=data, against=getattr(against, "name", against))
    model = named(model)
    # A list, a file or a search ends where it ends.
    if sigmas is not None or ":" in str(schedule):
        final = None
    levels = levels_of(model, schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final)
    other = None if against is None else named(against)
    fitted, called = None, ""
    if gaussian is not None:
        called = text(gaussian) if is_text(gaussian) else f"a fit to {gaussian.source}"
        fitted = as_gaussian(gaussian)
    with using_threads(threads):
        return _core.encode(model, as_data(data), solver, levels, label, batch, other, fitted, called, command)
