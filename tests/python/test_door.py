"""import farfield: the same numbers as the program's, the same errors, and Python functions as denoisers."""
import json
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import farfield as ff
from conftest import MODEL, ideal


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
def test_samples_are_those_of_the_program(glyphs, program, tmp_path, options, arguments):
    run = ff.sample(glyphs, seeds=range(3), threads=1, **options)
    program("sample", "--model", MODEL, "--seeds", "0-2", "--out", tmp_path / "run", "--precision", "fp32",
            *arguments)
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


def test_vector_jacobian_products_are_those_of_autograd(glyphs):
    layer = torch.nn.Linear(3, 3)
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    models = [ff.denoiser(lambda x, sigma: layer(x).tanh(), shape=(3,)), ff.fit_gaussian(points).denoiser]
    x, v = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3)
    for model in models:
        d, product = model.vector_jacobian(x.detach(), 0.7, v)
        expected, = torch.autograd.grad(model(x, 0.7), x, v)
        assert torch.allclose(product, expected, atol=1e-6) and torch.allclose(d, model(x.detach(), 0.7), atol=1e-6)
    state = torch.randn(2, 1, 16, 16)
    assert glyphs.vector_jacobian(state, [0.5, 2.0], state, torch.eye(10)[:2])[1].abs().sum() > 0
    with pytest.raises(ff.UsageError, match="v is"):
        models[0].vector_jacobian(x, 0.7, torch.randn(3, 3))


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


def same_page(a, b):
    """Two reports but for how and when they were made."""
    def lines(path):
        text = (path / "report.html").read_text()
        return [line for line in text.splitlines() if not line.startswith("<pre><code>") and "<dt>time</dt>" not in line]
    return lines(a) == lines(b)


