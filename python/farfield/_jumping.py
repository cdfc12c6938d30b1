"""What leaving a trajectory early gives."""

from . import _core
from ._calls import call_text, text, using_threads
from ._models import as_data, named
from ._sampling import request_of


def jump(model, *, data=None, solver="heun", steps=None, seeds=range(64), schedule="polynomial", sigmas=None, sigma_min=None,
         sigma_max=None, rho=None, variant=None, final=None, space="ve", slopes=False, features="", trust=False, batch=64, label=None, latents=None,
         classes=None, threads=None):
    """Measures the jump to D(x; sigma) from every step of a run (ODE-Jump), as `farfield jump` does. Returns a Jump.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text
    data       a SRC text, an ff.Data or an array: also the distance from the nearest of these
    solver     SOLVER[,option=value...], deterministic and with fixed steps
    seeds, schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final, batch, label, latents, classes: as of sample()
    space      of the states: "ve", x as it is; "vp", x / sqrt(1 + sigma^2)
    slopes     also what dD/dsigma is to euler, spndm, deis_rhoab2, dpm2, heun and the solver, against an accurate path
    features   with data: also Fréchet distances from them in these, as of features();  trust: NET.pt runs code
    threads    as of sample()

    .table is a dict of numpy columns, those of jump.csv; .distance_x and .distance_d are those of every trajectory; .headline
    is the answer in a sentence; .slope_table those of slopes.csv; .save("out/") writes the report of the command. The states and jumps themselves are
    sample(trajectory=True)'s .trajectory and .denoised.
    """
    command = call_text("jump", model=getattr(model, "name", model), data=data, solver=solver, steps=steps)
    model = named(model)
    request = request_of(model, seeds, batch, label, latents, classes,
                         (schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final))
    source = None if data is None else as_data(data)
    with using_threads(threads):
        return _core.jump(model, source, solver, request, space, slopes, text(features), trust, command)
