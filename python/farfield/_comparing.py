"""A model's score against scores that are known exactly."""

from . import _core
from ._calls import call_text, is_text, number_text, text, using_threads
from ._models import as_data, as_denoiser, named


def compare(model, *, data=None, references=None, sigmas=None, probes=1024, seed=0, seeds=range(32), steps=None, solver="heun",
            schedule="polynomial", sigma_min=None, sigma_max=None, rho=None, variant=None, final=None, space="ve", label=None,
            band="interval", features="", resize=True, trust=False, budget=None, batch=64, threads=None):
    """Compares a model's score with scores that are known exactly, as `farfield compare` does. Returns a Comparison.

    model       an ff.Denoiser, an ff.Fitted, or a MODEL text
    data        the data set of references and data probes: a SRC text, an ff.Data or an array; None: noise probes only
    references  a list of texts ("gaussian", "delta", a file, ...), ff.Denoisers and ff.Fitteds
                [isotropic, gaussian, a mixture of 10, delta]; "all" stands for every kind that fits the data, the costly
                ones measured in part
    features    "NET.pt": the final samples to a perceptual network, as of similarity();  resize: as there;  trust: NET.pt runs code
    budget      time for those, in seconds or as a text "10m"; more probes, levels and seeds with it
    sigmas      noise levels, or a text "LOW:HIGH:COUNT" [20 from 0.01 to 80]
    probes      points at each noise level;  seed: of probes, k-means and bootstrap
    seeds, solver, schedule, steps, sigma_min, sigma_max, rho, variant, final: of the sampling trajectories, as those of sample()
    space       of the trajectories' states: "ve", x as it is; "vp", x / sqrt(1 + sigma^2)
    band        of the page's trajectories: "interval" or "quartiles" over seeds
    label       compare class-conditional models on this class, or "all": each probe on its own, .classes has the table; ff.guided(model, weight) leans towards it
    batch       points at a time; does not change results;  threads: as of sample()

    .table and .trajectory_table are dicts of numpy columns, those of comparison.csv and trajectory.csv; .ranking
    (which reference explains most; None with one alone), .agreement_table and .ends likewise; .headline is the answer in
    a sentence; .save("out/") writes the report of the command.
    """
    options = _core.CompareOptions()
    levels = [] if sigmas is None else _core.parse_sigmas(sigmas) if isinstance(sigmas, str) else sorted(map(float, sigmas))
    options.set_probes(levels, probes, seed, batch)
    options.seeds, options.solver, options.space = number_text(seeds), solver, space
    options.own_classes = isinstance(label, str) and label == "all"
    options.label = None if options.own_classes else label
    options.set_schedule(schedule, steps, sigma_min, sigma_max, rho, variant, final)
    options.band = band
    options.set_perceptual(text(features), resize, trust)
    if budget is not None:
        options.set_budget(str(budget))
    command = call_text("compare", model=getattr(model, "name", model), data=data, references=references)
    if references is None:
        references = _core.default_references
    if isinstance(references, str):
        references = _core.split_references(references)
    texts_or_models = [text(one) if is_text(one) else named(as_denoiser(one)) for one in references]
    source = None if data is None else as_data(data)
    with using_threads(threads):
        return _core.compare(named(model), source, texts_or_models, options, command)
