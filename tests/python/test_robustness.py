"""Calls work, or refuse with a reason, wherever Python can call from and whatever it hands over; none hangs (conftest.py)."""
import os
import pickle
import threading

import numpy as np
import pytest
import torch

import farfield as ff
from conftest import ideal


class Square(torch.autograd.Function):
    """A node of the graph that is written in Python."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)


@pytest.fixture(scope="module", params=["gaussian", "mixture", "isotropic", "delta", "function", "network", "guided"])
def model(request, points, glyphs, tmp_path_factory):
    data = tmp_path_factory.mktemp("data") / "points.npy"
    np.save(data, points)
    return {"gaussian": lambda: ff.fit_gaussian(points).denoiser,
            "mixture": lambda: ff.fit_mixture(points, components=3, ridge=0.01).denoiser,
            "isotropic": lambda: ff.load(f"isotropic:{data}"),
            "delta": lambda: ff.load(f"delta:{data}"),
            "function": lambda: ff.denoiser(lambda x, sigma: Square.apply(x) / (1 + sigma[:, None]), shape=(3,),
                                            dtype=torch.float64),
            "network": lambda: glyphs,
            "guided": lambda: ff.guided(glyphs, 1.5)}[request.param]()


def state_of(model, count=3, dtype=torch.float64):
    return torch.randn(count, *model.sample_shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def test_gradients_are_right_or_refused_never_zero(model):
    x = state_of(model, dtype=torch.float32 if len(model.sample_shape) == 3 else torch.float64).requires_grad_()
    if model.name == "delta":
        with pytest.raises(ff.UsageError, match="no gradient"):
            model(x, 0.5)
        return
    d = model(x, 0.5)
    direction = torch.randn(d.shape, generator=torch.Generator().manual_seed(1), dtype=d.dtype)
    (gradient,) = torch.autograd.grad((d * direction).sum(), x)
    step = 1e-2 if x.dtype == torch.float32 else 1e-5
    with torch.no_grad():
        rise = ((model(x + step * direction, 0.5) - model(x - step * direction, 0.5)) * direction).sum() / (2 * step)
    assert torch.allclose((gradient * direction).sum(), rise, rtol=2e-2 if x.dtype == torch.float32 else 1e-6)


def test_the_gradient_with_respect_to_sigma_is_right_or_refused(model):
    x = state_of(model, dtype=torch.float32 if len(model.sample_shape) == 3 else torch.float64)
    sigma = torch.full((3,), 0.7, dtype=torch.float64, requires_grad=True)
    try:
        d = model(x, sigma)
    except ff.UsageError as error:
        assert "no gradient" in str(error)
        return
    (gradient,) = torch.autograd.grad(d.sum(), sigma)
    step = 1e-2 if x.dtype == torch.float32 else 1e-5
    with torch.no_grad():
        rise = (model(x, sigma + step) - model(x, sigma - step)).flatten(1).sum(1) / (2 * step)
    assert torch.allclose(gradient, rise.to(gradient.dtype), rtol=5e-2, atol=1e-2)


def test_a_product_with_the_jacobian_is_right_or_refused(model):
    x = state_of(model, dtype=torch.float32 if len(model.sample_shape) == 3 else torch.float64)
    direction = torch.ones_like(x)
    step = 1e-2 if x.dtype == torch.float32 else 1e-5
    with torch.no_grad():
        expected = (model(x + step * direction, 0.5) - model(x - step * direction, 0.5)) / (2 * step)
    try:
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(x, direction)
            product = torch.autograd.forward_ad.unpack_dual(model(dual, 0.5)).tangent
    except (ff.Error, NotImplementedError) as error:
        assert str(error)
        return
    assert product is not None and torch.allclose(product, expected, rtol=2e-2, atol=2e-2 * float(expected.abs().max()))


def test_no_grad_and_inference_mode_change_no_number(model):
    x = state_of(model, dtype=torch.float32)
    expected = model(x, 0.5)
    with torch.no_grad():
        assert torch.equal(model(x.clone().requires_grad_(), 0.5), expected)
    with torch.inference_mode():
        inside = model(x.clone(), 0.5)
        assert torch.equal(inside, expected)
        run = ff.sample(model, seeds=[3], steps=3)
    assert torch.equal(run.x, ff.sample(model, seeds=[3], steps=3).x)
    assert torch.equal(model(x, 0.5), expected)


def test_what_is_made_in_inference_mode_has_gradients_later(points):
    with torch.inference_mode():
        fit = ff.fit_gaussian(points)
        fit.denoiser(torch.zeros(1, 3), 1.0)
        loaded = ff.load(pytest.importorskip("conftest").MODEL, precision="fp32")
        loaded(torch.zeros(1, 1, 16, 16), 1.0)
    for made in (fit.denoiser, loaded):
        x = torch.zeros(1, *made.sample_shape, requires_grad=True)
        made(x, 1.0).sum().backward()
        assert x.grad.abs().sum() > 0


def test_layouts_and_dtypes(model):
    x = state_of(model, 4, torch.float32)
    expected = model(x, 0.5)
    strided = torch.empty(8, *x.shape[1:])[::2].copy_(x)
    assert torch.equal(model(strided, 0.5), expected)
    view = np.ascontiguousarray(x.numpy()[::-1])[::-1]  # negative strides
    assert torch.equal(model(view.copy(), 0.5), expected)
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        d = model(x.to(dtype), 0.5)
        assert d.dtype == dtype and torch.allclose(d.float(), model(x.to(dtype).float(), 0.5), atol=0.1, rtol=0.02)
    for wrong in (x.long(), x > 0, x.to(torch.complex64)):
        with pytest.raises(ff.UsageError, match="expected a batch of floating values"):
            model(wrong, 0.5)
    for wrong in (x[:0], x[0], x[..., :1], "text", None):
        with pytest.raises(ff.UsageError, match="x"):
            model(wrong, 0.5)
    for sigma in (-1.0, float("nan"), [1.0, 2.0], "text", None):
        with pytest.raises(ff.UsageError, match="sigma"):
            model(x, sigma)
    assert torch.equal(model(x, np.float32(0.5)), expected) and torch.equal(model(x, torch.tensor([0.5] * 4)), expected)


def test_numpy_views_of_every_kind(points):
    fit = ff.fit_gaussian(points)
    for view in (points.T.copy().T, np.repeat(points, 2, 0)[::2], points[::-1][::-1], points.astype(np.float64),
                 points.astype(np.float16).astype(np.float32), torch.from_numpy(points).requires_grad_(), points.tolist()):
        other = ff.fit_gaussian(view)
        assert torch.allclose(other.mean, fit.mean, atol=1e-3)
    frozen = points.copy()
    frozen.setflags(write=False)
    assert torch.equal(ff.fit_gaussian(frozen).mean, fit.mean)
    with pytest.raises(ff.Error, match="finite"):
        ff.fit_gaussian(np.full((4, 3), np.nan, np.float32))


def test_threads_do_not_wait_for_each_other():
    barrier = threading.Barrier(4)

    def meet(x, sigma):  # returns only when all four are inside at once
        barrier.wait(timeout=60)
        return ideal(x, sigma)

    model = ff.denoiser(meet, shape=(2,))
    results, errors = [], []

    def work(seed):
        try:
            results.append(ff.sample(model, solver="euler", steps=2, seeds=[seed]).x)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors and len(results) == 4


def in_a_fork(work):
    """Whether work() returns true in a forked child within a minute."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    for _ in range(600):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        threading.Event().wait(0.1)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def test_after_a_fork(glyphs):
    x = torch.randn(8, 1, 16, 16)
    torch.set_num_threads(2)
    try:
        expected = glyphs(x, 1.0)  # the parent's pool of threads is there, the child has none
        assert in_a_fork(lambda: torch.allclose(glyphs(x, 1.0), expected, atol=1e-4))
        assert in_a_fork(lambda: ff.sample(glyphs, seeds=[0], steps=2).nfe == 3)
    finally:
        torch.set_num_threads(1)


