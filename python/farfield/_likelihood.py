"""How likely a model finds data."""

from . import _core
from ._calls import call_text, using_threads
from ._learning import references_of
from ._models import as_data, named


def likelihood(model, data, *, against=None, references=None, trace="auto", solver="dopri5", dequantise="auto", sigma_min=None,
               sigma_max=None, count=64, seed=0, label=None, batch=64, threads=None):
    """The log-likelihood that a model gives samples, along the probability-flow ODE, as `farfield likelihood`. Returns a Likelihood.

    model       an ff.Denoiser, an ff.Fitted, or a MODEL text; guided by ff.guided()
    data        whose samples are measured, and whose moments are a prior: a SRC text, an ff.Data or an array
    against     other data beside them, such as a test set
    references  densities in closed form, as of compare() [gaussian, delta]; () for none
    trace       "exact", "hutchinson,probes=4,law=rademacher", "hutch++,probes=12", or "auto"
    solver      "dopri5,rtol=1e-4,atol=1e-4", or "euler", "heun", "rk4" with ",steps=32,rho=7"
    dequantise  of bytes: "uniform,draws=1", "centred,draws=1", "none", or "auto"
    sigma_min   where data are taken to be [0.002];  sigma_max: where the prior is [80]
    count       samples: the first so many of either data;  seed: of probes and dequantisation
    label       the class that a class-conditional model is asked for
    batch       states evaluated at a time;  threads: as of sample()

    .bits has every sample's bits per dimension, .table all ways to its likelihood, .summary their means, .trace where they come
    from; .headline is the answer in a sentence; .save("out/") writes the report of the command.
    """
    command = call_text("likelihood", model=getattr(model, "name", model), data=data, against=against, trace=trace, solver=solver)
    request = _core.LikelihoodRequest()
    request.trace, request.solver, request.dequantise = trace, solver, dequantise
    request.sigma_min, request.sigma_max = sigma_min, sigma_max
    with using_threads(threads):
        return _core.likelihood(named(model), as_data(data), None if against is None else as_data(against),
                                references_of(references, _core.default_likelihood_references), request,
                                _core.LikelihoodSamplesAsked(count, batch, seed, label), command)
