"""State dicts of every kind through tools/convert/edm_pickle.py, in one process; ends with an assertion that failed.

  state_dict_cases.py FOLDER CONVERTERS FARFIELD"""

import contextlib
import io
import json
import math
import os
import pickle
import sys

import torch

from edm_pickle_fixture import CONFIG, EDMPrecond

FOLDER, CONVERTERS, FARFIELD = sys.argv[1:]
sys.path.insert(0, CONVERTERS)
import edm_pickle  # noqa: E402
import native_file  # noqa: E402

os.chdir(FOLDER)


def convert(source, *options, out="o.safetensors", binary=FARFIELD):
    """(exit code, everything that was said)"""
    sys.argv = ["edm_pickle.py", source, "--config", "config.json", "--out", out, "--farfield", binary, *options]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            edm_pickle.main()
            return 0, said.getvalue()
        except SystemExit as end:
            return end.code, said.getvalue()


def expect(result, code, *words):
    assert result[0] == code, (code, result)
    assert all(word in result[1] for word in words), (words, result)
    assert len(result[1].splitlines()) <= 24, result
    assert not [name for name in os.listdir(".") if "partial" in name], os.listdir(".")


def saved(name, state):
    torch.save(state, name)
    return name


def stored_as_is(state):
    stored, _ = native_file.read("o.safetensors")
    os.unlink("o.safetensors")
    return stored.keys() == state.keys() and all(
        stored[name].dtype == value.dtype and torch.equal(stored[name], value) for name, value in state.items())


torch.manual_seed(1)
GOOD = {name: value.detach() for name, value in EDMPrecond(**CONFIG).state_dict().items()}
with open("config.json", "w") as stream:
    json.dump({key: value for key, value in CONFIG.items() if value != float("inf")}, stream)

# Prefixes, in any nesting, and what they were is said.
for wrapper in ("module.", "_orig_mod.module.module.", "_fsdp_wrapped_module."):
    expect(convert(saved("s.pth", {wrapper + name: value for name, value in GOOD.items()})), 0, "stripped", wrapper[:7])
    assert stored_as_is(GOOD)
inside = {name.replace("model.enc.", "model.enc._orig_mod."): value for name, value in GOOD.items()}
expect(convert(saved("s.pth", inside)), 0, "_orig_mod.")
assert stored_as_is(GOOD)
averaged = {"module." + name: value for name, value in GOOD.items()} | {"n_averaged": torch.tensor(7)}
expect(convert(saved("s.pth", averaged)), 0, "stripped 'module.'", "left out n_averaged")
assert stored_as_is(GOOD)
nested = {"step": 3, "state_dict": {"net." + name: value for name, value in GOOD.items()}}
expect(convert(saved("s.pth", nested)), 0, "'net.'", "step")
assert stored_as_is(GOOD)
two = {head + name.removeprefix("model."): value + shift
       for head, shift in (("ema.", 0), ("net.", 1)) for name, value in GOOD.items()}
expect(convert(saved("s.pth", two)), 3, "'ema.'", "'net.'", "--prefix")
expect(convert("s.pth", "--prefix", "ema."), 0)
assert stored_as_is(GOOD)

# Half precision stays exactly what it was, alone and mixed; double is rounded, and said.
for dtype in (torch.float16, torch.bfloat16):
    for keep in (0, 2) if dtype == torch.float16 else (0,):
        state = {name: value if keep and i % keep else value.to(dtype) for i, (name, value) in enumerate(GOOD.items())}
        expect(convert(saved("s.pth", state)), 0)
        assert stored_as_is(state), dtype
expect(convert(saved("s.pth", {name: value.double() for name, value in GOOD.items()})), 0, "rounded")
assert stored_as_is(GOOD)

