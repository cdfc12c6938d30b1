"""What was measured, restored."""

import torch

from . import _core
from ._calls import call_text, is_text, text, using_threads
from ._errors import UsageError
from ._models import as_data, named, read_reference
from ._sampling import levels_of


def _truth(data):
    source = as_data(data)
    return source.rows(0, len(source)).to(torch.float64), source


def restore(model, *, data=None, measurement=None, truth=None, operator="identity", sigma_y=0.05, method="diffpir",
            solver="heun", steps=None, schedule="polynomial", sigmas=None, sigma_min=None, sigma_max=None, rho=None,
            variant=None, samples=1, seed=0, batch=64, label=None, gaussian=None, teleport=None, features="", resize=True,
            trust=False, threads=None):
    """Restores images from measurements y = A(x) + sigma_y n, as `farfield restore` does. Returns a Restoration.

    model        an ff.Denoiser, an ff.Fitted, or a MODEL text: the prior
    data         a SRC text, an ff.Data or an array: measured here, and restored; or
    measurement  what was measured, [N, ...]; then truth may name the data, for the PSNR
    operator     NAME[,option=value...]: identity, mask, pool, blur, decimate, bicubic, separable, matrix, phase,
                 script
    sigma_y      standard deviation of the measurement's noise, images in [-1, 1]
    method       NAME[,option=value...]: diffpir, ddnm, ddrm, dps, dps_yt; or a posterior's denoiser that `solver` runs:
                 dps_gauss, pigdm, tweedie
    schedule, sigmas, steps, sigma_min, sigma_max, rho, variant: see levels(); 100 steps unless said otherwise
    samples      of every measurement; sample j of measurement i has seed + i samples + j
    batch        samples at a time; does not change them
    label        the class that the model is asked for
    gaussian     an ff.Fitted or its file: samples are compared with its exact posterior (default: the model, if it is one)
    teleport     start a posterior's denoiser at this level, by the closed form of the Gaussian's posterior
    features     "NET.pt": samples and truths to a perceptual network, as of similarity();  resize: as there
    trust        NET.pt and the operator script run code
    threads      as of sample()

    .x [N, samples, ...], .psnr, .residual, .nfe and .products; .save("out/") writes the folder of the command.
    """
    if (data is None) == (measurement is None):
        raise UsageError("restore: give data, which are measured, or a measurement")
    if data is not None and truth is not None:
        raise UsageError("restore: data are the truth themselves; truth goes with a measurement")
    command = call_text("restore", model=getattr(model, "name", model), data=data, operator=operator, method=method,
                        features=features)
    fitted = gaussian
    model = named(model)
    if steps is None and sigmas is None and ":" not in str(schedule):
        steps = 100
    levels = levels_of(model, schedule, sigmas, steps, sigma_min, sigma_max, rho, variant, None)
    known, what = None, "a measurement"
    if data is not None or truth is not None:
        known, source = _truth(truth if data is None else data)
        what = source.name if data is not None else what
    if measurement is not None:
        measurement = torch.as_tensor(measurement, dtype=torch.float64)
    if fitted is not None and is_text(fitted):
        fitted = read_reference(text(fitted))
    with using_threads(threads):
        return _core.restore(model, operator, known, measurement, sigma_y, what, method, solver, levels, samples, seed,
                             label, batch, teleport, fitted, _core.PerceptualRequest(text(features), resize, trust),
                             command)