def test_a_comparison_is_that_of_the_program(glyphs, program, tmp_path):
    options = ["--model", MODEL, "--data", "glyphs", "--references", "gaussian,delta", "--probes", "32", "--seeds", "0-3",
               "--sigmas", "0.1,1,10", "--precision", "fp32"]
    program("compare", *options, "--out", tmp_path / "program")
    c = ff.compare(glyphs, data="glyphs", references=["gaussian", "delta"], probes=32, seeds=range(4), sigmas=[10, 0.1, 1],
                   threads=1)
    page = c.save(tmp_path / "python")
    assert page == tmp_path / "python/report.html"
    for name in ("comparison.csv", "trajectory.csv", "comparison.npz", "samples-model.png"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert same_page(tmp_path / "python", tmp_path / "program")
    assert c.table["explained"].dtype == np.float64 and len(c.table["sigma"]) == 2 * 2 * 3
    assert set(c.table["reference"]) == {"gaussian", "delta"} and set(c.table["probe"]) == {"data", "noise"}
    assert len(c.ranking["rank"]) == 2 * (1 + 3) and set(c.ranking["rank"]) == {1, 2}
    assert set(c.agreement_table["measure"]) == {"pearson", "pearson2", "r2", "r2_n", "mse", "cosine"}
    assert len(c.ends["mse_mean"]) == 3  # the closed form, too
    record = json.loads((tmp_path / "python/run.json").read_text())
    assert record["kind"] == "compare" and record["headline"] == c.headline
    assert record["config"] == json.loads((tmp_path / "program/run.json").read_text())["config"]
    with pytest.raises(ff.UsageError, match="--force"):
        c.save(tmp_path / "python")
    c.save(tmp_path / "python", force=True)


def test_a_function_is_compared_with_an_array_and_with_models():
    points = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    fit = ff.fit_gaussian(points)
    mine = ff.denoiser(ideal, shape=(2,), name="mine")
    c = ff.compare(mine, data=points, references=["delta", fit, mine], probes=16, seeds=[0, 5], sigmas="0.5:5:2")
    assert c.references == ["delta", "gaussian", "mine"] and c.sigmas == [0.5, 5.0]
    assert (c.table["explained"][c.table["reference"] == "mine"] == 1).all()
    with pytest.raises(ff.UsageError, match="named twice"):
        ff.compare(mine, data=points, references=[fit, "gaussian"], probes=16)
    with pytest.raises(ff.UsageError, match="data"):
        ff.compare(mine, references=["delta"], probes=16)


def test_trajectories_of_a_comparison_take_a_solver_a_schedule_and_the_vp_view(program, tmp_path):
    program("compare", "--model", "gaussian:moons", "--data", "moons", "--references", "delta", "--probes", "16", "--seeds", "0-3",
            "--sigmas", "1", "--solver", "euler", "--schedule", "vp", "--steps", "5", "--space", "vp", "--out", tmp_path / "program")
    c = ff.compare("gaussian:moons", data="moons", references=["delta"], probes=16, seeds=range(4), sigmas=[1], solver="euler",
                   schedule="vp", steps=5, space="vp", threads=1)
    c.save(tmp_path / "python")
    for name in ("trajectory.csv", "trajectory.npz"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    with pytest.raises(ff.UsageError, match="space"):
        ff.compare("gaussian:moons", data="moons", references=["delta"], probes=16, space="x")


def test_smoothing_is_that_of_the_program(program, tmp_path):
    program("smoothing", "--starts", "64", "--step", "0.01", "--learned-steps", "20", "--decay-steps", "3",
            "--draws", "8", "--clip", "40", "--out", tmp_path / "program")
    s = ff.smoothing(starts=64, step=0.01, learned_steps=20, decay_steps=3, draws=8, clip=40)
    s.save(tmp_path / "here")
    for name in ("processes.csv", "smoothing.npz", "summary.json"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "program" / name).read_bytes()
    assert s.snapshots["smoothed"].shape == (3, 64, 2) and len(s.table["process"]) == 7
    with pytest.raises(ff.UsageError, match="kappa"):
        ff.smoothing(kappa=-1.0)


def test_a_theory_is_that_of_the_program(program, tmp_path):
    program("theory", "--model", "mixture:moons,components=3", "--data", "moons", "--seeds", "0-4", "--steps", "6",
            "--perturbed", "2", "--perturb-at", "10,1", "--out", tmp_path / "program")
    t = ff.theory("mixture:moons,components=3", data="moons", seeds=range(5), steps=6, perturbed=2, perturb_at=[10, 1], threads=1)
    t.save(tmp_path / "python")
    for name in ("theory.csv", "emergence.csv", "rotation.csv", "conserved.csv", "prediction.csv", "perturbation.csv",
                 "noise_map.csv", "theory.npz", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert same_page(tmp_path / "python", tmp_path / "program")
    assert json.loads(t.summary_json)["perturbations"]["trajectories"] == 2 and "rotation misses" in t.headline
    assert set(t.rotation["path"]) == {"model", "gaussian"} and t.arrays["model_share"].shape == (5, 7)
    assert len(t.perturbations["sigma"]) == 4 and t.emergence["component"].tolist() == [1, 2]
    # Without a model, without data; an array's Gaussian, a fitted one.
    alone = ff.theory(eigenvalues=[4, 1], process="ddpm")
    assert set(alone.curves["eigenvalue"]) == {4, 1} and len(alone.rotation["sigma"]) == 0
    points = np.random.default_rng(0).normal(size=(50, 3))
    assert ff.theory(gaussian=ff.fit_gaussian(points), seeds=2, steps=3).arrays["gaussian_share"].shape == (1, 4)
    with pytest.raises(ff.UsageError, match="exclude each other"):
        ff.theory(data="moons", gaussian=ff.fit_gaussian("moons"))


def test_a_symmetry_is_that_of_the_program(program, tmp_path):
    program("symmetry", "--levels", "12", "--out", tmp_path / "program")
    s = ff.symmetry(levels=12, threads=1)
    s.save(tmp_path / "python")
    for name in ("fixed_points.csv", "potentials.csv", "symmetry.npz", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert same_page(tmp_path / "python", tmp_path / "program")
    assert abs(s.critical_sigma - 2 ** 0.25) < 1e-7 and "1.1892" in s.headline
    assert s.arrays["centre"].shape == (12, 1) and set(s.fixed_points["branch"]) == {"centre", "plus", "minus"}
    assert ff.symmetry("isotropic:moons", data="moons", levels=3).critical_sigma is None
def test_an_encoding_is_that_of_the_program(program, tmp_path):
    program("fit", "gaussian", "--data", "moons", "--out", tmp_path / "g.safetensors")
    program("encode", "--model", "mixture:moons,components=3", "--data", "moons,first=6", "--steps", "8", "--against", "delta:moons",
            "--gaussian", tmp_path / "g.safetensors", "--out", tmp_path / "program")
    e = ff.encode("mixture:moons,components=3", data="moons,first=6", steps=8, against="delta:moons",
                  gaussian=tmp_path / "g.safetensors", threads=1)
    e.save(tmp_path / "python")
    for name in ("encodings.csv", "latents.npz"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    back = ff.sample("mixture:moons,components=3", latents=e.latents, steps=8, seeds=range(6), final="sigma_min")
    assert torch.equal(back.x, e.round_trip) and e.rms_error < 0.1
    assert set(e.others) == {"against", "gaussian"} and e.others["gaussian"]["rms"].shape == (6,)
    assert (ff.encode("gaussian:moons", data="moons,first=3", against="gaussian:moons").others["against"]["rms"] == 0).all()


def test_interpolated_latents_are_those_of_the_program(program, tmp_path):
    program("interpolate", "--model", "gaussian:moons", "--seeds", "3,5", "--steps", "4", "--frames", "5", "--weight", "sine",
            "--out", tmp_path / "program")
    stored = np.load(tmp_path / "program/interpolation.npz")
    latents = ff.interpolate(stored["corners"], weight="sine", frames=5)
    assert np.array_equal(latents.numpy(), stored["latents"])
    run = ff.sample("gaussian:moons", latents=latents, steps=4, seeds=[3] * 5)
    assert np.array_equal(run.x.numpy(), stored["x"])
    theory = ff.interpolation_theory()
    half = {mode: theory["expected_square"][(theory["mode"] == mode) & (theory["dim"] == 16) & (theory["alpha"] == 0.5)][0]
            for mode in ("linear", "spherical", "indist")}
    assert half["linear"] == 0.5 and half["indist"] == 1 and 1 < half["spherical"] < 1.02
    with pytest.raises(ff.UsageError, match="no --weight"):
        ff.interpolate(stored["corners"], mode="linear", weight="sine")


def test_calibrations_are_those_of_the_program(program, tmp_path):
    data, model = "glyphs,size=8,count=20", "els-border:glyphs,size=8,count=20,k=5"
    program("calibrate", "--model", model, "--data", data, "--seeds", "0-2", "--out", tmp_path / "program")
    c = ff.calibrate(model, data, seeds=range(3), threads=1)
    page = c.save(tmp_path / "python")
    for name in ("table.yaml", "calibration.csv", "calibration.npz", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert page.exists() and c.median == [5] * 20 == c.mode and c.cosine[:, :, 1].eq(1).all()
    assert c.table["size"].tolist() == c.median and len(c.sigmas) == 20
    with pytest.raises(ff.UsageError, match="no patch size"):
        ff.calibrate(model, data, reference="delta")


def test_heat_maps_are_those_of_the_program(program, tmp_path):
    program("calibrate", "--model", "gaussian:glyphs,size=8,count=20", "--reference", "pspc-flex", "--seeds", "0-1", "--steps", "4",
            "--out", tmp_path / "program")
    h = ff.heat_maps("gaussian:glyphs,size=8,count=20", seeds=range(2), steps=4, threads=1)
    h.save(tmp_path / "python")
    for name in ("heat.npz", "heat.csv", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert h.heat.shape == (len(h.sigmas), 8, 8, 8, 8) and h.mask_sizes.shape == (len(h.sigmas), 8, 8)
    flex = ff.load(f"pspc-flex:glyphs,size=8,count=20,heat={tmp_path / 'python' / 'heat.npz'}")
    assert flex(torch.zeros(1, 1, 8, 8), h.sigmas[-1]).isfinite().all()


def test_jumps_are_those_of_the_program(program, tmp_path):
    program("jump", "--model", "delta:moons", "--data", "moons", "--seeds", "0-4", "--steps", "6", "--out", tmp_path / "program")
    j = ff.jump("delta:moons", data="moons", seeds=range(5), steps=6, threads=1)
    page = j.save(tmp_path / "python")
    for name in ("jump.csv", "jump.npz", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert same_page(tmp_path / "python", tmp_path / "program") and page.exists()
    run = ff.sample("delta:moons", seeds=range(5), steps=6, trajectory=True)
    assert run.denoised.shape == (6, 5, 2) and j.nfe[-1] == run.nfe
    assert torch.allclose(j.distance_d[:, 2], (run.denoised[2] - run.x).norm(dim=1))
    assert np.isnan(j.table["distance_d_mean"][-1]) and j.table["sigma"].tolist() == j.sigmas
    assert j.slope_table is None
    slopes = ff.jump("gaussian:moons", seeds=[1, 2], steps=6, slopes=True).slope_table
    euler = slopes["error_mean"][(slopes["solver"] == "euler") & (slopes["step"] < 5)]
    assert np.allclose(euler, 1)  # its slope is 0
    with pytest.raises(ff.UsageError, match="its own steps"):
        ff.jump("delta:moons", solver="dopri5")


def test_what_was_learned_is_what_the_program_says(program, tmp_path):
    of = ("--data", "moons,count=60", "--sigmas", "0.2,1")
    program("sweep", "--model", "gaussian:moons,count=60", *of, "--components", "1,3", "--ranks", "1", "--probes", "20", "--out", tmp_path / "sweep")
    w = ff.sweep("gaussian:moons,count=60", "moons,count=60", components=[3, 1], ranks=[1], sigmas=[1, 0.2], probes=20, threads=1)
    w.save(tmp_path / "swept")
    program("dynamics", "--models", "mean:moons,count=60,gaussian:moons,count=60", *of, "--references", "gaussian,delta",
            "--probes", "20", "--out", tmp_path / "dynamics")
    d = ff.dynamics(["mean:moons,count=60", "gaussian:moons,count=60"], "moons,count=60", references=["gaussian", "delta"], sigmas=[0.2, 1],
                    probes=20, threads=1)
    d.save(tmp_path / "followed")
    program("field", "--model", "gaussian:moons,count=60", *of, "--references", "delta", "--anchors", "1,5", "--grid", "5", "--out", tmp_path / "field")
    f = ff.field("gaussian:moons,count=60", "moons,count=60", references=["delta"], anchors=[1, 5], sigmas=[0.2, 1], grid=5, threads=1)
    f.save(tmp_path / "mapped")
    for python, there, names in (("swept", "sweep", ("sweep.csv", "gain.csv", "minimal_rank.csv", "sweep.npz")),
                                 ("followed", "dynamics", ("dynamics.csv", "nearest.csv", "dynamics.npz")),
                                 ("mapped", "field", ("field.csv", "field.npz"))):
        for name in names:
            assert (tmp_path / python / name).read_bytes() == (tmp_path / there / name).read_bytes(), name
        assert same_page(tmp_path / python, tmp_path / there), there
    assert w.table["residual"].shape == (2 * 2 * 2 + 2,) and (w.table["residual"][w.table["full"] == 1][:2] < 1e-12).all()
    assert d.images == [1, 2] and d.nearest["falls_always"].tolist()[:2] == [1, 1]
    assert f.field.shape == (2, 2, 5, 5, 5) and f.rows[1] == "delta" and f.anchors.shape == (2, 2)
    step = ff.load("gaussian:moons,count=60")
    own = ff.dynamics([ff.load("mean:moons,count=60"), step], "moons,count=60", references=[step], sigmas="1:2:2", probes=8, images=[10, 20])
    assert own.images == [10, 20] and own.table["residual"][-1] == 0
    with pytest.raises(ff.UsageError, match="models or run"):
        ff.dynamics(data="moons")
    with pytest.raises(ff.UsageError, match="sample 99"):
        ff.field(step, "moons,count=60", anchors=[99])


def test_likelihoods_are_those_of_the_program(program, tmp_path):
    program("likelihood", "--model", "gaussian:moons,count=60", "--data", "moons,count=60", "--against", "moons,count=60,seed=1", "--count", "5",
            "--trace", "hutchinson,probes=3", "--out", tmp_path / "program")
    one = ff.likelihood("gaussian:moons,count=60", "moons,count=60", against="moons,count=60,seed=1", count=5, trace="hutchinson,probes=3",
                        threads=1)
    page = one.save(tmp_path / "python")
    for name in ("likelihood.csv", "summary.csv", "trace.csv", "histogram.csv", "likelihood.npz"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert same_page(tmp_path / "python", tmp_path / "program") and page.exists()
    assert one.bits["data"].shape == (5,) and one.bits["against"].shape == (5,) and one.integral.shape == (10, 1)
    exact = ff.likelihood("gaussian:moons,count=60", "moons,count=60", count=5, solver="dopri5,rtol=1e-9,atol=1e-9", references=())
    assert exact.summary["measure"].tolist() == ["gaussian prior", "moments prior", "model prior", "closed form"]
    assert np.allclose(exact.table["bits closed form"], exact.table["bits model prior"], atol=1e-6)
    with pytest.raises(ff.UsageError, match="sigma-min: 0"):
        ff.likelihood("gaussian:moons", "moons", sigma_min=0)


def test_deviations_are_those_of_the_program(program, tmp_path):
    program("deviation", "--model", "gaussian:moons", "--data", "moons", "--seeds", "0-4", "--steps", "6", "--out", tmp_path / "program")
    d = ff.deviation("gaussian:moons", "moons", seeds=range(5), steps=6, threads=1)
    page = d.save(tmp_path / "python")
    for name in ("deviation.csv", "deviation.npz", "neighbours.csv", "nearest.csv", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert same_page(tmp_path / "python", tmp_path / "program") and page.exists()
    assert d.measures["d1"].shape == (5, 7) and torch.isnan(d.measures["d1"][:, -1]).all()
    assert d.neighbours["distance_star"][:, 0].max() < 1e-12  # points nearby keep a tiny weight at the last level
    assert len(d.table["sigma"]) == 7
    own = ff.deviation("delta:moons", "moons", seeds=range(3), steps=4, start="data", bandwidth=0.5, optimal=ff.load("delta:moons"))
    assert own.measures["d1"].nan_to_num().max() == 0
    with pytest.raises(ff.UsageError, match="expected 'seeds' or 'data'"):
        ff.deviation("delta:moons", "moons", start="noise")
    with pytest.raises(ff.UsageError, match="k is 4000, expected 1 to 2048"):
        ff.deviation("delta:moons", "moons", k=4000)


def test_neighbours_and_modes_are_those_of_the_program(program, tmp_path):
    program("sample", "--model", "delta:moons", "--seeds", "0-4", "--steps", "6", "--out", tmp_path / "s")
    program("neighbours", "--samples", tmp_path / "s", "--data", "moons", "--k", "3", "--out", tmp_path / "program")
    n = ff.neighbours(str(tmp_path / "s"), "moons", k=3, threads=1)
    n.save(tmp_path / "python")
    for name in ("neighbours.csv", "neighbours.npz", "nearest.csv"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    run = ff.sample("delta:moons", seeds=range(5), steps=6)
    assert torch.equal(ff.neighbours(run, "moons", k=3).index, n.index) and n.distance[:, 0].max() < 1e-12
    points = ff.Data("moons").rows(0, 4)
    assert ff.neighbours(points, "moons", k=1).index[:, 0].tolist() == [0, 1, 2, 3]
    with pytest.raises(ff.UsageError, match="expected floating point"):
        ff.neighbours(torch.zeros(2, 2, dtype=torch.uint8), "moons")
    program("modes", "--data", "moons,count=40", "--bandwidth", "0.1,5", "--out", tmp_path / "m")
    m = ff.modes("moons,count=40", [0.1, 5], threads=1)
    m.save(tmp_path / "p")
    for name in ("modes.csv", "basins.csv", "modes.npz"):
        assert (tmp_path / "p" / name).read_bytes() == (tmp_path / "m" / name).read_bytes(), name
    assert m.basin.shape == (2, 40) and m.modes[1].shape == (1, 2) and ff.modes("moons,count=40", 5).basin.max() == 0
    assert ff.modes("moons,count=40", "0.1:5:3", start=run).basin.shape == (3, 5)


def test_features_are_those_of_the_program(program, tmp_path):
    program("sample", "--model", "gaussian:glyphs,size=8,count=64", "--seeds", "0-19", "--steps", "4", "--out", tmp_path / "s")
    program("features", "--samples", tmp_path / "s", "--features", "pixels-8x8", "--out", tmp_path / "program")
    e = ff.features(str(tmp_path / "s"), "pixels-8x8", threads=1)
    e.save(tmp_path / "python")
    for name in ("features.npz", "moments.npz", "spectrum.csv"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    run = ff.sample("gaussian:glyphs,size=8,count=64", seeds=range(20), steps=4)
    assert torch.equal(ff.features(run, "pixels-8x8", threads=1).features, e.features)
    assert torch.allclose(e.mean, e.features.double().mean(0)) and torch.allclose(e.covariance, torch.cov(e.features.double().T))
    data = ff.Data("glyphs,size=8,count=64")
    assert ff.features(data, "pca:3").features.shape == (64, 3) and ff.features(run, "pca:3", reference=data).count == 20
    both = ff.merge_features(tmp_path / "python", tmp_path / "program" / "moments.npz")
    assert both.count == 40 and both.features is None and torch.allclose(both.mean, e.mean)
    with np.load(tmp_path / "python" / "moments.npz") as stored:  # as EDM reads it
        assert stored["mu"].shape == (64,) and stored["sigma"].dtype == np.float64 and int(stored["n"]) == 20
        assert json.loads(bytes(stored["contract"]))["preset"] == "pixels-8x8"
    with pytest.raises(ff.UsageError, match="holds samples"):
        ff.features(run)


def test_similarity_is_that_of_the_program(program, tmp_path):
    class Maps(torch.nn.Module):
        def forward(self, x):
            return [x, torch.nn.functional.avg_pool2d(x, 2)]

    torch.jit.script(Maps()).save(str(tmp_path / "m.pt"))
    (tmp_path / "m.yaml").write_text("{channels: 3}")
    for name, model in (("a", "gaussian"), ("b", "isotropic")):
        program("sample", "--model", f"{model}:glyphs,size=8,count=64", "--seeds", "0-5", "--steps", "4", "--out", tmp_path / name)
    program("similarity", tmp_path / "a", tmp_path / "b", "--features", tmp_path / "m.pt", "--trust", "--out", tmp_path / "program")
    s = ff.similarity(tmp_path / "a", tmp_path / "b", tmp_path / "m.pt", trust=True, threads=1)
    s.save(tmp_path / "python")
    for name in ("similarity.csv", "similarity.npz"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert s.maps.shape == (6, 2) and torch.allclose(s.distance, s.maps.sum(1)) and list(s.table["seed"]) == list(range(6))
    run = ff.sample("gaussian:glyphs,size=8,count=64", seeds=range(6), steps=4)
    plain = ff.similarity(run, tmp_path / "b")
    assert plain.maps is None and torch.equal(plain.mse, s.mse) and ff.similarity(run, run).mse.abs().max() == 0
    with pytest.raises(ff.UsageError, match="paired one by one"):
        ff.similarity(run, "glyphs,size=8,count=64")


def test_quality_is_that_of_the_program(program, tmp_path):
    for name, seeds in (("a", "0-19"), ("b", "20-39")):
        program("sample", "--model", "gaussian:glyphs,size=8,count=64", "--seeds", seeds, "--steps", "4", "--out", tmp_path / name)
    few = ["--bootstrap", "4", "--subsets", "3", "--directions", "5"]
    program("quality", "--samples", tmp_path / "a", tmp_path / "b", "--reference", "glyphs,size=8,count=64", "--held-out",
            "glyphs,size=8,count=30,seed=1", "--features", "pixels-8x8", *few, "--out", tmp_path / "program")
    q = ff.quality([tmp_path / "a", tmp_path / "b"], "glyphs,size=8,count=64", "pixels-8x8", held_out="glyphs,size=8,count=30,seed=1",
                   bootstrap=4, subsets=3, directions=5, threads=1)
    q.save(tmp_path / "python")
    for name in ("quality.csv", "samples.csv", "quality.npz", "fd_infinity.csv", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert q.measures["fd"] > 0 and list(q.samples["seed"]) == list(range(40)) and "pixels-8x8" in q.headline
    data = torch.randn(30, 3, dtype=torch.float64)
    same = ff.quality(data, data, measures=["fd", "memorisation"], bootstrap=0)
    assert same.measures["memorised"] == 1 and same.measures["authentic"] == 0 and same.measures["fd"] < 1e-10
    with pytest.raises(ff.UsageError, match="not known"):
        ff.quality(data, data, measures="fid")
    with pytest.raises(ff.UsageError, match="subset_size"):
        ff.quality(data, data, subset_size=1)


def test_networks_see_what_their_yaml_says(tmp_path):
    class Flat(torch.nn.Module):
        def forward(self, x):
            return x.flatten(1).float()

    torch.jit.script(Flat()).save(str(tmp_path / "n.pt"))
    images = torch.linspace(-1, 1, 3 * 20 * 13).view(1, 3, 20, 13)
    bytes_ = (127.5 * images + 128).clamp(0, 255).to(torch.uint8)
    (tmp_path / "n.yaml").write_text("{dtype: uint8, resize: bicubic, size: 9}")
    with pytest.raises(ff.TrustError):
        ff.features(torch.cat([images, images]), tmp_path / "n.pt")
    seen = ff.features(torch.cat([images, images]), tmp_path / "n.pt", trust=True).features[0].view(3, 9, 9)
    image = pytest.importorskip("PIL.Image", reason="no Pillow to compare with")
    pillow = image.fromarray(bytes_[0].permute(1, 2, 0).numpy()).resize((9, 9), image.BICUBIC)
    assert np.array_equal(np.asarray(pillow), seen.permute(1, 2, 0).numpy())
    (tmp_path / "n.yaml").write_text("{range: [0, 255], resize: bicubic, size: 31}")
    seen = ff.features(torch.cat([images, images]), tmp_path / "n.pt", trust=True).features[0].view(3, 31, 31)
    for channel in range(3):
        pillow = image.fromarray(bytes_[0, channel].float().numpy()).resize((31, 31), image.BICUBIC)
        assert np.array_equal(np.clip(np.asarray(pillow), 0, 255), seen[channel].numpy())


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


def test_geometry_is_that_of_the_program(program, tmp_path):
    program("geometry", "--model", "delta:glyphs,size=8,count=40", "--data", "glyphs,size=8,count=40", "--seeds", "0-3", "--steps", "9",
            "--out", tmp_path / "program")
    g = ff.geometry("delta:glyphs,size=8,count=40", data="glyphs,size=8,count=40", seeds=range(4), steps=9, threads=1)
    assert g.save(tmp_path / "python") == tmp_path / "python/report.html"
    for name in ("geometry.csv", "geometry.npz", "geometry-exact.csv", "view.csv", "summary.json"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert same_page(tmp_path / "python", tmp_path / "program")
    assert g.summary["deviation_ratio"] == json.loads((tmp_path / "program/summary.json").read_text())["deviation_ratio"]
    assert g.arrays["deviation"].shape == (10, 4) and len(g.table["deviation_mean"]) == 10 and len(g.sigmas) == 10
    assert np.array_equal(g.exact_table["norm_x_mean"], g.table["norm_x_mean"])
    mine = ff.geometry(ff.denoiser(ideal, shape=(2,), dtype=torch.float64), seeds=[5, 6], sigmas=[10, 1, 0.1], space="vp", centred=False)
    assert mine.gaussian_table is None and mine.sigmas == [10, 1, 0.1]
    mine.save(tmp_path / "mine")
    with pytest.raises(ff.UsageError, match="at least 2"):
        ff.geometry("delta:moons", sigmas=[1])


def test_points_alone_have_a_shape():
    angle = np.linspace(0, 1, 50)
    line = ff.polyline(np.stack([3 * np.cos(angle), 3 * np.sin(angle)], 1))
    assert np.allclose(line["menger_curvature"], 1 / 3) and np.isclose(line["chord_length"], 6 * np.sin(0.5))
    with pytest.raises(ff.UsageError, match="closed curve"):
        ff.polyline([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])


def test_a_study_is_that_of_the_program(program, tmp_path):
    program("study", "--model", "gaussian:moons", "--solvers", "heun", "--solvers", "ipndm4", "--nfe", "6,8", "--seeds", "0-3",
            "--out", tmp_path / "program")
    study = ff.study(ff.load("gaussian:moons"), solvers=["heun", "ipndm4"], nfe=[6, 8], seeds=range(4), threads=1)
    study.save(tmp_path / "python")
    for name in ("study.csv", "study.json", "study.npz"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    best = json.loads((tmp_path / "program/study.json").read_text())["budgets"][0]
    assert study.best[6]["solver"] in json.dumps(best) and study.best[6]["nfe"] <= 6
    assert set(study.table["solver"]) == {"heun", "ipndm4"} and study.table["rms"].dtype == np.float64


def test_a_study_measures_as_the_program_and_as_quality(program, tmp_path):
    data = "rings,count=40"
    program("study", "--model", f"delta:{data}", "--solvers", "euler", "--solvers", "heun", "--nfe", "3,5,7", "--seeds", "0-9",
            "--schedules", "polynomial", "--measure", "fd,precision", "--data", data, "--features", "pixels", "--out",
            tmp_path / "program")
    study = ff.study(ff.load(f"delta:{data}"), solvers=["euler", "heun"], nfe=[3, 5, 7], seeds=range(10), schedules="polynomial",
                     measure=["fd", "precision"], data=data, features="pixels", threads=1)
    study.save(tmp_path / "python")
    for name in ("study.csv", "study.json", "agreement.csv", "by_fd.csv", "table.csv", "table.md"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    ends = ff.sample(ff.load(f"delta:{data}"), solver="euler", steps=5, seeds=range(10))
    row = [(s, n) for s, n in zip(study.table["solver"], study.table["nfe"])].index(("euler", 5))
    quality = ff.quality(ends, data, "pixels", measures=["fd", "pr"], bootstrap=0)
    assert study.table["fd"][row] == quality.measures["fd"]
    assert study.table["precision"][row] == quality.measures["precision"]
    assert study.agreement["nfe"][0] == "all" and study.best[5]["fd"] >= 0
    for wrong, words in ((dict(measure="fid", data=data), "fid"), (dict(measure="fd"), "--data"), (dict(data=data), "--measure"),
                         (dict(measure="coverage", data=data, seeds=range(3)), "6 samples")):
        with pytest.raises(ff.UsageError, match=words):
            ff.study(ff.load(f"delta:{data}"), **{"seeds": range(10), "solvers": "euler", "nfe": [3], **wrong})


def test_a_fitted_solver_is_that_of_the_program(program, tmp_path):
    asked = ["--model", "gaussian:moons", "--method", "s4s", "--nfe", "5", "--seeds", "0-7", "--held-out", "8-11", "--iterations", "10",
             "--teacher-steps", "20"]
    program("solver", "fit", *asked, "--out", tmp_path / "program")
    fitted = ff.fit_solver(ff.load("gaussian:moons"), "s4s", nfe=5, seeds=range(8), held_out=range(8, 12), iterations=10,
                           teacher_steps=20, threads=1)
    fitted.save(tmp_path / "python")
    for name in ("table-5.json", "updates.csv", "rivals.csv", "teacher.npz", "teacher.json", "fit.npz"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name
    assert fitted.table["rms"][0] <= fitted.table["start_rms"][0] and "5 evaluations" in fitted.headline
    fitted.save_table(5, tmp_path / "five.json")
    run = ff.sample("gaussian:moons", solver=f"table:{tmp_path / 'five.json'}", seeds=range(4), threads=1)
    assert run.nfe == 5 and len(run.sigmas) == 6
    with pytest.raises(ff.UsageError, match="no table of so many evaluations"):
        fitted.save_table(6, tmp_path / "six.json")


def test_a_study_of_a_function_with_teleports():
    points = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    mine = ff.denoiser(ideal, shape=(2,), sigma_data=1.0, dtype=torch.float64, sigma_min=0.002, sigma_max=80)
    study = ff.study(mine, solvers="heun", schedules="polynomial", nfe=[5], seeds=[0, 1], gaussian=ff.fit_gaussian(points),
                     teleport=10.0)
    assert set(study.table["start"]) == {"noise", "teleported"}
    swept = ff.study(mine, solvers="heun", schedules="polynomial", nfe=[5], seeds=[0, 1], gaussian=ff.fit_gaussian(points),
                     teleport=10.0, teleport_sweep=6)
    assert list(swept.skipped["nfe"]) == [11, 9, 7, 5, 3, 1] and len(study.skipped["nfe"]) == 0


def test_a_schedule_search_is_that_of_the_program(program, tmp_path):
    program("schedule", "search", "--model", "gaussian:moons", "--nfe", "3-5", "--warmup", "8", "--points", "21",
            "--out", tmp_path / "program.json")
    model = ff.load("gaussian:moons")
    search = ff.search_schedule(model, nfe=range(3, 6), warmup=8, points=21, threads=1)
    search.save(tmp_path / "python.json")
    assert (tmp_path / "python.json").read_bytes() == (tmp_path / "program.json").read_bytes()
    assert list(search.schedules) == [3, 4, 5] and len(search.schedules[4]) == 5
    run = ff.sample(model, schedule=f"gits:{tmp_path / 'python.json'}", steps=4, seeds=[0])
    assert torch.equal(run.x, ff.sample(model, sigmas=search.schedules[4], seeds=[0]).x)
    with pytest.raises(ff.UsageError, match="--force"):
        search.save(tmp_path / "python.json")
    assert search.save_report(tmp_path / "report").exists()
    printed = ff.search_schedule(model, nfe=[3], warmup=8, points=21, gamma=3, gamma_form="printed", per_sample=True)
    assert printed.per_sample[3].shape == (8, 4) and search.per_sample == {}
    assert torch.equal(torch.tensor(printed.levels)[printed.per_sample[3][0, 0]], torch.tensor(printed.levels[0]))


def test_an_ablation_is_that_of_the_program(program, tmp_path):
    program("schedule", "ablate", "--model", "gaussian:moons", "--vary", "warmup=4,8", "--repeats", "2", "--test-seeds", "10",
            "--nfe", "3-4", "--points", "21", "--out", tmp_path / "program")
    one = ff.ablate_schedule(ff.load("gaussian:moons"), "warmup=4,8", repeats=2, test_seeds=10, nfe=[3, 4], points=21, threads=1)
    assert one.rms.shape == (2, 2, 2) and list(one.seconds["phase"][:3]) == ["teacher", "costs", "program"]
    assert one.save(tmp_path / "python").exists()
    assert (tmp_path / "python/ablation.csv").read_text() == (tmp_path / "program/ablation.csv").read_text()
    with pytest.raises(ff.UsageError, match="--vary"):
        ff.ablate_schedule(ff.load("gaussian:moons"), "wramup=3")


CONFIG = {"data": {"source": "moons,count=256"}, "network": {"model_type": "PointMlp", "model_channels": 16},
          "run": {"images": 768, "batch": 64, "tick_images": 256}}


def test_a_training_is_that_of_the_program(program, tmp_path):
    (tmp_path / "config.yaml").write_text(json.dumps(CONFIG))
    program("train", "--config", tmp_path / "config.yaml", "--out", tmp_path / "program", "--device", "cpu")
    lines = []
    with torch.inference_mode():
        out = ff.train(CONFIG, out=tmp_path / "python", on_tick=lines.append, threads=1, device="cpu")
    names = [sorted(path.name for path in (tmp_path / who / "snapshots").iterdir()) for who in ("python", "program")]
    assert names[0] == names[1] and names[0]
    ours, theirs = (ff.load(tmp_path / who) for who in ("python", "program"))
    x = torch.randn(4, 2)
    assert torch.equal(ours(x, 1.0), theirs(x, 1.0))
    assert [line["images"] for line in lines] == [256, 512, 768] and lines[-1]["loss"] > 0
    assert ff.sample(out, seeds=[0], steps=2).x.shape == (1, 2)
    with pytest.raises(ff.UsageError, match="did you mean 'batch'"):
        ff.train(CONFIG | {"run": {"batchs": 3}}, out=tmp_path / "other")
    with pytest.raises(ff.UsageError, match="resume"):
        ff.train(CONFIG, out=tmp_path / "python")


def test_a_callback_that_raises_ends_the_training(tmp_path):
    def stop(line):
        raise ValueError("enough")

    with pytest.raises(ff.UsageError, match="on_tick: ValueError: enough") as caught:
        ff.train(CONFIG, out=tmp_path / "run", on_tick=stop)
    assert isinstance(caught.value.__cause__, ValueError)

    def interrupt(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        ff.train(CONFIG, out=tmp_path / "stopped", on_tick=interrupt)
    assert isinstance(caught.value.__cause__, ff.InterruptedRunError) and "--resume" in str(caught.value.__cause__)
    ff.train(CONFIG, out=tmp_path / "stopped", resume=True)


INTERRUPTED = {
    "function": "ff.sample(ff.denoiser(lambda x, s: (time.sleep(0.02), x * 0)[1], shape=(2,)), solver='euler', steps=1000, seeds=[0])",
    "network": "ff.sample(MODEL, seeds=range(10**6), steps=1000)",
    "compare": "ff.compare(MODEL, data='glyphs', probes=4096, references=['gaussian'])",
    "study": "ff.study(MODEL, seeds=range(4096))",
    "geometry": "ff.geometry(MODEL, seeds=range(4096))",
    "theory": "ff.theory(MODEL, data='glyphs', seeds=range(4096))",
    "symmetry": "ff.symmetry(MODEL, levels=4096)",
    "search": "ff.search_schedule(MODEL, warmup=10**6)",
    "solver": "ff.fit_solver(MODEL, 'epd', seeds=range(10**5), held_out=[10**6], nfe=6)",
    "ablation": "ff.ablate_schedule(MODEL, 'warmup=1000')",
    "fit": "ff.fit_mixture('moons,count=1000000', components=500, max_iterations=10000)",
    "train": "ff.train(CONFIG, out=sys.argv[1], on_tick=lambda line, said=[]: said or said.append(print('ready', flush=True)))",
}


def test_ctrl_c_ends_every_call(tmp_path):
    endless = CONFIG | {"run": {"images": 10**9, "batch": 64, "tick_images": 64}}
    code = ("import farfield as ff, sys, time, torch\ntorch.set_num_threads(1)\n"
            f"MODEL = ff.load({str(MODEL)!r})\nCONFIG = {endless!r}\n"
            # What the first call imports must not be what the signal meets.
            "ff.sample(ff.denoiser(lambda x, s: x * 0, shape=(2,)), solver='euler', steps=2, seeds=[0])\n")
    for name, call in INTERRUPTED.items():
        ready = "pass" if name == "train" else "print('ready', flush=True)"
        code += (f"try:\n  {ready}\n  {call}\n"
                 f"except KeyboardInterrupt as stop:\n  print({name!r}, stop.__cause__, flush=True)\n")
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    try:
        for name in INTERRUPTED:
            assert child.stdout.readline() == "ready\n", name
            time.sleep(0.3)
            child.send_signal(signal.SIGINT)
            words = child.stdout.readline()
            assert words.startswith(name), name
        assert "the state is saved: add --resume to go on" in words  # of the training, the last
        assert child.wait(60) == 0
    finally:
        child.kill()


def test_restoring_is_what_the_program_says(program, tmp_path):
    of = "gaussian:glyphs,size=8,count=64"
    program("restore", "--model", of, "--degrade", "glyphs,size=8,count=64,first=2", "--operator", "pool,factor=2", "--method", "tweedie",
            "--steps", "4", "--samples", "2", "--out", tmp_path / "there")
    r = ff.restore(of, data="glyphs,size=8,count=64,first=2", operator="pool,factor=2", method="tweedie", steps=4, samples=2, threads=1)
    r.save(tmp_path / "here")
    for name in ("restored.csv", "restored.npz", "measurement.npz"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes(), name
    assert same_page(tmp_path / "here", tmp_path / "there")
    assert r.x.shape == (2, 2, 1, 8, 8) and r.nfe == 7 and r.products > r.nfe and r.table["psnr_db"].shape == (4,)
    fitted = ff.fit_gaussian("glyphs,size=8,count=64")
    known = ff.restore(fitted, measurement=r.measurement, truth="glyphs,size=8,count=64,first=2", operator="pool,factor=2", steps=4)
    assert known.posterior_mean.shape == (2, 64) and known.psnr.shape == (2, 1) and known.products == 0
    class Itself(torch.nn.Module):
        def forward(self, x):
            return x

    torch.jit.script(Itself()).save(str(tmp_path / "itself.pt"))
    (tmp_path / "itself.yaml").write_text("{quantised: false, normalise: false, channels: 1}")
    mine = ff.restore(fitted, data="glyphs,size=8,first=2", operator=f"script,file={tmp_path / 'itself.pt'}", method="dps", steps=4,
                      features=str(tmp_path / "itself.pt"), resize=False, trust=True)
    assert mine.measurement.shape == (2, 1, 8, 8) and mine.products == 4
    assert torch.allclose(mine.perceptual, 4 / 10 ** (mine.psnr / 10), rtol=1e-4)
    with pytest.raises(ff.TrustError):
        ff.restore(fitted, data="glyphs,size=8,first=2", operator=f"script,file={tmp_path / 'itself.pt'}")
    with pytest.raises(ff.UsageError, match="data, which are measured, or a measurement"):
        ff.restore(fitted)
    with pytest.raises(ff.UsageError, match="did you mean 'diffpir'"):
        ff.restore(fitted, data="glyphs,size=8,first=1", method="diffpr")
