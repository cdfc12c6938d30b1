"""farfield: EDM-style diffusion models, exactly compared.

    import farfield as ff
    model = ff.load("assets/glyphs.safetensors")
    run = ff.sample(model, solver="dpmpp_2m", steps=10, seeds=range(64))
    run.x, run.nfe, run.sigmas

Everything takes torch.Tensors (used as they are) or arrays, and returns torch.Tensors. Names, defaults and seeds are those
of the command line, and so are the samples, bit for bit with the same number of threads. docs/python.md tells the rest.
"""

try:
    import torch  # before the module, which is linked against torch's libraries
except ImportError as error:
    raise ImportError("farfield needs torch, the one it was built with: pip install torch, then install farfield again") from error

from ._errors import (BadFileError, BugError, Error, InterruptedRunError, IoError, NumericError, OutOfMemoryError, TrustError,
                      UsageError)
from ._torch import load_core

load_core(torch.__version__)

from . import _core
from ._calibrating import calibrate, heat_maps
from ._comparing import compare
from ._core import (Calibration, Comparison, Data, Denoiser, Deviation, Dynamics, Encoding, Features, Field, Fitted,
                    Geometry, HeatMaps, Jump, Likelihood, Modes, Neighbours, Quality, Restoration, ScheduleAblation,
                    ScheduleSearch, Similarity, Smoothing, SolverFit, Study, Sweep, Symmetry, Theory)
from ._deviating import deviation, modes, neighbours
from ._encoding import encode
from ._featuring import features, merge_features, similarity
from ._geometry import geometry, polyline
from ._interpolating import interpolate, interpolation_theory
from ._jumping import jump
from ._learning import dynamics, field, sweep
from ._likelihood import likelihood
from ._models import denoiser, fit_gaussian, fit_mixture, guided, load, read_reference
from ._quality import quality
from ._restoring import restore
from ._sampling import Run, levels, sample, solver_names
from ._smoothing import smoothing
from ._studying import ablate_schedule, fit_solver, search_schedule, study
from ._theorising import symmetry, theory
from ._training import train

__version__ = _core.version
__all__ = ["BadFileError", "BugError", "Calibration", "Comparison", "Data", "Denoiser", "Deviation", "Dynamics",
           "Encoding", "Error", "Features", "Field", "Fitted", "Geometry", "HeatMaps", "InterruptedRunError",
           "IoError", "Jump", "Likelihood", "Modes", "Neighbours", "NumericError", "OutOfMemoryError", "Quality",
           "Restoration", "Run", "ScheduleAblation", "ScheduleSearch", "Similarity", "Smoothing", "SolverFit", "Study", "Sweep",
           "Symmetry", "Theory", "TrustError", "UsageError", "ablate_schedule", "calibrate", "compare", "denoiser",
           "deviation", "dynamics", "encode", "features", "field", "fit_gaussian", "fit_mixture", "fit_solver", "geometry",
           "guided", "heat_maps", "interpolate", "interpolation_theory", "jump", "levels", "likelihood", "load",
           "merge_features", "modes", "neighbours", "polyline", "quality", "read_reference", "restore", "sample",
           "search_schedule", "similarity", "smoothing", "solver_names", "study", "sweep", "symmetry", "theory",
           "train"]
