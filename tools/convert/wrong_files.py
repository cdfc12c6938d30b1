"""Files that people hand to the converter and that are something else, named as what they are."""

import os
import zipfile

from problem import INPUT_OUTPUT, fail

STARTS = {
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself; run 'git lfs pull' where it was cloned",
    b"<": "is a web page (HTML or XML), not a checkpoint; the download failed: fetch the file itself",
    b"\x1f\x8b": "is compressed with gzip; unpack it first (gunzip, or tar xzf)",
    b"\x89HDF\r\n\x1a\n": "is HDF5 (Keras?); only PyTorch checkpoints are converted",
    b"\x89PNG": "is a PNG picture, not a checkpoint",
    b"\x93NUMPY": "is a numpy array, not a checkpoint",
}
LEGACY_TORCH_SAVE = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def kind_of(path):
    """'pickle', 'torch.save' or 'safetensors'; fails, saying what it is, for everything else."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(512)
    except OSError as error:
        fail(f"{path}: {os.strerror(error.errno)}", INPUT_OUTPUT)
    if not head:
        fail(f"{path}: is empty; was the download cut off?")
    for start, what in STARTS.items():
        if head.lstrip().startswith(start):
            fail(f"{path}: {what}")
    if head[257:262] == b"ustar":
        fail(f"{path}: is a tar archive; unpack it and give the checkpoint inside")
    if head.startswith(b"PK"):
        return kind_of_zip(path)
    if head.startswith(LEGACY_TORCH_SAVE):
        return "torch.save"
    if head[8:9] == b"{":
        return "safetensors"
    if head[:1] == b"\x80" and (b"batch_label" in head or (b"data" in head and b"numpy" in head)):
        fail(f"{path}: is a batch of CIFAR's Python version (images, a pickle), not a network")
    if head[:1] == b"\x80":
        return "pickle"
    fail(f"{path}: is no checkpoint that this converter knows (a pickle, a file of torch.save, or safetensors)")


def kind_of_zip(path):
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.split("/", 1)[-1] for name in archive.namelist()]
    except zipfile.BadZipFile:
        fail(f"{path}: begins like a zip archive but has no directory; it is cut off or still being downloaded")
    if any(name.startswith("code/") for name in names):
        fail(f"{path}: is TorchScript; it needs no conversion: farfield sample --model "
             f"{path},convention=denoiser,shape=CxHxW --trust")
    if "data.pkl" in names:
        return "torch.save"
    if any(name.endswith(".npy") for name in names):
        fail(f"{path}: is an .npz of numpy arrays, not a checkpoint")
    fail(f"{path}: is a zip archive, not one of torch.save; unpack it and give the checkpoint inside")
