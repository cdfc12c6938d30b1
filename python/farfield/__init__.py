"""farfield: EDM-style diffusion models, exactly compared.

    import farfield as ff
    model = ff.load("assets/glyphs.safetensors")
    run = ff.sample(model, solver="dpmpp_2m", steps=10, seeds=range(64))
    run.x, run.nfe, run.sigmas

Everything takes torch.Tensors (used as they are) or arrays, and returns torch.Tensors. Names, defaults and seeds are those
of the command line, and so are the samples, bit for bit.
"""

import torch  # before the module, which is linked against torch's libraries

from . import _core
from ._errors import (BadFileError, BugError, Error, InterruptedRunError, IoError, NumericError, OutOfMemoryError, TrustError,
                      UsageError)
from ._models import Data, Denoiser, Fitted, denoiser, fit_gaussian, fit_mixture, guided, load, read_reference
from ._sampling import Run, levels, sample, solver_names

__version__ = _core.version
__all__ = ["BadFileError", "BugError", "Data", "Denoiser", "Error", "Fitted", "InterruptedRunError", "IoError", "NumericError",
           "OutOfMemoryError", "Run", "TrustError", "UsageError", "denoiser", "fit_gaussian", "fit_mixture", "guided", "levels",
           "load", "read_reference", "sample", "solver_names"]

if torch.__version__.split("+")[0] != _core.torch_version.split("+")[0]:
    raise ImportError(f"farfield was built with torch {_core.torch_version}, but this is torch {torch.__version__}: build the "
                      "module again with this one (docs/python.md)")
