#!/usr/bin/env python3
"""Converts network weights made in Python into a native farfield model file (docs/formats.md).

  edm_pickle.py network.pkl --edm-code DIR --out model.safetensors [--check check.io.npz] [--farfield BIN]
  edm_pickle.py state.pth --config config.json [--precond EDMPrecond] --out model.safetensors

A .pkl of NVlabs EDM is a Python pickle whose classes live in NVlabs' own code: DIR is your checkout of it. Loading a
pickle runs code from the file, so convert only files you trust. A state dict (.pth or .pt of torch.save, read with
weights_only=True, or .safetensors) of mini_edm and others takes its architecture from --config, a JSON object with
NVlabs' keyword arguments. What wrappers put in front of names (module., _orig_mod., ...) is stripped and said, a
missing `model.` is added. float32, float16 and bfloat16 weights are stored exactly; NaN and infinity are refused.

The file is written beside --out, read back, compared with the weights, opened by farfield (--farfield BIN, else the
repository's build/farfield, else the one in PATH), and only then takes its name. --out replaces nothing but a native
model file, and that with --force only.

--check writes x, sigma, labels and the output D of the Python network; with --farfield BIN the native file is evaluated
as well and the two outputs are compared. Needs torch and numpy only. Exit codes are farfield's: 2 usage, 3 bad file, 5
input/output."""

import argparse
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import torch

import native_file
from problem import INPUT_OUTPUT, USAGE, fail, listed
from state_names import canonical_names
from wrong_files import kind_of

PRECONDITIONERS = ("EDMPrecond", "VPPrecond", "VEPrecond", "iDDPMPrecond")
STATE_KEYS = ("ema", "ema_state_dict", "model_ema", "state_dict", "model_state_dict", "model", "net", "network")
TOLERANCE = 1e-5  # relative to the largest output; float32 sums in another order differ by about 1e-6


def load_pickle(path, code):
    """(network, its state dict as it is stored) of a pickle."""
    if code is None:
        fail("a pickle needs --edm-code DIR, your checkout of NVlabs/edm (or the fork that made it)", USAGE)
    sys.path.insert(0, os.path.abspath(code))
    try:
        with open(path, "rb") as stream:
            content = pickle.load(stream)
    except ModuleNotFoundError as error:
        fail(f"{path}: its classes need the module {error.name}, which is not in --edm-code {code}")
    except Exception as error:  # a pickle runs its own code, which may raise anything
        words = " ".join(str(error).split()) or "it is cut off"
        known = isinstance(error, (pickle.UnpicklingError, EOFError, AttributeError))
        fail(f"{path}: cannot be unpickled: {words if known else f'{type(error).__name__}: {words}'}")
    network = content.get("ema", content.get("net")) if isinstance(content, dict) else content
    while not hasattr(network, "init_kwargs") and isinstance(wrapped := wrapped_in(network), torch.nn.Module):
        network = wrapped
    if not isinstance(network, torch.nn.Module):
        fail(f"{path}: holds no network under 'ema'")
    state = dict(network.eval().requires_grad_(False).state_dict())
    return network.float(), state


def wrapped_in(network):
    """What DistributedDataParallel or torch.compile wrapped, or None."""
    return getattr(network, "module", getattr(network, "_orig_mod", None))


def module_settings(network):
    """Class name and keyword arguments of a persistent module."""
    precond = type(network).__name__
    if precond not in PRECONDITIONERS:
        fail(f"class {precond} is not one of {', '.join(PRECONDITIONERS)}")
    kwargs = getattr(network, "init_kwargs", None)
    if kwargs is None:
        fail(f"class {precond} has no init_kwargs; give the architecture with --config")
    return precond, {key: value for key, value in dict(kwargs).items() if value is not None}


def load_torch_save(path):
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        fail(f"{path}: holds Python objects besides tensors (a whole module?); loading them would run code. Open it "
             "where that code is and save the weights alone: torch.save(model.state_dict(), 'state.pth')")
    except (RuntimeError, EOFError, ValueError) as error:
        fail(f"{path}: torch cannot read it: {str(error).splitlines()[0] if str(error) else 'it is cut off'}")


def load_state(path, kind):
    """(state dict, notes): the one in the file, or the one under a usual key."""
    state, notes = native_file.read(path)[0] if kind == "safetensors" else load_torch_save(path), []
    while isinstance(state, dict) and (keys := [key for key in STATE_KEYS if isinstance(state.get(key), dict)]):
        others = [str(key) for key in state if key != keys[0]]
        notes.append(f"took '{keys[0]}'" + (f", not {', '.join(others[:5])}" if others else ""))
        state = state[keys[0]]
    if not isinstance(state, dict) or not state:
        found = "an empty dict" if isinstance(state, dict) else f"one {type(state).__name__}"
        fail(f"{path}: holds {found}, expected a state dict of tensors")
    strange = [f"{key}: {type(value).__name__}" for key, value in state.items() if not isinstance(value, torch.Tensor)]
    strange += [f"{key!r}: a key that is no text" for key in state if not isinstance(key, str)]
    if strange:
        fail(f"{path}: expected a state dict of tensors; it has other things in it:\n" + listed(strange))
    return state, notes


def load_config(path):
    if path is None:
        fail("a state dict needs --config FILE with the network's keyword arguments", USAGE)
    try:
        with open(path, encoding="utf-8") as stream:
            config = json.load(stream)
    except OSError as error:
        fail(f"{path}: {os.strerror(error.errno)}", INPUT_OUTPUT)
    except ValueError as error:
        fail(f"{path}: is no JSON: {error}", USAGE)
    if not isinstance(config, dict):
        fail(f"{path}: expected a JSON object with NVlabs' keyword arguments (docs/formats.md)", USAGE)
    return config


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


