"""How samples are distributed beside a reference."""

from . import _core
from ._calls import call_text, text, using_threads
from ._featuring import given


def quality(samples, reference, features="", *, held_out=None, measures="all", blocks=1, bootstrap=None, subsets=100,
            subset_size=1000, directions=1000, most=10_000, seed=0, batch=64, device="auto", trust=False, threads=None):
    """How samples are distributed beside a reference, by their features, as `farfield quality`. Returns a Quality.

    samples    as of features(), or a list of such: each is a block
    reference  the same, or an .npz with mu and sigma (then the Fréchet distance alone)
    features   as of features() ["pca:64" of a reference of 128 samples or more with more than 64 numbers each, else "pixels"]
    held_out   data not trained on, as reference: beside whose distances those of copies stand
    measures   "all", or some of "fd" (Fréchet distance), "kid" (kernel distance), "pr" (precision, recall), "dc" (density,
               coverage), "memorisation", "sw" (sliced Wasserstein), "vendi"
    blocks     equal parts of the samples, each measured: mean and least
    bootstrap  replicates of the Fréchet distance's interval [100, 10 above 256 features]
    subsets, subset_size: of the kernel distance;  directions: of the sliced Wasserstein distance
    most       samples of a set, drawn at random, in measures that look at all pairs;  seed: of all that is drawn
    batch      samples at a time;  device: of a network;  trust: NET.pt runs code;  threads: as of sample()

    .measures has every measure by name (the mean over blocks), .table those of all blocks, .samples the nearest of the reference
    of every sample, .warnings why a number may mislead; .save("out/") writes the report of the command.
    """
    command = call_text("quality", samples=samples, reference=reference, features=features)
    sets = list(samples) if isinstance(samples, (list, tuple)) else [samples]
    wanted = measures if isinstance(measures, str) else ",".join(measures)
    with using_threads(threads):
        return _core.quality([given(one) for one in sets], given(reference), None if held_out is None else given(held_out),
                             text(features), wanted, blocks, bootstrap, subsets, subset_size, directions, most, seed, batch,
                             device, trust, command)
