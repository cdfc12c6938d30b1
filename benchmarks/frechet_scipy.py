"""A Fréchet distance from moments beside SciPy's square root of a matrix, as public FID code takes it, in one run.

python benchmarks/frechet_scipy.py [--dim 2048] [--rounds 3] [--threads 1]
Prints the least CPU seconds of either, interleaved, their ratio, and how far the two values are apart.
"""

import argparse
import os
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--dim", type=int, default=2048)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = str(options.threads)

import farfield as ff  # noqa: E402  (after the number of threads)
import numpy as np  # noqa: E402
from scipy import linalg  # noqa: E402


def moments(seed, scale):
    rows = np.random.default_rng(seed).normal(size=(3 * options.dim, options.dim)) * np.linspace(1, scale, options.dim)
    return rows.mean(0), np.cov(rows, rowvar=False)


def by_scipy(a, b):
    root = linalg.sqrtm(a[1] @ b[1])
    return np.square(a[0] - b[0]).sum() + np.trace(a[1] + b[1] - 2 * np.real(root))


def timed(call):
    start = time.process_time()
    value = call()
    return time.process_time() - start, value


sides = moments(0, 0.01), moments(1, 0.02)
with tempfile.TemporaryDirectory() as folder:
    files = []
    for i, (mean, covariance) in enumerate(sides):
        files.append(f"{folder}/{i}.npz")
        np.savez(files[-1], mu=mean, sigma=covariance)
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(timed(lambda: ff.quality(*files, measures="fd", bootstrap=0, threads=options.threads).measures["fd"]))
        theirs.append(timed(lambda: by_scipy(*sides)))
    print(f"dim {options.dim}, {options.threads} thread(s), least of {options.rounds}: farfield {min(ours)[0]:.2f} s with reading the "
          f"files, scipy {min(theirs)[0]:.2f} s, ratio {min(ours)[0] / min(theirs)[0]:.2f}; "
          f"values differ by {abs(ours[0][1] - theirs[0][1]) / theirs[0][1]:.1e}")
