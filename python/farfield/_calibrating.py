"""The patch size of a local theory that explains a model."""

from . import _core
from ._calls import call_text, using_threads
from ._models import as_data, named
from ._sampling import request_of


def calibrate(model, data, *, reference="els-border", sizes=None, by="cosine", solver="euler", steps=None, seeds=range(10),
              schedule="polynomial", sigmas=None, sigma_min=None, sigma_max=None, rho=None, variant=None, final=None, batch=64,
              label=None, latents=None, classes=None, threads=None):
    """Finds the patch size with which a local theory has a model's score, as `farfield calibrate` does. Returns a Calibration.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text
    data       the images of the theory: a SRC text, an ff.Data or an array
    reference  KIND[,option=value...] without its size: ls, els-border, els-circular-interior, els-circular-all, els-zero-all, pspc
    sizes      to choose from, rising [3, 5, ..., 17, those that fit]
    by         "cosine": the size with the largest cosine to the model's score; "distance": the smallest distance
    solver, seeds, schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final, batch, label, latents, classes: as of
               sample(); without any of the schedule's the 20 levels of Kamb and Ganguli
    threads    as of sample()

    .median is the size at each of .sigmas, .mode the commonest; .cosine and .distance are those of every state; .save("out/")
    writes the report of the command and table.yaml, which the kinds read: "els-border,table=out/table.yaml".
    """
    command = call_text("calibrate", model=getattr(model, "name", model), data=data, reference=reference, by=by)
    model = named(model)
    levels = (sigmas, steps, sigma_min, sigma_max, rho, variant, final)
    if schedule == "polynomial" and all(option is None for option in levels):
        sigmas = _core.published_calibration_levels()
    request = request_of(model, seeds, batch, label, latents, classes,
                         (schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final))
    with using_threads(threads):
        return _core.calibrate(model, as_data(data), reference, [] if sizes is None else list(sizes), by, solver, request, command)


def heat_maps(model, *, reference="pspc-flex", solver="euler", steps=None, seeds=range(4), schedule="polynomial", sigmas=None,
              sigma_min=None, sigma_max=None, rho=None, variant=None, final=None, batch=64, label=None, latents=None, classes=None,
              threads=None):
    """Measures what each pixel of a model depends on, for the masks of pspc-flex, as `farfield calibrate --reference pspc-flex`
    does. Returns a HeatMaps.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text, with gradients
    reference  pspc-flex[,fraction=F|,table=FILE]: levels whose fraction is below 1 are measured
    seeds      trajectories, whose states are averaged over; batch: vector-Jacobian products at a time
    solver, schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final, label, latents, classes, threads: as of sample()

    .heat is [L, H, W, H, W] at .sigmas; .save("out/") writes the report of the command and heat.npz, which pspc-flex reads:
    "pspc-flex,heat=out/heat.npz".
    """
    command = call_text("heat_maps", model=getattr(model, "name", model), reference=reference)
    model = named(model)
    request = request_of(model, seeds, batch, label, latents, classes,
                         (schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final))
    with using_threads(threads):
        return _core.heat_maps(model, reference, solver, request, command)