class Denoised(torch.utils.data.Dataset):
    def __init__(self, model):
        self.model = model

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.model(torch.full((1, 1, 16, 16), 0.1 * index), 1.0)[0]


def test_in_the_workers_of_a_data_loader(glyphs):
    expected = torch.stack([Denoised(glyphs)[i] for i in range(4)])
    loader = torch.utils.data.DataLoader(Denoised(glyphs), batch_size=2, num_workers=2, timeout=60,
                                         multiprocessing_context="fork")
    assert torch.allclose(torch.cat(list(loader)), expected, atol=1e-4)


def test_a_loaded_model_is_pickled_by_name(glyphs):
    x = torch.randn(1, 1, 16, 16)
    assert torch.equal(pickle.loads(pickle.dumps(glyphs))(x, 1.0), glyphs(x, 1.0))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(ff.denoiser(ideal, shape=(2,)))


def test_a_function_may_call_farfield_itself(points):
    inner = ff.fit_gaussian(points).denoiser
    model = ff.denoiser(lambda x, sigma: inner(x, sigma), shape=(3,))
    assert torch.allclose(ff.sample(model, seeds=range(3), steps=4).x, ff.sample(inner, seeds=range(3), steps=4).x, atol=1e-4)


def test_a_function_may_train_while_it_is_called():
    layer = torch.nn.Linear(2, 2)

    def learns(x, sigma):
        with torch.enable_grad():
            layer(x).square().sum().backward()
        return x * 0

    ff.sample(ff.denoiser(learns, shape=(2,)), solver="euler", steps=3, seeds=[0])
    assert layer.weight.grad.abs().sum() > 0