def find_farfield(given):
    """The binary that reads the file back; None when there is none."""
    if given is not None:
        return given if shutil.which(given) else fail(f"{given}: is no program", USAGE)
    built = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "farfield")
    return os.path.realpath(built) if os.access(built, os.X_OK) else shutil.which("farfield")


def run_inspect(binary, model, shown, *options):
    """What `farfield inspect` says of a file, whose name in messages is `shown`."""
    command = [binary, "inspect", model, *options, "--json"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if run.returncode != 0:
        fail(f"farfield does not take the result, nothing was written: {run.stderr.strip().replace(model, shown)}")
    return json.loads(run.stdout)


def write_verified(arguments, tensors, metadata):
    """Writes the file under another name, reads it back, and gives it its name; returns the binary that opened it."""
    target = native_file.require_replaceable(arguments.out, arguments.force, native_file.is_native_model,
                                             "a native model file", inputs_of(arguments))
    folder, name = os.path.split(target)
    unproven = os.path.join(folder, f".{name}.partial-{os.getpid()}.safetensors")
    binary = find_farfield(arguments.farfield)
    try:
        with open(unproven, "wb") as stream:
            stream.write(native_file.serialized(tensors, metadata))
            stream.flush()
            os.fsync(stream.fileno())
        if (what := native_file.differs(unproven, tensors, metadata)) is not None:
            fail(f"{arguments.out}: {what} was read back other than written; is the disk sound?", INPUT_OUTPUT)
        if binary is not None:
            run_inspect(binary, unproven, arguments.out)
        os.replace(unproven, target)
    except OSError as error:
        fail(f"{arguments.out}: {os.strerror(error.errno)}", INPUT_OUTPUT)
    finally:
        if os.path.exists(unproven):
            os.unlink(unproven)
    return binary


def compare(binary, model, check):
    """Evaluates the native file on the inputs of `check` and prints the deviation."""
    deviation = run_inspect(binary, model, model, "--check", check)["check"]["deviation"]
    print(f"largest deviation between Python and farfield, relative to the largest output: {deviation:.2e}")
    if not deviation <= TOLERANCE:
        fail(f"the outputs differ by more than {TOLERANCE:g}: the converted file is not to be used")


def write_check(arguments, network, config):
    """The .npz of --check, or a passing one beside --out when only the comparison is wanted."""
    path = arguments.check or arguments.out + ".io.npz"
    target = native_file.require_replaceable(path, arguments.force, native_file.is_check_file, "a file of --check",
                                             inputs_of(arguments))
    np.savez(target, **python_output(network, config))
    if arguments.farfield:
        compare(arguments.farfield, arguments.out, target)
    if not arguments.check:
        os.unlink(target)


def inputs_of(arguments):
    return [path for path in (arguments.input, arguments.config) if path is not None]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("--out", required=True, help="the native model file to write (.safetensors)")
    parser.add_argument("--force", action="store_true", help="replace a native model file, and nothing else")
    parser.add_argument("--edm-code", metavar="DIR", help="checkout of the code that made the pickle")
    parser.add_argument("--config", metavar="FILE", help="JSON keyword arguments; for state dicts")
    parser.add_argument("--precond", default="EDMPrecond", choices=PRECONDITIONERS, help="for state dicts")
    parser.add_argument("--prefix", metavar="NAME.", help="which of several networks: how its names begin")
    parser.add_argument("--check", metavar="FILE", help="write inputs and the Python output here (.npz)")
    parser.add_argument("--farfield", metavar="BIN", help="reads the file back; a pickle's output is compared")
    arguments = parser.parse_args()
    if not arguments.out.endswith(".safetensors"):
        fail(f"--out {arguments.out}: the name of a native model file ends in .safetensors", USAGE)
    if arguments.check is not None and not arguments.check.endswith(".npz"):
        fail(f"--check {arguments.check}: the name must end in .npz", USAGE)
    return arguments


def main():
    arguments = parse_arguments()
    kind, network = kind_of(arguments.input), None
    if kind == "pickle":
        network, state = load_pickle(arguments.input, arguments.edm_code)
        (precond, config), notes = module_settings(network), []
    else:
        precond, config = arguments.precond, load_config(arguments.config)
        state, notes = load_state(arguments.input, kind)
        if arguments.check:
            fail("--check needs a pickled network; a state dict has no code to evaluate", USAGE)
    tensors, name_notes = canonical_names(state, arguments.prefix)
    tensors, weight_notes = native_file.weights(tensors)

    with open(arguments.input, "rb") as stream:
        source_hash = hashlib.file_digest(stream, "sha256").hexdigest()
    metadata = {"format": "pt", "precond": precond, "config": json.dumps(plain(config)),
                "source": os.fsencode(os.path.basename(arguments.input)).decode(errors="backslashreplace"),
                "source_sha256": source_hash}
    for note in notes + name_notes + weight_notes:
        print(note)
    binary = write_verified(arguments, tensors, metadata)
    if network is not None and (arguments.check or arguments.farfield):
        write_check(arguments, network, config)
    parameters = sum(value.numel() for value in tensors.values())
    print(f"{arguments.out}: {len(tensors)} tensors, {parameters} values, {precond}")
    if binary is None:
        print(f"read back here only: no farfield was found; run farfield inspect {arguments.out}")


if __name__ == "__main__":
    main()
