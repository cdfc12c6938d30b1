"""Which solver, schedule and steps come nearest within a budget of evaluations."""

from . import _core
from ._calls import call_text, is_text, number_text, text, texts, using_threads
from ._errors import UsageError
from ._models import as_gaussian, named


def study(model, *, solvers="all", schedules=("polynomial", "logsnr", "vp_uniform"), nfe=(4, 6, 8, 10, 12, 16, 20, 30),
          seeds=range(16), label=None, gaussian=None, teleport="auto", reference=None, batch=64, threads=None):
    """Measures which solver and schedule come nearest to the solution within a budget, as `farfield study` does.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text. Load it with precision="fp32", as the command does: solvers
               are compared, not rounding
    solvers    SOLVER[,option=value...], one or a list; "all": every exact deterministic one
    schedules  their names, also "gits:FILE"
    nfe        budgets of evaluations, numbers or a text "4-20";  seeds: one trajectory each
    label      the class of every trajectory; without it each seed draws one
    gaussian   an ff.Fitted, or its file: try every run teleported, too; teleport: the level, or "auto"
    reference  the adaptive solver that errors are measured from ["dopri5,rtol=1e-5,atol=1e-5"]

    Returns a Study: .best is {budget: {"solver", "schedule", "steps", "nfe", "teleport", "rms"}}, .table a dict of numpy
    columns, those of study.csv; .save("out/") writes the report and study.json of the command.
    """
    if gaussian is None and teleport != "auto":
        raise UsageError("study: teleport needs gaussian")
    options = _core.StudyOptions()
    options.solvers, options.schedules = texts(solvers), texts(schedules)
    options.nfe, options.seeds, options.teleport = number_text(nfe), number_text(seeds), str(teleport)
    options.label, options.batch = label, batch
    if reference is not None:
        options.reference = reference
    called = ""
    if gaussian is not None:
        called = text(gaussian) if is_text(gaussian) else f"a fit to {gaussian.source}"
        options.set_gaussian(as_gaussian(gaussian))
    command = call_text("study", model=getattr(model, "name", model), solvers=solvers, nfe=nfe)
    with using_threads(threads):
        return _core.study(named(model), options, called, command)


def search_schedule(model, *, nfe=range(3, 11), metric="dev", gamma=1.15, teacher="ipndm4", points=None, grid="polynomial",
                    sigma_min=None, sigma_max=None, rho=None, warmup=256, seeds=None, afs=False, student=None, batch=64,
                    threads=None):
    """Finds the levels at which few steps follow a fine teacher best (GITS, Chen et al. 2024), as `farfield schedule search`.

    nfe      evaluations of the schedules wanted, at one a step: numbers or a text "3-10"
    metric   of a jump's error: "dev", "l1", "l2";  gamma: weight of a step over the one before it
    teacher  SOLVER[,option=value...] over the whole grid of `points` levels [61] of schedule `grid`, or "file:PATH"
    warmup   teacher trajectories, of seeds 0, 1, ...; or their `seeds` one by one
    afs      one level more, for sample(afs=True): its first step is free
    student  the solver that will use the schedules, of afs and the report ["ipndm4"]

    Returns a ScheduleSearch: .schedules is {nfe: levels}, for sample(sigmas=...); .levels and .costs are the teacher's grid
    and the cost of every jump; .save("gits.json") writes what sample(schedule="gits:gits.json") reads, .save_report("out/")
    the page of the command.
    """
    options = _core.SearchOptions()
    options.nfe, options.metric, options.gamma, options.teacher = number_text(nfe), metric, gamma, teacher
    options.points, options.warmup, options.afs, options.student, options.batch = points, warmup, afs, student, batch
    options.seeds = None if seeds is None else number_text(seeds)
    options.set_grid(grid, sigma_min, sigma_max, rho)
    command = call_text("search_schedule", model=getattr(model, "name", model), nfe=nfe)
    with using_threads(threads):
        return _core.search_schedule(named(model), options, command)
