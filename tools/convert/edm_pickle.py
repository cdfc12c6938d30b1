#!/usr/bin/env python3
"""Converts network weights made in Python into a native farfield model file (docs/formats.md).

  edm_pickle.py network.pkl --edm-code DIR --out model.safetensors [--check check.io.npz] [--farfield BIN]
  edm_pickle.py state.pth --config config.json [--precond EDMPrecond] --out model.safetensors

A .pkl of NVlabs EDM is a Python pickle whose classes live in NVlabs' own code: DIR is your checkout of it. Loading a
pickle runs code from the file, so convert only files you trust. A .pth or .pt state dict (mini_edm and others) is read
with weights_only=True; its architecture comes from --config, a JSON object with NVlabs' keyword arguments, and a missing
`model.` prefix is added.

--check writes x, sigma, labels and the output D of the Python network; with --farfield BIN the native file is evaluated
as well and the two outputs are compared. Needs torch and numpy only."""

import argparse
import hashlib
import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch

PRECONDITIONERS = ("EDMPrecond", "VPPrecond", "VEPrecond", "iDDPMPrecond")
TOLERANCE = 1e-5  # relative to the largest output; float32 sums in another order differ by about 1e-6


def fail(message):
    sys.exit(f"edm_pickle: {message}")


def write_atomically(path, data):
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=os.path.basename(path) + ".tmp.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def safetensors_bytes(tensors, metadata):
    """float32 tensors by name -> the bytes of a safetensors file, names sorted."""
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name in sorted(tensors):
        blob = tensors[name].detach().to("cpu", torch.float32).contiguous().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(blobs)


def load_pickle(path, code):
    if code is None:
        fail("a .pkl needs --edm-code DIR, your checkout of NVlabs/edm (or the fork that made it)")
    sys.path.insert(0, os.path.abspath(code))
    with open(path, "rb") as stream:
        content = pickle.load(stream)
    network = content.get("ema", content.get("net")) if isinstance(content, dict) else content
    if not isinstance(network, torch.nn.Module):
        fail(f"{path}: holds no network under 'ema'")
    return network.eval().requires_grad_(False).float()


def module_settings(network):
    """Class name and keyword arguments of a persistent module."""
    precond = type(network).__name__
    if precond not in PRECONDITIONERS:
        fail(f"class {precond} is not one of {', '.join(PRECONDITIONERS)}")
    kwargs = getattr(network, "init_kwargs", None)
    if kwargs is None:
        fail(f"class {precond} has no init_kwargs; give the architecture with --config")
    return precond, {key: value for key, value in dict(kwargs).items() if value is not None}


def load_state(path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("ema", "state_dict", "model_state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        fail(f"{path}: expected a state dict of tensors")
    if any(name.startswith("model.") for name in state):
        return state
    return {"model." + name: value for name, value in state.items()}


def plain(value):
    """JSON has no infinity and no numpy: say them in a form the native reader knows."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.integer, np.floating)):
        value = value.item()
    return "inf" if value == float("inf") else value


def check_inputs(config, seed=0):
    generator = torch.Generator().manual_seed(seed)
    channels, size, labels = config.get("img_channels", 3), config["img_resolution"], config.get("label_dim", 0)
    sigma = torch.tensor([0.05, 0.7, 40.0])
    x = torch.randn([3, channels, size, size], generator=generator) * sigma.reshape(-1, 1, 1, 1)
    one_hot = torch.nn.functional.one_hot(torch.arange(3) % labels, labels).float() if labels else None
    return x, sigma, one_hot


def python_output(network, config):
    x, sigma, labels = check_inputs(config)
    with torch.no_grad():
        d = network(x, sigma, labels, force_fp32=True)
    arrays = {"x": x.numpy(), "sigma": sigma.numpy(), "D.f32": d.float().numpy()}
    if labels is not None:
        arrays["labels"] = labels.numpy()
    return arrays


def compare(binary, model, check):
    """Evaluates the native file on the inputs of `check` and prints the deviation."""
    run = subprocess.run([binary, "inspect", model, "--check", check, "--json"], capture_output=True, text=True)
    if run.returncode != 0:
        fail(f"{binary} refused the converted file: {run.stderr.strip()}")
    deviation = json.loads(run.stdout)["check"]["deviation"]
    print(f"largest deviation between Python and farfield, relative to the largest output: {deviation:.2e}")
    if not deviation <= TOLERANCE:
        fail(f"the outputs differ by more than {TOLERANCE:g}: the converted file is not to be used")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("--out", required=True, help="the native model file to write (.safetensors)")
    parser.add_argument("--edm-code", metavar="DIR", help="checkout of the code that made the pickle")
    parser.add_argument("--config", metavar="FILE", help="JSON keyword arguments; for state dicts")
    parser.add_argument("--precond", default="EDMPrecond", choices=PRECONDITIONERS, help="for state dicts")
    parser.add_argument("--check", metavar="FILE", help="write inputs and the Python output here (.npz)")
    parser.add_argument("--farfield", metavar="BIN", help="compare with this binary's output")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    network = None
    if arguments.input.endswith(".pkl"):
        network = load_pickle(arguments.input, arguments.edm_code)
        precond, config = module_settings(network)
        tensors = network.state_dict()
    else:
        if arguments.config is None:
            fail("a state dict needs --config FILE with the network's keyword arguments")
        with open(arguments.config, encoding="utf-8") as stream:
            precond, config = arguments.precond, json.load(stream)
        tensors = load_state(arguments.input)
    if arguments.farfield and network is None:
        fail("--farfield compares with a pickled network; a state dict has no code to evaluate")

    with open(arguments.input, "rb") as stream:
        source_hash = hashlib.file_digest(stream, "sha256").hexdigest()
    metadata = {"format": "pt", "precond": precond, "config": json.dumps(plain(config)),
                "source": os.path.basename(arguments.input), "source_sha256": source_hash}
    write_atomically(arguments.out, safetensors_bytes(tensors, metadata))
    parameters = sum(value.numel() for value in tensors.values())
    print(f"{arguments.out}: {len(tensors)} tensors, {parameters} values, {precond}")

    if network is not None and (arguments.check or arguments.farfield):
        check = arguments.check or arguments.out + ".io.npz"
        np.savez(check, **python_output(network, config))
        if arguments.farfield:
            compare(arguments.farfield, arguments.out, check)
        if not arguments.check:
            os.unlink(check)


if __name__ == "__main__":
    main()
