"""The exact theory of a Gaussian beside a model, and where symmetry breaks."""

from . import _core
from ._calls import call_text, is_text, text, using_threads
from ._errors import UsageError
from ._models import as_data, as_gaussian, denoiser, named
from ._sampling import request_of


def _gaussian(function, data, gaussian):
    if data is not None and gaussian is not None:
        raise UsageError(f"{function}: data and gaussian exclude each other; give one")
    if gaussian is not None:
        called = text(gaussian) if is_text(gaussian) else f"a fit to {gaussian.source}"
        return _core.NamedGaussian.of_fit(as_gaussian(gaussian), called)
    return _core.NamedGaussian() if data is None else _core.NamedGaussian.of_data(as_data(data))


def theory(model=None, *, data=None, gaussian=None, eigenvalues=(), process="ve", space="ve", components=(), perturb_at=(),
           perturbed=4, delta=0.05, solver="heun", steps=None, seeds=range(64), schedule="polynomial", sigmas=None,
           sigma_min=None, sigma_max=None, rho=None, variant=None, final=None, batch=64, label=None, latents=None, classes=None,
           threads=None):
    """The solution of a Gaussian in closed form, and how a model's trajectories follow it, as `farfield theory`. Returns a Theory.

    model        an ff.Denoiser, an ff.Fitted, or a MODEL text, with precision="fp32"; without one the Gaussian alone
    data         a SRC text, an ff.Data or an array whose Gaussian it is; or gaussian: an ff.Fitted, or its file
    eigenvalues  of the curves [those of the components; without data 0.01 ... 100], the command's --lambda
    process      of the curves: "ve", "vp", "ddpm";  space: of the strips, "ve" or "vp"
    components   of curves and perturbations, from 1 on [five over the spectrum]
    perturb_at   noise levels of the perturbations [four of the run];  delta: their size in units of sigma
    perturbed    trajectories that are perturbed, the first ones; 0: none
    solver, seeds, schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final, batch, label, latents, classes: as of
                 sample(), of the trajectories
    threads      as of sample()

    .curves, .emergence, .rotation, .conserved, .prediction, .perturbations and .noise_map are dicts of numpy columns, .arrays
    has every trajectory; .save("out/") writes the report of the command.
    """
    command = call_text("theory", model=getattr(model, "name", model), data=data, eigenvalues=eigenvalues, process=process)
    held = _gaussian("theory", data, gaussian)
    options = _core.TheoryOptions()
    options.eigenvalues = [float(value) for value in eigenvalues]
    options.components, options.perturb_at = list(components), [float(value) for value in perturb_at]
    options.process, options.space, options.solver = process, space, solver
    options.perturbed, options.delta = perturbed, delta
    subject = None if model is None else named(model)
    sampled = subject or named(denoiser(lambda x, sigma: x, shape=held.shape or (1,)))
    options.request = request_of(sampled, seeds, batch, label, latents, classes,
                                 (schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, final))
    with using_threads(threads):
        return _core.theory(subject, held, options, command)


def symmetry(model=None, *, pair=1.0, data=None, gaussian=None, sigma_max=None, sigma_min=None, levels=48, potentials=(),
             label=None, threads=None):
    """Finds the fixed point of the drift that starts at the mean of the data, follows it down the noise levels, and tells
    where it loses its stability or ends, as `farfield symmetry`. Returns a Symmetry.

    model       an ff.Denoiser, an ff.Fitted, or a MODEL text, with precision="fp32"; without one two points at -pair and pair
    data        a SRC text, an ff.Data or an array whose Gaussian is held beside; or gaussian: an ff.Fitted, or its file
    sigma_max   first noise level [80 or the model's highest; 10 pair];  sigma_min: the last [0.05 or its lowest; pair / 10]
    levels      how many, uniform in ln sigma
    potentials  noise levels at which the potentials are drawn [four around the critical one]
    label       class of a model with labels; without it it is asked for none
    threads     as of sample()

    .critical_sigma, .headline; .fixed_points and .potentials are dicts of numpy columns, .arrays has the points and directions;
    .save("out/") writes the report of the command.
    """
    command = call_text("symmetry", model=getattr(model, "name", model), pair=pair, data=data)
    options = _core.SymmetryOptions()
    options.pair, options.sigma_max, options.sigma_min, options.levels = pair, sigma_max, sigma_min, levels
    options.potentials, options.label = [float(value) for value in potentials], label
    with using_threads(threads):
        return _core.symmetry(None if model is None else named(model), _gaussian("symmetry", data, gaussian), options, command)
