"""Native farfield model files (docs/formats.md): their bytes, and what they may take the place of."""

import json
import os
import struct
import zipfile

import torch

from problem import INPUT_OUTPUT, USAGE, fail, listed

DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
SAFETENSORS_DTYPES = DTYPES | {torch.float64: "F64", torch.int64: "I64", torch.int32: "I32", torch.int16: "I16",
                               torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def weights(state):
    """(tensors as they are to be stored, notes): float32, float16 and bfloat16 stay as they are, float64 is rounded."""
    tensors, rounded = {}, 0
    for name, tensor in state.items():
        if tensor.layout != torch.strided or tensor.dtype not in (*DTYPES, torch.float64):
            fail(f"{name} is {tensor.dtype}, {tensor.layout}; weights are dense float32, float16, bfloat16 or float64")
        tensor = tensor.detach().cpu()
        rounded += tensor.dtype == torch.float64
        tensors[name] = tensor.to(torch.float32 if tensor.dtype == torch.float64 else tensor.dtype).contiguous()
    refuse_not_finite(tensors)
    return tensors, [f"rounded {rounded} float64 tensors to float32"] if rounded else []


def refuse_not_finite(tensors):
    bad = {name: int((~torch.isfinite(tensor)).sum()) for name, tensor in tensors.items()}
    bad = [f"{name}: {count} of {tensors[name].numel()}" for name, count in bad.items() if count]
    if bad:
        fail("weights that are NaN or infinite, nothing was written; did the training diverge?\n" + listed(bad))


def bytes_of(tensor):
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def serialized(tensors, metadata):
    """The bytes of a safetensors file; large elements first, so that every tensor is aligned, then by name."""
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].element_size(), name)):
        blob = bytes_of(tensors[name])
        header[name] = {"dtype": DTYPES[tensors[name].dtype], "shape": list(tensors[name].shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(blobs)


def read_header(stream):
    """The parsed header of a safetensors file, or None when it is none; the stream stands at the data then."""
    size = stream.read(8)
    length = struct.unpack("<Q", size)[0] if len(size) == 8 else 0
    if not 2 <= length <= 100_000_000:
        return None
    try:
        header = json.loads(stream.read(length))
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None
    return header if isinstance(header, dict) else None


def read(path):
    """(tensors, metadata) of a safetensors file."""
    with open(path, "rb") as stream:
        header, data = read_header(stream), stream.read()
    if header is None:
        fail(f"{path}: is no safetensors file")
    metadata, tensors = header.pop("__metadata__", {}), {}
    try:
        for name, entry in header.items():
            dtype = next(key for key, value in SAFETENSORS_DTYPES.items() if value == entry["dtype"])
            begin, end = entry["data_offsets"]
            stored = bytearray(data[begin:end])
            values = torch.frombuffer(stored, dtype=dtype) if stored else torch.empty(0, dtype=dtype)
            tensors[name] = values.reshape(entry["shape"])
    except (KeyError, StopIteration, TypeError, ValueError, RuntimeError) as error:
        fail(f"{path}: damaged safetensors, tensor {name}: {(str(error) or 'unknown dtype').splitlines()[0]}")
    return tensors, metadata


def differs(path, tensors, metadata):
    """The name of something in the file that is not what was to be written, or None."""
    stored, stored_metadata = read(path)
    if stored_metadata != metadata or stored.keys() != tensors.keys():
        return "the header"
    same = (stored[name].dtype == tensor.dtype and stored[name].shape == tensor.shape
            and bytes_of(stored[name]) == bytes_of(tensor) for name, tensor in tensors.items())
    return next((name for name, is_same in zip(tensors, same) if not is_same), None)


def is_native_model(path):
    with open(path, "rb") as stream:
        header = read_header(stream)
    return header is not None and {"precond", "config"} <= header.get("__metadata__", {}).keys()


def is_check_file(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return {"x.npy", "sigma.npy", "D.f32.npy"} <= set(archive.namelist())
    except zipfile.BadZipFile:
        return False


def training_run_of(path):
    """The training run's folder that a file lies in, or None."""
    folder = os.path.dirname(path)
    for candidate in (folder, os.path.dirname(folder)):
        try:
            with open(os.path.join(candidate, "run.json"), encoding="utf-8") as stream:
                if json.load(stream).get("kind") == "train":
                    return candidate
        except (OSError, ValueError, AttributeError):
            continue
    return None


def require_replaceable(path, force, is_own, what, inputs):
    """The rule of docs/formats.md for single files: returns where to write (a link is written through), or fails."""
    target = os.path.realpath(path)
    if not os.path.isdir(os.path.dirname(target)):
        fail(f"{path}: the folder {os.path.dirname(target)} does not exist", INPUT_OUTPUT)
    if not os.path.lexists(path):
        return target
    if not force:
        fail(f"{path}: exists already; name another file, or add --force to replace it", USAGE)
    if not os.path.exists(target):
        return target
    if not os.path.isfile(target):
        fail(f"{path}: exists and is no file; name another one", USAGE)
    if any(os.path.exists(source) and os.path.samefile(target, source) for source in inputs):
        fail(f"{path}: this call reads it; it is not replaced: name another file", USAGE)
    if (run := training_run_of(target)) is not None:
        fail(f"{path}: belongs to the training run {run}; name another file", USAGE)
    if not is_own(target):
        fail(f"{path}: is not {what}, and nothing else is replaced; name another file", USAGE)
    return target
