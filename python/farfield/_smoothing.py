"""What smoothing the score of a few points does to samples."""

from . import _core
from ._calls import call_text, using_threads


def smoothing(*, points=4, extent=1.0, dimension=2, kappa=0.4, t0=0.02, step=0.002, starts=4096, learned_steps=3000,
              decay_steps=1200, hidden=128, draws=0, clip=0.0, seed=0, threads=None):
    """The processes of smoothed scores of points on a line, as `farfield smoothing` has them. Returns a Smoothing.

    points, extent  evenly on [-extent, extent] of the first axis of a space of so many dimensions
    kappa           smoothing is over tau = Delta - sqrt(kappa t), Delta half the gap
    t0, step        from time t0 = sigma^2 to 0, by Euler's method in sqrt(t)
    starts, seed    samples of the noised points at t0
    learned_steps   of learning the score over t; 0: no learned process
    decay_steps     of learning it at one t with weight decay; 0: leave that out
    hidden          units in each hidden layer of what learns
    draws, clip     of the smoothed score by so many drawn points (512 in the document), those longer than clip cut to it
    threads         as of sample()

    .table is a dict of numpy columns, those of processes.csv; .snapshots holds the states of every process at .times;
    .headline is the answer in a sentence; .save("out/") writes the report of the command.
    """
    options = _core.SmoothingOptions()
    options.points, options.extent, options.dimension, options.kappa = points, extent, dimension, kappa
    options.t0, options.step, options.starts, options.seed = t0, step, starts, seed
    options.learned_steps, options.decay_steps, options.hidden = learned_steps, decay_steps, hidden
    options.draws, options.clip = draws, clip
    with using_threads(threads):
        return _core.smoothing(options, call_text("smoothing", points=points, kappa=kappa, t0=t0, starts=starts,
                                                  learned_steps=learned_steps, decay_steps=decay_steps, draws=draws,
                                                  clip=clip))
