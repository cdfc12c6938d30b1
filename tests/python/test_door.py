"""import farfield: the same numbers as the program's, the same errors, and Python functions as denoisers."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

import farfield as ff

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "assets/glyphs.safetensors"
PROGRAM = os.environ.get("FARFIELD_BINARY", ROOT / "build/farfield")


@pytest.fixture(scope="module")
def glyphs():
    return ff.load(MODEL, precision="fp32")


def ideal(x, sigma):  # data N(0, 1): D = x / (1 + sigma^2)
    return x / (1 + sigma.view(-1, *[1] * (x.dim() - 1)) ** 2)


def test_a_tensor_goes_in_and_a_tensor_comes_out(glyphs):
    x = torch.randn(3, 1, 16, 16)
    d = glyphs(x, 0.5)
    assert d.shape == x.shape and d.dtype == torch.float32
    assert torch.equal(glyphs(x.numpy(), [0.5, 0.5, 0.5]), d)
    assert torch.allclose(glyphs(x.transpose(2, 3).contiguous().transpose(2, 3), 0.5), d, atol=1e-4)
    assert glyphs.sample_shape == (1, 16, 16) and glyphs.label_dim == 10


def stored_nfe(path):
    return json.loads(path.read_text())["result"]["nfe_per_sample"]


@pytest.mark.parametrize("options, arguments", [
    ({}, []), ({"solver": "dpmpp_2m", "steps": 7, "schedule": "logsnr"}, ["--solver", "dpmpp_2m", "--steps", "7", "--schedule", "logsnr"])])
def test_samples_are_those_of_the_program(glyphs, tmp_path, options, arguments):
    torch.set_num_threads(1)  # bits of a network depend on the number of threads
    run = ff.sample(glyphs, seeds=range(3), **options)
    subprocess.run([PROGRAM, "sample", "--model", MODEL, "--seeds", "0-2", "--out", tmp_path / "run", "--quiet",
                    "--precision", "fp32", "--threads", "1", *arguments],
                   check=True, stdout=subprocess.DEVNULL)
    stored = np.load(tmp_path / "run/samples.npz")
    assert np.array_equal(run.x.numpy(), stored["x"])
    assert run.nfe == stored_nfe(tmp_path / "run/run.json")


def test_a_function_is_a_denoiser_under_every_solver():
    model = ff.denoiser(ideal, shape=(2,), sigma_data=1.0, dtype=torch.float64)
    for solver in ff.solver_names():
        run = ff.sample(model, solver=solver, steps=6, seeds=range(4))
        assert run.x.shape == (4, 2) and torch.isfinite(run.x).all()


def test_gradients_flow_through_a_module():
    layer = torch.nn.Linear(2, 2)
    model = ff.denoiser(lambda x, sigma: layer(x), shape=(2,))
    model(torch.randn(5, 2), 1.0).sum().backward()
    assert layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0


def test_the_gaussian_of_an_array_is_its_mean_and_covariance(tmp_path):
    points = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32) * [1, 2, 3]
    fit = ff.fit_gaussian(points)
    assert np.allclose(fit.mean.numpy(), points.mean(0), atol=1e-6)
    assert np.allclose(fit.eigenvalues.numpy(), np.linalg.eigvalsh(np.cov(points.T, bias=True))[::-1], rtol=1e-5)
    fit.save(str(tmp_path / "g.safetensors"))
    x = torch.randn(4, 3)
    assert torch.equal(ff.read_reference(tmp_path / "g.safetensors").denoiser(x, 2.0), fit.denoiser(x, 2.0))
    run = ff.sample(fit.denoiser, seeds=range(8), teleport=1.0, gaussian=fit, steps=4)
    assert run.sigmas[0] == 1.0


def test_errors_are_those_of_the_program(glyphs, tmp_path):
    with pytest.raises(ff.UsageError, match="did you mean 'heun'"):
        ff.sample(glyphs, solver="huen")
    with pytest.raises(ff.IoError):
        ff.load(tmp_path / "missing.safetensors")
    with pytest.raises(ff.UsageError, match="x is Float"):
        glyphs(torch.zeros(2, 3), 1.0)
    with pytest.raises(ff.UsageError, match="in \\(0, inf\\)"):
        glyphs(torch.zeros(2, 1, 16, 16), 0.0)
    with pytest.raises(ff.UsageError, match="does not take"):
        ff.denoiser(lambda x: x, shape=(2,))
    assert issubclass(ff.UsageError, ValueError) and ff.UsageError.exit_code == 2


def failing(x, sigma):
    raise RuntimeError("my own words")


@pytest.mark.parametrize("function, words", [
    (failing, "RuntimeError: my own words"), (lambda x, sigma: x[:, :1], "x's shape"), (lambda x, sigma: None, "NoneType"),
    (lambda x, sigma: x.to_sparse(), "dense"), (lambda x, sigma: x * (1 + 0j), "floating")])
def test_a_bad_function_is_named(function, words):
    model = ff.denoiser(function, shape=(2,))
    with pytest.raises(ff.UsageError, match=words) as caught:
        model(torch.zeros(3, 2), 1.0)
    if function is failing:
        assert isinstance(caught.value.__cause__, RuntimeError)


def test_nan_is_a_numeric_error():
    model = ff.denoiser(lambda x, sigma: x * float("nan"), shape=(2,))
    with pytest.raises(ff.NumericError):
        ff.sample(model, seeds=[0], steps=2)


def test_inference_mode_and_threads(glyphs):
    x = torch.randn(2, 1, 16, 16)
    expected = glyphs(x, 1.0)
    with torch.inference_mode():
        assert torch.equal(glyphs(x.clone(), 1.0), expected)
    results = [None] * 4

    def work(i):
        results[i] = glyphs(x, 1.0)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(torch.equal(result, expected) for result in results)


def test_ctrl_c_ends_a_run():
    code = ("import farfield as ff, torch, time\n"
            "m = ff.denoiser(lambda x, s: (time.sleep(0.02), x * 0)[1], shape=(2,))\n"
            "print('ready', flush=True)\n"
            "ff.sample(m, solver='euler', steps=1000, seeds=[0])\n")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
