"""What samples are to a network or a formula: features and their moments, distances of pairs."""

import torch

from . import _core
from ._calls import call_text, is_text, text, texts, using_threads
from ._core import Data
from ._models import as_data
from ._sampling import Run


def given(samples):
    """A text as bytes, data as they are, a Run's samples, or a tensor of an array."""
    if is_text(samples):
        return text(samples)
    if isinstance(samples, Data):
        return samples
    return torch.as_tensor(samples.x if isinstance(samples, Run) else samples).detach().cpu()


def features(samples, features="", *, reference=None, batch=64, device="auto", trust=False, threads=None):
    """Features of samples by a network or a formula, as `farfield features`. Returns a Features.

    samples    a Run, the folder or samples.npz of `farfield sample`, a SRC text, an ff.Data, an array [n, ...shape] of the
               model's values (images in [-1, 1]), or a file of features
    features   "pixels", "pixels-8x8", "pca:64", "random-conv", or "NET.pt", TorchScript with NET.yaml beside it or ",preset=NAME";
               each takes ",quantise=no": images as they are, not as bytes
    reference  whose principal components pca has: a SRC text, an ff.Data or an array [the samples, where they are data]
    batch      samples at a time;  device: of a network;  trust: NET.pt runs code;  threads: as of sample()

    .features is [n, d], .mean and .covariance (float64, divisor n - 1) its moments, .contract how they were made; .save("out/")
    writes the report of the command, whose features.npz and moments.npz can be given wherever samples are.
    """
    command = call_text("features", samples=samples, features=features)
    with using_threads(threads):
        return _core.features(given(samples), text(features), None if reference is None else as_data(reference), batch, device,
                              trust, command)


def merge_features(*files, threads=None):
    """The moments of several files of features or moments together, as `farfield features --merge`. Returns a Features.

    files      as many as there are, two or more;  threads: as of sample()
    """
    command = call_text("merge_features", files=files)
    with using_threads(threads):
        return _core.merge_features(texts(list(files)), command)


def similarity(a, b, features="", *, resize=True, batch=64, device="auto", trust=False, threads=None):
    """How far samples are from others, pair by pair, as `farfield similarity`. Returns a Similarity.

    a, b       as samples of features(): as many of the same shape; of the same seeds where both are runs in files
    features   "NET.pt", TorchScript that returns maps [B, C, H, W], with NET.yaml beside it [squared errors alone]
    resize     before the network: as its contract says, or to 224 x 224 pixels
    batch      pairs at a time;  device: of a network;  trust: NET.pt runs code;  threads: as of sample()

    .mse and .distance (perceptual, where there is a network) are [n], .maps the share of every map; .save("out/") writes the
    report of the command.
    """
    command = call_text("similarity", a=a, b=b, features=features)
    with using_threads(threads):
        return _core.similarity(given(a), given(b), text(features), resize, batch, device, trust, command)
