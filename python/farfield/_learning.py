"""What a network has learned: mixtures of every size and rank, its snapshots over training, its score in a plane."""

from . import _core
from ._calls import call_text, is_text, text, using_threads, whole
from ._errors import UsageError
from ._models import as_data, as_denoiser, named


def _levels(sigmas):
    if sigmas is None:
        return []
    return _core.parse_sigmas(sigmas) if isinstance(sigmas, str) else sorted(map(float, sigmas))


def references_of(references, default):
    """References as _core takes them: texts and models."""
    if references is None:
        references = default
    if isinstance(references, str):
        references = _core.split_references(references)
    return [text(one) if is_text(one) else named(as_denoiser(one)) for one in references]


def _snapshots(function, models, run, images=()):
    """What has rows or times: snapshots of a run, or models, with what the record calls them."""
    if (models is None) == (run is None):
        raise UsageError(f"{function}: give models or run, one of them")
    if run is not None:
        return _core.NamedSnapshots.of_run(text(run)), text(run)
    if is_text(models) or not isinstance(models, (list, tuple)):
        models = [models]
    if len(images) not in (0, len(models)):
        raise UsageError(f"{function}: {len(images)} images for {len(models)} models, expected one each")
    subjects = [named(model) for model in models]
    words = ",".join(str(getattr(model, "name", model)) for model in models)
    return _core.NamedSnapshots.of_models(subjects, [whole(one, "images") for one in images]), words


def sweep(model, data, *, components=None, ranks=None, sigmas=None, probes=None, seed=0, label=None, batch=64, paper=False,
          threads=None):
    """How many Gaussians of what rank explain a model's score, as `farfield sweep`. Returns a Sweep.

    model       an ff.Denoiser, an ff.Fitted, or a MODEL text
    data        of the mixtures and the probes: a SRC text, an ff.Data or an array
    components  numbers of k-means clusters [1, 2, 5, 10, 20, 50]; all data are always there
    ranks       leading eigenvectors of each [powers of two from 8]; the full rank is always there
    sigmas      noise levels, or a text "LOW:HIGH:COUNT" [8 from 0.05 to 10]
    probes      noised samples at each noise level [256];  seed: of probes, k-means and bootstrap
    label       the class that a class-conditional model is asked for
    batch       probes at a time;  paper: the paper's sizes where none are given;  threads: as of sample()

    .table has what every mixture leaves over, .gain, .minimal_rank and .equal what follows; .headline is the answer in a
    sentence; .save("out/") writes the report of the command.
    """
    command = call_text("sweep", model=getattr(model, "name", model), data=data, components=components, ranks=ranks)
    subject, source = named(model), as_data(data)
    options = (_core.SweepOptions.paper if paper else _core.SweepOptions.quick)(subject, source)
    if components is not None:
        options.components = sorted({whole(one, "components") for one in components})
    if ranks is not None:
        options.ranks = sorted({whole(one, "ranks") for one in ranks})
    if sigmas is not None:
        options.sigmas = _levels(sigmas)
    if probes is not None:
        options.probes = probes
    options.seed, options.batch, options.label = seed, batch, label
    with using_threads(threads):
        return _core.sweep(subject, source, options, command)


def dynamics(models=None, data=None, *, run=None, references=None, sigmas=None, probes=256, seed=0, images=(), label=None, batch=64,
             threads=None):
    """What a network has learned when: its snapshots at fixed probes against scores that are known, as `farfield dynamics`. Returns a
    Dynamics.

    models      in the order of training: a list of MODEL texts and ff.Denoisers; or run: the folder of a training run
    data        of references and probes: a SRC text, an ff.Data or an array
    references  as of compare() [mean, gaussian, a mixture of 10, delta]; each is evaluated once, however many snapshots
    sigmas      noise levels, or a text "LOW:HIGH:COUNT" [8 from 0.1 to 10]
    probes      noised samples at each noise level;  seed: of probes, k-means and bootstrap
    images      that each model was trained on [the last number in each name, or 1, 2, ...]
    label       the class that class-conditional models are asked for
    batch       probes at a time;  threads: as of sample()

    .table has what every reference explains of every snapshot, .nearest when each was nearest and how far the network has gone
    since; .headline is the answer in a sentence; .save("out/") writes the report of the command.
    """
    command = call_text("dynamics", models=models, run=run, data=data, references=references)
    snapshots, of = _snapshots("dynamics", models, run, images)
    options = _core.DynamicsOptions()
    options.set_probes(_levels(sigmas), probes, seed, batch)
    options.label = label
    with using_threads(threads):
        return _core.dynamics(snapshots, of, as_data(data), references_of(references, _core.default_dynamics_references), options, command)


def field(models=None, data=None, *, run=None, references=None, anchors=(0, 1, 2), anchors_of=None, sigmas=None, grid=25, label=None,
          batch=64, threads=None):
    """The score of models, and of scores that are known, in a plane through three samples, as `farfield field`. Returns a Field.

    models      a model or a list of them: MODEL texts, ff.Denoisers; or run: the folder of a training run, a row a snapshot
    data        of the references: a SRC text, an ff.Data or an array
    references  as of compare() [gaussian, a mixture of 10, delta]
    anchors     three samples by their places; of data of two numbers, whose plane is their own, any number of them
    anchors_of  the data whose samples they are [data]
    sigmas      noise levels, or a text "LOW:HIGH:COUNT" [0.1, 0.2, 0.5, 1, 2, 5]
    grid        points along a side;  batch: points at a time;  label, threads: as of dynamics()

    .field has the scores at every point, .table lengths inside the anchors' triangle and over the box; .save("out/") writes the
    report of the command.
    """
    command = call_text("field", models=models, run=run, data=data, anchors=anchors)
    rows, of = _snapshots("field", models, run)
    source = as_data(data)
    options = _core.FieldOptions()
    options.anchors = [whole(one, "anchors") for one in anchors]
    options.sigmas, options.grid, options.batch, options.label = _levels(sigmas), grid, batch, label
    with using_threads(threads):
        return _core.field(rows, of, source, source if anchors_of is None else as_data(anchors_of),
                           references_of(references, _core.default_field_references), options, command)
