"""Which solver, schedule and steps come nearest within a budget of evaluations."""

from . import _core
from ._calls import call_text, is_text, number_text, text, texts, using_threads
from ._errors import UsageError
from ._featuring import given
from ._models import as_gaussian, named


def study(model, *, solvers="all", schedules=("polynomial", "logsnr", "vp_uniform"), nfe=(4, 6, 8, 10, 12, 16, 20, 30),
          seeds=range(16), label=None, gaussian=None, teleport="auto", teleport_sweep=None, reference=None, measure="", data=None,
          features="", trust=False, batch=64, threads=None):
    """Measures which solver and schedule come nearest to the solution within a budget, as `farfield study` does.

    model      an ff.Denoiser, an ff.Fitted, or a MODEL text. Load it with precision="fp32", as the command does: solvers
               are compared, not rounding
    solvers    SOLVER[,option=value...], one or a list; "all": every exact deterministic one
    schedules  their names, also "gits:FILE"
    nfe        budgets of evaluations, numbers or a text "4-20";  seeds: one trajectory each
    label      the class of every trajectory; without it each seed draws one
    gaussian   an ff.Fitted, or its file: try every run teleported, too; teleport: the level, or "auto"
    teleport_sweep  steps N: also every solver over schedules of N steps with 0, 1, 2, ... levels skipped by the Gaussian
    reference  the adaptive solver that errors are measured from ["dopri5,rtol=1e-5,atol=1e-5"]
    measure    also hold the ends of every run against `data` (as of quality()) by "fd" or others, one or a list: "kid", "precision",
               "recall", "density", "coverage", "sliced_wasserstein", "memorised"
    features   of measure, as of features() [as of quality()];  trust: NET.pt runs code
    batch      trajectories at a time;  threads: as of sample()

    Returns a Study: .best is {budget: {"solver", "schedule", "steps", "nfe", "teleport", "rms"} and the measures}, .table a dict of
    numpy columns, those of study.csv, .skipped likewise those of teleport_sweep.csv, .agreement those of agreement.csv (whether
    rms and the measures rank the runs alike); .save("out/") writes the report and study.json of the command.
    """
    if gaussian is None and (teleport != "auto" or teleport_sweep is not None):
        raise UsageError("study: teleport and teleport_sweep need gaussian")
    options = _core.StudyOptions()
    options.solvers, options.schedules = texts(solvers), texts(schedules)
    options.nfe, options.seeds, options.teleport = number_text(nfe), number_text(seeds), str(teleport)
    options.label, options.batch, options.teleport_sweep = label, batch, teleport_sweep
    if reference is not None:
        options.reference = reference
    called = ""
    if gaussian is not None:
        called = text(gaussian) if is_text(gaussian) else f"a fit to {gaussian.source}"
        options.set_gaussian(as_gaussian(gaussian))
    command = call_text("study", model=getattr(model, "name", model), solvers=solvers, nfe=nfe)
    with using_threads(threads):
        return _core.study(named(model), options, _measure(measure, data, features, trust), called, command)


def _measure(measure, data, features, trust):
    names = measure if isinstance(measure, str) else ",".join(measure)
    return _core.StudyMeasure(names, text(features), None if data is None else given(data), trust)


def _search_options(nfe, metric, gamma, gamma_form, teacher, points, grid, sigma_min, sigma_max, rho, warmup, student, batch):
    options = _core.SearchOptions()
    options.nfe, options.metric, options.gamma, options.gamma_form = number_text(nfe), metric, gamma, gamma_form
    options.teacher, options.points, options.warmup, options.student, options.batch = teacher, points, warmup, student, batch
    options.set_grid(grid, sigma_min, sigma_max, rho)
    return options


def search_schedule(model, *, nfe=range(3, 11), metric="dev", gamma=1.15, gamma_form="computed", teacher="ipndm4", points=None,
                    grid="polynomial", sigma_min=None, sigma_max=None, rho=None, warmup=256, seeds=None, afs=False,
                    per_sample=False, student=None, batch=64, threads=None):
    """Finds the levels at which few steps follow a fine teacher best (GITS, Chen et al. 2024), as `farfield schedule search`.

    nfe      evaluations of the schedules wanted, at one a step: numbers or a text "3-10"
    metric   of a jump's error: "dev", "l1", "l2";  gamma: weight of a step over the one before it
    gamma_form  "computed": gamma^m on step m, as the public code; "printed": gamma on all steps but the last, as algorithm 1
    teacher  SOLVER[,option=value...] over the whole grid of `points` levels [61] of schedule `grid`, or "file:PATH"
             from sigma_max to sigma_min with exponent rho [the schedule's, or the model's]
    warmup   teacher trajectories, of seeds 0, 1, ...; or their `seeds` one by one
    afs      one level more, for sample(afs=True): its first step is free
    per_sample  the schedule of every trajectory alone, too: .per_sample, and its spread on the page
    student  the solver that will use the schedules, of afs and the report ["ipndm4"]
    batch    trajectories at a time;  threads: as of sample()

    Returns a ScheduleSearch: .schedules is {nfe: levels}, for sample(sigmas=...); .levels and .costs are the teacher's grid
    and the cost of every jump; .save("gits.json") writes what sample(schedule="gits:gits.json") reads, .save_report("out/")
    the page of the command.
    """
    options = _search_options(nfe, metric, gamma, gamma_form, teacher, points, grid, sigma_min, sigma_max, rho, warmup, student,
                              batch)
    options.afs, options.per_sample = afs, per_sample
    options.seeds = None if seeds is None else number_text(seeds)
    command = call_text("search_schedule", model=getattr(model, "name", model), nfe=nfe)
    with using_threads(threads):
        return _core.search_schedule(named(model), options, command)


