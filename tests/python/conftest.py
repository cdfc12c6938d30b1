"""What the tests of the Python module share."""
import faulthandler
import os
import pathlib
import subprocess

import pytest

import farfield as ff

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "assets/glyphs.safetensors"
PROGRAM = os.environ.get("FARFIELD_BINARY", ROOT / "build/farfield")


@pytest.fixture(autouse=True)
def limit():
    """A test that hangs ends the whole run, with every thread's place in it."""
    faulthandler.dump_traceback_later(120, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def glyphs():
    return ff.load(MODEL, precision="fp32")


@pytest.fixture(scope="session")
def program():
    """The command line, quiet, with one thread."""
    def run(*words):
        subprocess.run([PROGRAM, *words, "--quiet", "--threads", "1"], check=True, stdout=subprocess.DEVNULL, timeout=120)
    return run


def ideal(x, sigma):  # data N(0, 1): D = x / (1 + sigma^2)
    return x / (1 + sigma.view(-1, *[1] * (x.dim() - 1)) ** 2)
