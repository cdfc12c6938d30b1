"""Denoisers: from files, from Python, and fitted to data."""

import inspect
import math

import torch

from . import _core
from ._core import Data, Denoiser, Fitted
from ._errors import UsageError


def load(model, *, device="auto", precision="auto", trust=False):
    """Opens MODEL as the command line does: a network or fitted reference (.safetensors), a training run's folder,
    TorchScript or .pt2 (which run code: trust=True), or a text such as "gaussian:mnist:DIR,rank=64"."""
    return _core.load(str(model), device, precision, trust)


def guided(model, weight):
    """Classifier-free guidance: D_u + weight (D_c - D_u)."""
    return _core.guided(model, weight)


def denoiser(function, *, shape, sigma_data=0.5, sigma_min=0.0, sigma_max=math.inf, label_dim=0, dtype=None, name=None):
    """A torch module or function as a denoiser: function(x, sigma) returns D(x; sigma), like x.

    x is [B, *shape], sigma [B]; with label_dim > 0 a third argument holds the labels, [B, label_dim] one-hot or zeros.
    dtype is what x and sigma arrive in: by default that of a module's parameters, float32 for anything else. Gradients flow.
    """
    if not callable(function):
        raise UsageError(f"denoiser: {type(function).__name__} is no function, expected function(x, sigma)")
    arguments = 3 if label_dim > 0 else 2
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError as error:
        words = "(x, sigma, labels)" if arguments == 3 else "(x, sigma)"
        raise UsageError(f"denoiser: the function does not take {words}: {error}") from None
    except ValueError:  # built-ins have no signature
        pass
    if dtype is None:
        parameters = function.parameters() if isinstance(function, torch.nn.Module) else ()
        dtype = next((p.dtype for p in parameters if p.dtype.is_floating_point), torch.float32)
    name = name or getattr(function, "__name__", type(function).__name__)
    return _core.denoiser(function, name, [int(size) for size in shape], sigma_data, sigma_min, sigma_max, label_dim, dtype)


def _data(data, labels=None):
    return data if isinstance(data, Data) else Data(str(data) if hasattr(data, "__fspath__") else data, labels)


def fit_gaussian(data, *, rank=0):
    """Mean and covariance of a data set: a SRC text, an ff.Data, or an array [N, ...]. rank 0 keeps all eigenpairs."""
    return _core.fit_gaussian(_data(data), rank)


def fit_mixture(data, *, components=10, per_class=False, labels=None, rank=0, ridge=0.0, tail="zero", seed=0, max_iterations=100):
    """A Gaussian mixture by k-means, or one component a class."""
    return _core.fit_mixture(_data(data, labels), components, per_class, rank, ridge, tail, seed, max_iterations)


def read_reference(path):
    """A Gaussian or mixture that `farfield fit` or Fitted.save wrote."""
    return _core.read_reference(str(path))