# What is no weights, or not these.
for value in (float("nan"), float("inf"), -float("inf")):
    bad = {name: tensor.clone() for name, tensor in GOOD.items()}
    bad["model.map_layer0.bias"][2] = value
    expect(convert(saved("s.pth", bad)), 3, "model.map_layer0.bias", "NaN or infinite")
foreign = {f"a.down_blocks.{i}.weight": torch.ones(1) for i in range(40)}
expect(convert(saved("s.pth", foreign)), 3, "'a.down_blocks.'", "diffusers")
expect(convert(saved("s.pth", {f"b.{i}.weight": torch.ones(1) for i in range(40)})), 3, "'b.'", "and 21 more")
fewer = {name: value for name, value in GOOD.items() if "aux" not in name}
expect(convert(saved("s.pth", fewer)), 3, "missing model.dec.8x8_aux")
expect(convert(saved("s.pth", GOOD | {"epoch": 3})), 3, "epoch: int")
expect(convert(saved("s.pth", {1: torch.ones(2), "b": torch.ones(2)})), 3, "no text")
expect(convert(saved("s.pth", torch.nn.Linear(2, 2))), 3, "state_dict()")
expect(convert(saved("s.pth", GOOD | {"logvar.weight": torch.ones(3)})), 3, "logvar.weight")

# Files that are something else, and a damaged one.
whole = open(saved("s.pth", GOOD), "rb").read()
others = {"HTML": b"\n<!DOCTYPE html>", "LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
          "empty": b"", "gzip": b"\x1f\x8b\x08aaaa", "tar": bytes(257) + b"ustar" + bytes(300), "zip": whole[: len(whole) // 2],
          "numpy": b"\x93NUMPY\x01", "CIFAR": b"\x80\x02}q\x00U\x0bbatch_label", "no checkpoint": b"hello"}
for word, content in others.items():
    with open("s.pth", "wb") as stream:
        stream.write(content)
    expect(convert("s.pth"), 3, word)
expect(convert("absent.pth"), 5, "absent.pth")


class Raises:
    """A pickle whose code raises when it is read."""

    def __reduce__(self):
        return math.sqrt, (-1,)


with open("raises.pkl", "wb") as stream:
    pickle.dump(Raises(), stream)
expect(convert("raises.pkl", "--edm-code", "."), 3, "ValueError: math domain error")
assert not os.path.exists("o.safetensors")

# --out replaces nothing but a native model file, and that with --force only.
saved("s.pth", GOOD)
expect(convert("s.pth"), 0)
expect(convert("s.pth"), 2, "--force")
expect(convert("s.pth", "--force"), 0)
expect(convert("o.safetensors", "--force"), 2, "reads it")
expect(convert("o.safetensors", out="p.safetensors"), 0)
with open("mine.safetensors", "w") as stream:
    stream.write("mine")
expect(convert("s.pth", "--force", out="mine.safetensors"), 2, "not a native model file")
assert open("mine.safetensors").read() == "mine"
os.makedirs("run/snapshots")
os.rename("p.safetensors", "run/snapshots/p.safetensors")
with open("run/run.json", "w") as stream:
    json.dump({"kind": "train"}, stream)
expect(convert("s.pth", "--force", out="run/snapshots/p.safetensors"), 2, "training run")
os.symlink("o.safetensors", "link.safetensors")
expect(convert("s.pth", "--force", out="link.safetensors"), 0)
assert os.path.islink("link.safetensors")
expect(convert("s.pth", out="absent/o.safetensors"), 5, "does not exist")
expect(convert("s.pth", out="o.pth"), 2, ".safetensors")
expect(convert("s.pth", out="q.safetensors", binary="no-such-farfield"), 2, "no-such-farfield")

# A result that farfield does not take is not left behind.
with open("config.json", "w") as stream:
    json.dump({key: value for key, value in CONFIG.items() if value != float("inf")} | {"num_blocks": 1}, stream)
expect(convert("s.pth", out="q.safetensors"), 3, "num_blocks 0")
assert not os.path.exists("q.safetensors")