def test_a_function_that_writes_where_it_should_not():
    in_place = ff.denoiser(lambda x, sigma: x.mul_(0.5), shape=(2,), dtype=torch.float64)
    with pytest.raises(ff.UsageError, match="in place"):
        ff.sample(in_place, seeds=[0], steps=2)
    buffer = torch.empty(1, 2, dtype=torch.float64)
    reused = ff.denoiser(lambda x, sigma: buffer.copy_(ideal(x, sigma)), shape=(2,), dtype=torch.float64)
    fresh = ff.denoiser(ideal, shape=(2,), dtype=torch.float64)
    runs = [ff.sample(model, solver="ipndm4", seeds=[0], steps=6).x for model in (reused, fresh)]
    assert torch.equal(*runs)
    wants = ff.denoiser(lambda x, sigma: ideal(x.requires_grad_(), sigma).detach(), shape=(2,), dtype=torch.float64)
    assert not ff.sample(wants, seeds=[0], steps=3).x.requires_grad


def test_wrong_arguments_are_named():
    model = ff.denoiser(ideal, shape=(2,))
    for call, words in [(lambda: ff.sample(ideal), "ff.denoiser"), (lambda: ff.sample(3), "MODEL"),
                        (lambda: ff.sample(model, seeds=[0.5]), "whole number"), (lambda: ff.sample(model, seeds=[]), "seeds"),
                        (lambda: ff.sample(model, threads=-1), "threads"), (lambda: ff.denoiser(3, shape=(2,)), "int"),
                        (lambda: ff.denoiser(ideal, shape=()), "shape"), (lambda: ff.denoiser(ideal, shape=(0,)), "sizes"),
                        (lambda: ff.denoiser(lambda x, s, t: x, shape=(2,)), "does not take"),
                        (lambda: ff.denoiser(ideal, shape=(2,), label_dim=3), "labels"),
                        (lambda: ff.load("gausian:glyphs"), "gausian"), (lambda: ff.search_schedule(model, metric="dov"), "dev"),
                        (lambda: ff.study(model, solvers=["huen"]), "heun"), (lambda: ff.study(model, teleport=3.0), "gaussian"),
                        (lambda: ff.train({"data": object()}, out="x"), "config")]:
        with pytest.raises(ff.Error, match=words):
            call()
