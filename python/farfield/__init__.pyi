from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from ._errors import BadFileError as BadFileError
from ._errors import BugError as BugError
from ._errors import Error as Error
from ._errors import InterruptedRunError as InterruptedRunError
from ._errors import IoError as IoError
from ._errors import NumericError as NumericError
from ._errors import OutOfMemoryError as OutOfMemoryError
from ._errors import TrustError as TrustError
from ._errors import UsageError as UsageError
from ._sampling import Run as Run

__version__: str

_Text: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]
_Numbers: TypeAlias = str | int | Iterable[int]
_Array: TypeAlias = torch.Tensor | np.ndarray[Any, Any] | Sequence[Any]
_Table: TypeAlias = dict[str, np.ndarray[Any, Any]]
_Model: TypeAlias = Denoiser | Fitted | _Text

class Denoiser:
    name: str
    sample_shape: tuple[int, ...]
    label_dim: int
    sigma_min: float
    sigma_max: float
    sigma_data: float
    def __call__(self, x: _Array, sigma: float | _Array, labels: _Array | None = None) -> torch.Tensor: ...
    def vector_jacobian(self, x: _Array, sigma: float | _Array, v: _Array,
                        labels: _Array | None = None) -> tuple[torch.Tensor, torch.Tensor]: ...
    def log_density(self, x: _Array, sigma: float) -> torch.Tensor: ...

class Data:
    name: str
    sample_shape: tuple[int, ...]
    label_dim: int
    fingerprint: str
    def __init__(self, source: _Text | _Array, labels: _Array | None = None) -> None: ...
    def __len__(self) -> int: ...
    def rows(self, first: int, count: int) -> torch.Tensor: ...

class Fitted:
    denoiser: Denoiser
    mean: torch.Tensor
    eigenvalues: torch.Tensor
    is_gaussian: bool
    source: str
    def save(self, path: str | PathLike[str]) -> None: ...

class Comparison:
    headline: str
    references: list[str]
    sigmas: list[float]
    table: _Table
    trajectory_table: _Table
    ranking: _Table | None
    agreement_table: _Table
    ends: _Table
    classes: _Table
    def save(self, out: str | PathLike[str], *, with_runs: Sequence[str | PathLike[str]] = ..., force: bool = False) -> Path: ...

class Encoding:
    latents: torch.Tensor
    round_trip: torch.Tensor
    sigmas: list[float]
    nfe: int
    rms_error: float
    others: dict[str, dict[str, Any]]
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Restoration:
    headline: str
    method: str
    x: torch.Tensor
    measurement: torch.Tensor
    psnr: torch.Tensor | None
    perceptual: torch.Tensor | None
    residual: torch.Tensor
    posterior_mean: torch.Tensor | None
    posterior_deviation: torch.Tensor | None
    nfe: int
    products: int
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Jump:
    headline: str
    sigmas: list[float]
    nfe: list[int]
    distance_x: torch.Tensor
    distance_d: torch.Tensor
    table: _Table
    slope_table: _Table | None
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Calibration:
    headline: str
    sigmas: list[float]
    sizes: list[int]
    median: list[int]
    mode: list[int]
    cosine: torch.Tensor
    distance: torch.Tensor
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class HeatMaps:
    headline: str
    sigmas: list[float]
    heat: torch.Tensor
    mask_sizes: torch.Tensor
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Geometry:
    headline: str
    summary: dict[str, Any]
    sigmas: list[float]
    table: _Table
    arrays: dict[str, torch.Tensor]
    exact_table: _Table | None
    exact_arrays: dict[str, torch.Tensor] | None
    gaussian_table: _Table | None
    gaussian_arrays: dict[str, torch.Tensor] | None
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Sweep:
    headline: str
    sigmas: list[float]
    table: _Table
    gain: _Table
    minimal_rank: _Table
    equal: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Dynamics:
    headline: str
    sigmas: list[float]
    images: list[int]
    table: _Table
    nearest: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Field:
    headline: str
    rows: list[str]
    sigmas: list[float]
    field: torch.Tensor
    log_density: torch.Tensor
    anchors: torch.Tensor
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Deviation:
    headline: str
    sigmas: list[float]
    nfe: int
    measures: dict[str, torch.Tensor]
    neighbours: dict[str, torch.Tensor]
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Features:
    headline: str
    features: torch.Tensor | None
    mean: torch.Tensor
    covariance: torch.Tensor
    count: int
    contract: str
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Similarity:
    headline: str
    mse: torch.Tensor
    distance: torch.Tensor
    maps: torch.Tensor | None
    table: _Table
