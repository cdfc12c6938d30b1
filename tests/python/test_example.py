"""The lines of docs/python.md, one after another, on small data."""
import numpy as np
import torch

import farfield as ff
from conftest import MODEL


def test_every_line_of_the_example(tmp_path):
    model = ff.load(MODEL)
    x = torch.randn(2, 1, 16, 16)
    d = model(x, 0.5)
    assert d.shape == x.shape and torch.equal(model(x.numpy(), 0.5), d)

    layer = torch.nn.Linear(2, 2)

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x, sigma):
            return (x + 0.1 * self.layer(x).tanh()) / (1 + sigma[:, None] ** 2)

    mine = ff.denoiser(Module(), shape=(2,), sigma_data=1.0)
    mine(torch.randn(4, 2), 1.0).sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    array = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    np.save(tmp_path / "points.npy", array)
    g = ff.fit_gaussian(str(tmp_path / "points.npy"))
    m = ff.fit_mixture(array, components=10)
    run = ff.sample(mine, solver="dpmpp_2m", steps=10, seeds=range(64), schedule="logsnr", teleport=5.0, gaussian=g,
                    trajectory=True)
    assert run.x.shape == (64, 2) and run.sigmas[0] == 5.0 and len(run.trajectory) == len(run.trajectory_sigmas) == len(run.sigmas)
    assert 0 < run.nfe <= 10
    s = ff.search_schedule(mine, nfe=range(4, 11), warmup=16)
    assert list(s.schedules) == list(range(4, 11))
    t = ff.study(mine, solvers=["heun", "ipndm4"], schedules=["polynomial"], nfe=[5, 8], seeds=range(4))
    assert t.best[8]["rms"] <= t.best[5]["rms"]
    c = ff.compare(mine, data=array, references=["gaussian", "delta", m], probes=16, seeds=range(2))
    assert len(c.table["sigma"]) == 2 * 3 * len(c.sigmas) and c.save(tmp_path / "out/").exists()
    again = ff.sample(ff.load("gaussian:moons,rank=1"), seeds="0-3", steps=4)
    assert again.x.shape == (4, 2)