def ablate_schedule(model, vary, *, repeats=5, test_seeds=1024, nfe=range(3, 11), metric="dev", gamma=1.15,
                    gamma_form="computed", teacher="ipndm4", points=None, grid="polynomial", sigma_min=None, sigma_max=None,
                    rho=None, warmup=256, student=None, measure="", data=None, features="", trust=False, batch=64, threads=None):
    """Schedule searches over one option and blocks of seeds, as `farfield schedule ablate`.

    vary        "warmup=16,64,256", "points=11,21,41" or "gamma=1.05,1.15": the option and its values, rising
    repeats     searches of each value, from seeds of their own;  test_seeds: trajectories of the errors, of other seeds
    measure, data, features, trust: of the student's ends, as of study()
    model, nfe, metric, gamma, gamma_form, teacher, points, grid, sigma_min, sigma_max, rho, warmup, student, batch, threads: as of
                search_schedule()

    Returns a ScheduleAblation: .table and .seconds are dicts of numpy columns, those of ablation.csv and seconds.csv, .rms the
    error in every repeat, .measures the measures; .save("out/") writes the folder of the command.
    """
    options = _search_options(nfe, metric, gamma, gamma_form, teacher, points, grid, sigma_min, sigma_max, rho, warmup, student,
                              batch)
    command = call_text("ablate_schedule", model=getattr(model, "name", model), vary=vary, repeats=repeats)
    with using_threads(threads):
        return _core.ablate_schedule(named(model), options, vary, repeats, test_seeds, _measure(measure, data, features, trust),
                                     command)


def fit_solver(model, method, *, nfe=6, solver="", points=2, afs=False, iterations=0, rate=0.0, scale_direction=-1.0, scale_time=-1.0,
               schedule="polynomial", sigma_min=None, sigma_max=None, rho=None, final=None, seeds=range(64),
               held_out=range(64, 128), label=None, teacher="heun", teacher_steps=40, ends="", batch=16, threads=None):
    """Learns solvers of few steps from the ends of a teacher's trajectories, as `farfield solver fit`.

    model     an ff.Denoiser that is differentiable, or a MODEL text. Load it with precision="fp32", as the command does
    method    "epd": `points` midpoints a step in parallel; "amed": one, with the plug-in `solver` ["amed"]; "ld3": the levels of
              `solver` ["ipndm3"]; "s4s": its coefficients, too
    nfe       evaluations, a table each: a number, numbers or a text "4,6"
    afs       the first value is analytical, without an evaluation
    iterations, rate  updates [epd, amed 200, ld3, s4s 100], and the rate of the first [the method's]; 0: the default
    scale_direction, scale_time  half the widths of the scales of epd and amed; -1: the default
    schedule, sigma_min, sigma_max, rho, final  what the fit starts from [polynomial, to sigma_min]
    seeds     trajectories to learn from;  held_out: those that choose the best table and measure it
    label     the class of every trajectory;  teacher: SOLVER over teacher_steps;  ends: the folder of an earlier fit to take them from
    batch     trajectories an update and at a time;  threads: as of sample()

    Returns a SolverFit: .table is a dict of numpy columns, those of fit.csv; .save_table(6, "six.json") writes what
    sample(solver="table:six.json") reads, .save("out/") the folder of the command.
    """
    options = _core.SolverFitOptions()
    options.nfe, options.seeds, options.held_out = number_text(nfe), number_text(seeds), number_text(held_out)
    options.label, options.ends = label, text(ends)
    options.set_teacher(teacher, teacher_steps)
    options.set_method(method, solver, points, afs)
    options.set_learning(iterations, batch, rate, scale_direction, scale_time)
    options.set_schedule(schedule, sigma_min, sigma_max, rho, final)
    command = call_text("fit_solver", model=getattr(model, "name", model), method=method, nfe=nfe)
    with using_threads(threads):
        return _core.fit_solver(named(model), options, command)