class Quality:
    headline: str
    warnings: list[str]
    measures: dict[str, float]
    summary: str
    table: _Table
    samples: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Likelihood:
    headline: str
    bits: dict[str, torch.Tensor]
    integral: torch.Tensor
    table: _Table
    summary: _Table
    trace: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Neighbours:
    headline: str
    index: torch.Tensor
    distance: torch.Tensor
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Modes:
    headline: str
    bandwidths: list[float]
    modes: list[torch.Tensor]
    basin: torch.Tensor
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Smoothing:
    headline: str
    times: list[float]
    snapshots: dict[str, torch.Tensor]
    table: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Theory:
    headline: str
    summary_json: str
    curves: _Table
    emergence: _Table
    rotation: _Table
    conserved: _Table
    prediction: _Table
    perturbations: _Table
    noise_map: _Table
    arrays: dict[str, torch.Tensor]
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Symmetry:
    headline: str
    summary_json: str
    critical_sigma: float | None
    fixed_points: _Table
    potentials: _Table
    arrays: dict[str, torch.Tensor]
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class Study:
    best: dict[int, dict[str, Any]]
    reference_nfe: int
    table: _Table
    skipped: _Table
    agreement: _Table
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class SolverFit:
    headline: str
    table: _Table
    def save_table(self, nfe: int, file: str | PathLike[str], *, force: bool = False) -> None: ...
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class ScheduleSearch:
    schedules: dict[int, list[float]]
    levels: list[float]
    costs: torch.Tensor
    teacher_nfe: int
    per_sample: dict[int, torch.Tensor]
    def save(self, file: str | PathLike[str], *, force: bool = False) -> None: ...
    def save_report(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

class ScheduleAblation:
    table: _Table
    seconds: _Table
    rms: torch.Tensor
    measures: torch.Tensor
    def save(self, out: str | PathLike[str], *, force: bool = False) -> Path: ...

def load(model: _Text, *, device: str = "auto", precision: str = "auto", trust: bool = False) -> Denoiser: ...
def guided(model: _Model, weight: float) -> Denoiser: ...
def denoiser(function: Callable[..., torch.Tensor], *, shape: Iterable[int], sigma_data: float = 0.5, sigma_min: float = 0.0,
             sigma_max: float = ..., label_dim: int = 0, device: str | torch.device | None = None,
             dtype: torch.dtype | None = None, name: str | None = None) -> Denoiser: ...
def fit_gaussian(data: Data | _Text | _Array, *, rank: int = 0) -> Fitted: ...
def fit_mixture(data: Data | _Text | _Array, *, components: int = 10, per_class: bool = False, labels: _Array | None = None,
                rank: int = 0, ridge: float = 0.0, tail: str = "zero", seed: int = 0, max_iterations: int = 100) -> Fitted: ...
def read_reference(path: _Text) -> Fitted: ...
def solver_names() -> list[str]: ...
def levels(model: _Model, *, schedule: str = "polynomial", sigmas: Iterable[float] | None = None, steps: int | None = None,
           sigma_min: float | None = None, sigma_max: float | None = None, rho: float | None = None,
           variant: str | None = None, final: str | None = None) -> list[float]: ...
def sample(model: _Model, *, solver: str = "heun", steps: int | None = None, seeds: _Numbers = ...,
           schedule: str = "polynomial", sigmas: Iterable[float] | None = None, sigma_min: float | None = None,
           sigma_max: float | None = None, rho: float | None = None, variant: str | None = None, final: str | None = None,
           batch: int = 64, label: int | None = None, latents: _Array | None = None, classes: _Array | None = None,
           churn: Sequence[float] | None = None, afs: bool = False, threshold: float | None = None,
           denoise_to_zero: bool = False, ode_jump: float | None = None, teleport: float | None = None,
           gaussian: Fitted | _Text | None = None, trajectory: bool = False, threads: int | None = None) -> Run: ...
def compare(model: _Model, *, data: Data | _Text | _Array | None = None,
            references: str | Iterable[_Model] | None = None, sigmas: str | Iterable[float] | None = None, probes: int = 1024,
            seed: int = 0, seeds: _Numbers = ..., steps: int | None = None, solver: str = "heun",
            schedule: str = "polynomial", sigma_min: float | None = None, sigma_max: float | None = None,
            rho: float | None = None, variant: str | None = None, final: str | None = None, space: str = "ve",
            label: int | str | None = None, band: str = "interval", features: _Text = "", resize: bool = True,
            trust: bool = False, budget: float | str | None = None, batch: int = 64, threads: int | None = None) -> Comparison: ...
def encode(model: _Model, *, data: Data | _Text | _Array, against: _Model | None = None,
           gaussian: Fitted | _Text | None = None, solver: str = "heun", steps: int | None = None,
           schedule: str = "polynomial", sigmas: Iterable[float] | None = None, sigma_min: float | None = None,
           sigma_max: float | None = None, rho: float | None = None, variant: str | None = None,
           final: str | None = "sigma_min", batch: int = 64, label: int | None = None,
           threads: int | None = None) -> Encoding: ...
def restore(model: _Model, *, data: Data | _Text | _Array | None = None, measurement: _Array | None = None,
            truth: Data | _Text | _Array | None = None, operator: str = "identity", sigma_y: float = 0.05,
            method: str = "diffpir", solver: str = "heun", steps: int | None = None, schedule: str = "polynomial",
            sigmas: Iterable[float] | None = None, sigma_min: float | None = None, sigma_max: float | None = None,
            rho: float | None = None, variant: str | None = None, samples: int = 1, seed: int = 0, batch: int = 64,
            label: int | None = None, gaussian: Fitted | _Text | None = None, teleport: float | None = None,
            features: str = "", resize: bool = True, trust: bool = False, threads: int | None = None) -> Restoration: ...
def interpolate(corners: _Array, *, mode: str = "indist", weight: str | None = None, frames: int = 9) -> torch.Tensor: ...
def interpolation_theory() -> _Table: ...
def jump(model: _Model, *, data: Data | _Text | _Array | None = None, solver: str = "heun", steps: int | None = None,
         seeds: _Numbers = ..., schedule: str = "polynomial", sigmas: Iterable[float] | None = None,
         sigma_min: float | None = None, sigma_max: float | None = None, rho: float | None = None,
         variant: str | None = None, final: str | None = None, space: str = "ve", slopes: bool = False,
         features: _Text = "", trust: bool = False, batch: int = 64, label: int | None = None, latents: _Array | None = None, classes: _Array | None = None,
         threads: int | None = None) -> Jump: ...
def calibrate(model: _Model, data: Data | _Text | _Array, *, reference: str = "els-border", sizes: Iterable[int] | None = None,
              by: str = "cosine", solver: str = "euler", steps: int | None = None, seeds: _Numbers = ...,
              schedule: str = "polynomial", sigmas: Iterable[float] | None = None, sigma_min: float | None = None,
              sigma_max: float | None = None, rho: float | None = None, variant: str | None = None,
              final: str | None = None, batch: int = 64, label: int | None = None, latents: _Array | None = None,
              classes: _Array | None = None, threads: int | None = None) -> Calibration: ...
def heat_maps(model: _Model, *, reference: str = "pspc-flex", solver: str = "euler", steps: int | None = None,
              seeds: _Numbers = ..., schedule: str = "polynomial", sigmas: Iterable[float] | None = None,
              sigma_min: float | None = None, sigma_max: float | None = None, rho: float | None = None,
              variant: str | None = None, final: str | None = None, batch: int = 64, label: int | None = None,
              latents: _Array | None = None, classes: _Array | None = None, threads: int | None = None) -> HeatMaps: ...
def geometry(model: _Model, *, data: Data | _Text | _Array | None = None, solver: str = "euler", steps: int | None = None,
             seeds: _Numbers = ..., schedule: str = "polynomial", sigmas: Iterable[float] | None = None,
             sigma_min: float | None = None, sigma_max: float | None = None, rho: float | None = None,
             variant: str | None = None, final: str | None = None, batch: int = 64, label: int | None = None,
             latents: _Array | None = None, space: str = "ve", centred: bool = True,
             threads: int | None = None) -> Geometry: ...
def polyline(points: _Array) -> dict[str, Any]: ...
def sweep(model: _Model, data: Data | _Text | _Array, *, components: Iterable[int] | None = None, ranks: Iterable[int] | None = None,
          sigmas: Iterable[float] | str | None = None, probes: int | None = None, seed: int = 0, label: int | None = None,
          batch: int = 64, paper: bool = False, threads: int | None = None) -> Sweep: ...
def dynamics(models: _Model | Sequence[_Model] | None = None, data: Data | _Text | _Array | None = None, *, run: _Text | None = None,
             references: Iterable[_Model] | str | None = None, sigmas: Iterable[float] | str | None = None, probes: int = 256,
             seed: int = 0, images: Sequence[int] = (), label: int | None = None, batch: int = 64,
             threads: int | None = None) -> Dynamics: ...
def field(models: _Model | Sequence[_Model] | None = None, data: Data | _Text | _Array | None = None, *, run: _Text | None = None,
          references: Iterable[_Model] | str | None = None, anchors: Iterable[int] = (0, 1, 2),
          anchors_of: Data | _Text | _Array | None = None, sigmas: Iterable[float] | str | None = None, grid: int = 25,
          label: int | None = None, batch: int = 64, threads: int | None = None) -> Field: ...
def deviation(model: _Model, data: Data | _Text | _Array, *, optimal: _Model = "delta", start: str = "seeds",
              solver: str = "heun", steps: int | None = None, seeds: _Numbers | None = None, schedule: str = "polynomial",
              sigmas: Iterable[float] | None = None, sigma_min: float | None = None, sigma_max: float | None = None,
              rho: float | None = None, variant: str | None = None, final: str | None = None,
              bandwidth: str | float | None = "sigma", k: int | None = None, batch: int = 64, label: int | None = None,
              latents: _Array | None = None, classes: _Array | None = None, threads: int | None = None) -> Deviation: ...
def features(samples: Run | Data | _Text | _Array, features: _Text = "", *, reference: Data | _Text | _Array | None = None,
             batch: int = 64, device: str = "auto", trust: bool = False, threads: int | None = None) -> Features: ...
def merge_features(*files: _Text, threads: int | None = None) -> Features: ...
def similarity(a: Run | Data | _Text | _Array, b: Run | Data | _Text | _Array, features: _Text = "", *, resize: bool = True,
               batch: int = 64, device: str = "auto", trust: bool = False, threads: int | None = None) -> Similarity: ...
def quality(samples: Run | Data | _Text | _Array | Sequence[Run | Data | _Text | _Array], reference: Run | Data | _Text | _Array,
            features: _Text = "", *, held_out: Run | Data | _Text | _Array | None = None, measures: str | Iterable[str] = "all",
            blocks: int = 1, bootstrap: int | None = None, subsets: int = 100, subset_size: int = 1000, directions: int = 1000,
            most: int = 10_000, seed: int = 0, batch: int = 64, device: str = "auto", trust: bool = False,
            threads: int | None = None) -> Quality: ...
def likelihood(model: _Model, data: Data | _Text | _Array, *, against: Data | _Text | _Array | None = None,
               references: Iterable[_Model] | str | None = None, trace: str = "auto", solver: str = "dopri5",
               dequantise: str = "auto", sigma_min: float | None = None, sigma_max: float | None = None, count: int = 64,
               seed: int = 0, label: int | None = None, batch: int = 64, threads: int | None = None) -> Likelihood: ...
def neighbours(samples: Run | _Text | _Array, data: Data | _Text | _Array, *, k: int | None = None,
               features: _Text = "", device: str = "auto", trust: bool = False, threads: int | None = None) -> Neighbours: ...
def modes(data: Data | _Text | _Array, bandwidth: str | float | Iterable[float], *, start: Run | _Text | _Array | None = None,
          max_iterations: int = 10_000, batch: int = 1024, threads: int | None = None) -> Modes: ...
def smoothing(*, points: int = 4, extent: float = 1.0, dimension: int = 2, kappa: float = 0.4, t0: float = 0.02,
              step: float = 0.002, starts: int = 4096, learned_steps: int = 3000, decay_steps: int = 1200, hidden: int = 128,
              draws: int = 0, clip: float = 0.0, seed: int = 0, threads: int | None = None) -> Smoothing: ...
def study(model: _Model, *, solvers: str | Iterable[str] = "all", schedules: str | Iterable[str] = ..., nfe: _Numbers = ...,
          seeds: _Numbers = ..., label: int | None = None, gaussian: Fitted | _Text | None = None,
          teleport: float | str = "auto", teleport_sweep: int | None = None, reference: str | None = None,
          measure: str | Iterable[str] = "", data: Run | Data | _Text | _Array | None = None, features: _Text = "",
          trust: bool = False, batch: int = 64, threads: int | None = None) -> Study: ...
def fit_solver(model: _Model, method: str, *, nfe: _Numbers = 6, solver: str = "", points: int = 2, afs: bool = False,
               iterations: int = 0, rate: float = 0.0, scale_direction: float = -1.0, scale_time: float = -1.0,
               schedule: str = "polynomial", sigma_min: float | None = None, sigma_max: float | None = None,
               rho: float | None = None, final: str | None = None, seeds: _Numbers = ..., held_out: _Numbers = ...,
               label: int | None = None, teacher: str = "heun", teacher_steps: int = 40, ends: _Text = "", batch: int = 16,
               threads: int | None = None) -> SolverFit: ...
def search_schedule(model: _Model, *, nfe: _Numbers = ..., metric: str = "dev", gamma: float = 1.15,
                    gamma_form: str = "computed", teacher: str = "ipndm4", points: int | None = None, grid: str = "polynomial",
                    sigma_min: float | None = None, sigma_max: float | None = None, rho: float | None = None, warmup: int = 256,
                    seeds: _Numbers | None = None, afs: bool = False, per_sample: bool = False, student: str | None = None,
                    batch: int = 64, threads: int | None = None) -> ScheduleSearch: ...
def ablate_schedule(model: _Model, vary: str, *, repeats: int = 5, test_seeds: int = 1024, nfe: _Numbers = ...,
                    metric: str = "dev", gamma: float = 1.15, gamma_form: str = "computed", teacher: str = "ipndm4",
                    points: int | None = None, grid: str = "polynomial", sigma_min: float | None = None,
                    sigma_max: float | None = None, rho: float | None = None, warmup: int = 256, student: str | None = None,
                    measure: str | Iterable[str] = "", data: Run | Data | _Text | _Array | None = None, features: _Text = "",
                    trust: bool = False, batch: int = 64, threads: int | None = None) -> ScheduleAblation: ...
def theory(model: _Model | None = None, *, data: Data | _Text | _Array | None = None, gaussian: Fitted | _Text | None = None,
           eigenvalues: Iterable[float] = (), process: str = "ve", space: str = "ve", components: Iterable[int] = (),
           perturb_at: Iterable[float] = (), perturbed: int = 4, delta: float = 0.05, solver: str = "heun",
           steps: int | None = None, seeds: _Numbers = ..., schedule: str = "polynomial",
           sigmas: Iterable[float] | None = None, sigma_min: float | None = None, sigma_max: float | None = None,
           rho: float | None = None, variant: str | None = None, final: str | None = None, batch: int = 64,
           label: int | None = None, latents: _Array | None = None, classes: _Array | None = None,
           threads: int | None = None) -> Theory: ...
def symmetry(model: _Model | None = None, *, pair: float = 1.0, data: Data | _Text | _Array | None = None,
             gaussian: Fitted | _Text | None = None, sigma_max: float | None = None, sigma_min: float | None = None,
             levels: int = 48, potentials: Iterable[float] = (), label: int | None = None,
             threads: int | None = None) -> Symmetry: ...
def train(config: Mapping[str, Any] | _Text, *, out: _Text, on_tick: Callable[[dict[str, Any]], Any] | None = None,
          settings: Mapping[str, Any] | None = None, init: _Text | None = None, resume: bool = False, replace: bool = False,
          allow_change: str | Iterable[str] = (), snapshot_at: Iterable[int] = (), max_time: float | str | None = None,
          device: str = "auto", precision: str = "auto", threads: int | None = None) -> str: ...
