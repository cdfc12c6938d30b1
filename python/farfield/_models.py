"""Denoisers: from files, from Python, and fitted to data."""

import functools
import inspect
import math

import torch

from . import _core
from ._core import Data, Denoiser, Fitted
from ._calls import is_text, text
from ._errors import UsageError


def load(model, *, device="auto", precision="auto", trust=False):
    """Opens MODEL as the command line does.

    model      a network or fitted reference (.safetensors), a training run's folder, TorchScript (.pt) or .pt2 with its
               options after commas, or a text such as "gaussian:mnist:DIR,rank=64" or "delta:glyphs"
    device     "auto", "cpu", "cuda", "cuda:N"
    precision  of networks: "auto", "fp32", "bf16", "tf32"
    trust      .pt and .pt2 run code; without it they are refused (TrustError) unless sha256=HEX names the file
    """
    denoiser = _core.load(text(model), device, precision, trust)
    denoiser._named, denoiser._trust = (text(model), device, precision), trust
    return denoiser


def _reduce(denoiser):
    """Pickled, a model is the text and options it was loaded with: for DataLoaders that spawn their workers."""
    if not getattr(denoiser, "_named", ("",))[0]:
        raise TypeError(f"{denoiser.name}: cannot be pickled, only what ff.load() opened can; make it in the process that needs it")
    model, device, precision = denoiser._named
    return functools.partial(load, device=device, precision=precision, trust=denoiser._trust), (model,)


Denoiser.__reduce__ = _reduce


def guided(model, weight):
    """Classifier-free guidance with a weight: D_u + weight (D_c - D_u); 1 is the model itself."""
    return _core.guided(as_denoiser(model), weight)


def denoiser(function, *, shape, sigma_data=0.5, sigma_min=0.0, sigma_max=math.inf, label_dim=0, device=None, dtype=None,
             name=None):
    """A torch module or function as a denoiser: function(x, sigma) returns D(x; sigma) = E[x0 | x0 + sigma n = x].

    shape        of one sample, such as (3, 32, 32) or (2,); x is [B, *shape], sigma [B]
    sigma_data   standard deviation of the data;  sigma_min, sigma_max: the noise levels it is defined on
    label_dim    > 0: a third argument holds the labels, [B, label_dim] one-hot, or zeros
    device       where x and sigma arrive, and dtype what they arrive in: by default those of a module's parameters, else
                 the CPU and float32
    Gradients flow through it. What it raises is the __cause__ of the error that a call ends with.
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
    parameters = list(function.parameters()) if isinstance(function, torch.nn.Module) else []
    if dtype is None:
        dtype = next((p.dtype for p in parameters if p.dtype.is_floating_point), torch.float32)
    if device is None:
        device = parameters[0].device if parameters else "cpu"
    name = name or getattr(function, "__name__", type(function).__name__)
    made = _core.denoiser(function, name, [int(size) for size in shape], sigma_data, sigma_min, sigma_max, label_dim,
                          str(device), dtype)
    made._named = ("", str(device), "auto")
    return made


def as_denoiser(model):
    """An ff.Denoiser, the one of an ff.Fitted, or what load() makes of a text or path."""
    if isinstance(model, Denoiser):
        return model
    if isinstance(model, Fitted):
        return model.denoiser
    if is_text(model):
        return load(model)
    hint = "; wrap it: ff.denoiser(function, shape=...)" if callable(model) else ""
    raise UsageError(f"model: a {type(model).__name__}, expected an ff.Denoiser, an ff.Fitted or a MODEL text{hint}")


def named(model):
    """A model with the text it was loaded from, for what goes on record."""
    made = as_denoiser(model)
    return _core.NamedModel(made, *getattr(made, "_named", ("", "cpu", "auto")))


def as_gaussian(gaussian):
    """An ff.Fitted, or the file of one."""
    return read_reference(gaussian) if is_text(gaussian) else gaussian


def as_data(data, labels=None):
    return data if isinstance(data, Data) else Data(text(data) if is_text(data) else data, labels)


def fit_gaussian(data, *, rank=0):
    """Mean and covariance of a data set: a SRC text, an ff.Data, or an array [N, ...]. rank 0 keeps all eigenpairs.

    Arrays of bytes are images [N, H, W, C] with 0 ... 255 for -1 ... 1; all others are taken as they are."""
    return _core.fit_gaussian(as_data(data), rank)


def fit_mixture(data, *, components=10, per_class=False, labels=None, rank=0, ridge=0.0, tail="zero", seed=0,
                max_iterations=100):
    """A Gaussian mixture by k-means, or with per_class=True one component a class (of the source, or `labels` [N])."""
    return _core.fit_mixture(as_data(data, labels), components, per_class, rank, ridge, tail, seed, max_iterations)


def read_reference(path):
    """A Gaussian or mixture that `farfield fit` or Fitted.save wrote."""
    return _core.read_reference(text(path))
