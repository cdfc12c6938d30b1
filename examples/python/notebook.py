# A notebook in percent format: open it in Jupyter or VS Code, or run it: python examples/python/notebook.py [FOLDER].
# It writes its figures, those of docs/python.md, into FOLDER. Charts are drawn by vl-convert-python, which farfield itself
# does not need.

# %% What we work with
import json
import pathlib
import sys

import numpy as np
import torch
import vl_convert

import farfield as ff

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "runs/notebook")
folder.mkdir(parents=True, exist_ok=True)
root = pathlib.Path(__file__).resolve().parents[2]


def draw(name, rows, mark, width=300, **encoding):
    """A Vega-Lite chart of a list of dicts as FOLDER/NAME."""
    spec = {"data": {"values": rows}, "mark": mark, "encoding": encoding, "width": width, "height": 200,
            "background": "white"}
    (folder / name).write_bytes(vl_convert.vegalite_to_png(json.dumps(spec), scale=1.2))


def field(name, kind="quantitative", **options):
    return {"field": name, "type": kind, **options}


# %% How far from the data is a network's score that of a Gaussian?
model = ff.load(root / "assets/glyphs.safetensors", precision="fp32")
compared = ff.compare(model, data="glyphs", references=["isotropic", "gaussian", "delta"], probes=256, seeds=range(8))
print(compared.headline)

table = compared.table
rows = [{"sigma": s, "reference": r, "explained": e} for s, r, e, p in
        zip(table["sigma"], table["reference"], table["explained"], table["probe"]) if p == "data" and e > 0]
draw("python-explained.png", rows, {"type": "line", "point": True, "clip": True},
     x=field("sigma", scale={"type": "log"}, title="noise level"),
     y=field("explained", scale={"domain": [0, 1]}, title="explained variance of the score"),
     color=field("reference", "nominal", title=None))

# %% So the Gaussian can make the first steps: the same samples from fewer evaluations
gaussian = ff.fit_gaussian("glyphs")
exact = ff.sample(model, solver="dopri5,rtol=1e-5,atol=1e-5", seeds=range(8))
distances = []
for steps in (4, 6, 8, 12):
    for start, more in (("noise", {}), ("teleported to 10", {"teleport": 10.0, "gaussian": gaussian})):
        sigmas = {} if start == "noise" else {"sigmas": [80.0, *ff.levels(model, steps=steps, sigma_max=10.0)]}
        run = ff.sample(model, solver="ipndm4", steps=None if sigmas else steps, seeds=range(8), **sigmas, **more)
        distances.append({"evaluations": run.nfe, "start": start, "rms": float((run.x - exact.x).square().mean().sqrt())})
draw("python-teleport.png", distances, {"type": "line", "point": True},
     x=field("evaluations"), y=field("rms", scale={"type": "log"}, title="distance from the solution"),
     color=field("start", "nominal", title=None))


# %% A network of one's own: any module or function of x and sigma
class Mlp(torch.nn.Module):
    """F of EDM's preconditioning; D = c_skip x + c_out F(c_in x, log(sigma) / 4) with sigma_data = 0.7."""

    def __init__(self, width=128):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, width), torch.nn.SiLU(), torch.nn.Linear(width, width),
                                          torch.nn.SiLU(), torch.nn.Linear(width, 2))

    def forward(self, x, sigma):
        sigma, data = sigma[:, None], 0.7
        total = sigma**2 + data**2
        f = self.layers(torch.cat([x / total.sqrt(), sigma.log() / 4], 1))
        return data**2 / total * x + sigma * data / total.sqrt() * f


torch.manual_seed(0)
network = Mlp()
mine = ff.denoiser(network, shape=(2,), sigma_data=0.7, name="my network")

# %% Trained in your own loop: gradients flow through ff.denoiser
moons = ff.Data("moons,count=2048")
points = moons.rows(0, len(moons))
optimiser = torch.optim.Adam(network.parameters(), 2e-3)
for step in range(4000):
    clean = points[torch.randint(len(points), (256,))]
    sigma = (torch.randn(256) * 1.2 - 1.2).exp()
    denoised = mine(clean + sigma[:, None] * torch.randn_like(clean), sigma)
    weight = (sigma**2 + 0.7**2) / (0.7 * sigma) ** 2
    loss = (weight[:, None] * (denoised - clean) ** 2).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
print(f"loss {loss.item():.3f}")

# %% ... and under everything: samples, comparisons with the exact score, schedules, studies
run = ff.sample(mine, solver="dpmpp_2m", steps=20, seeds=range(600), batch=600)
rows = [{"x": x, "y": y, "what": "sample"} for x, y in run.x.tolist()]
rows += [{"x": x, "y": y, "what": "data"} for x, y in points[:600].tolist()]
draw("python-moons.png", rows, {"type": "circle", "size": 12, "opacity": 0.6}, width=200,
     x=field("x"), y=field("y"), color=field("what", "nominal", title=None),
     column=field("what", "nominal", title=None))

comparison = ff.compare(mine, data=moons, references=["gaussian", "delta"], probes=256, seeds=range(8))
print(comparison.headline)
print("report:", comparison.save(folder / "compare", force=True))

search = ff.search_schedule(mine, nfe=range(4, 9), warmup=64)
study = ff.study(mine, solvers=["heun", "ipndm4", "dpmpp_2m"], nfe=[5, 8, 12], seeds=range(8))
for budget, best in study.best.items():
    print(f"{budget} evaluations: {best['solver']} over {best['schedule']}, {best['steps']} steps, rms {best['rms']:.2g}")
found = ff.sample(mine, solver="ipndm4", sigmas=search.schedules[6], seeds=range(8))
plain = ff.sample(mine, solver="ipndm4", steps=6, final="sigma_min", seeds=range(8))
exact = ff.sample(mine, solver="dopri5,rtol=1e-6,atol=1e-6", final="sigma_min", seeds=range(8))
for name, one in (("searched", found), ("polynomial", plain)):
    print(f"6 steps, {name} levels: {float((one.x - exact.x).square().mean().sqrt()):.3g} from the solution")

# %% Or let farfield train: the same runs as the command line's
losses = []
ff.train({"data": {"source": "moons,count=2048"}, "network": {"model_type": "PointMlp", "model_channels": 64},
          "preconditioning": {"sigma_data": 0.71},
          "run": {"images": 150_000, "batch": 128, "tick_images": 5_000}, "optimiser": {"learning_rate": 2e-3}},
         out=folder / "train", on_tick=losses.append, replace=(folder / "train").exists())
draw("python-training.png", [{"images": tick["images"], "loss": tick["loss"]} for tick in losses], "line",
     x=field("images"), y=field("loss", scale={"zero": False}))
print("trained:", ff.sample(folder / "train", seeds=range(4), steps=8).x.numpy().round(2).tolist())
