"""What calls have in common: seeds, threads, and how a call is put on record."""

import contextlib
import operator
import os

import torch

from . import _core
from ._errors import UsageError


def whole(value, name):
    try:
        return operator.index(value)
    except TypeError:
        raise UsageError(f"{name}: {value!r}, expected a whole number") from None


def seed_list(seeds):
    """range(64), 7, [1, 5], or a text as on the command line, "0-63"."""
    if isinstance(seeds, str):
        return _core.parse_seeds(seeds)
    try:
        return [whole(seed, "seeds") for seed in seeds]
    except TypeError:
        return [whole(seeds, "seeds")]


def number_text(numbers):
    """[0, 1, 2, 5] as "0-2,5", the command line's text for seeds and budgets."""
    if isinstance(numbers, str):
        return numbers
    parts = []
    for number in seed_list(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def is_text(value):
    return isinstance(value, (str, bytes, os.PathLike))


def text(value):
    """A text or path as bytes: names of files need not be UTF-8."""
    return os.fsencode(value)


def texts(values):
    return [text(value) for value in ([values] if is_text(values) else values)]


def call_text(function, **arguments):
    """["farfield.compare(...)"]: the call in the place of a command line."""
    def short(value):
        words = f"<{type(value).__name__}>" if isinstance(value, torch.Tensor) or hasattr(value, "shape") else repr(value)
        return words if len(words) <= 200 else words[:197] + "..."
    return [f"farfield.{function}({', '.join(f'{key}={short(value)}' for key, value in arguments.items())})"]


@contextlib.contextmanager
def using_threads(threads):
    """torch's number of threads for one call; None leaves it, 0 takes every core this process may use."""
    if threads is None:
        yield
        return
    if whole(threads, "threads") < 0:
        raise UsageError(f"threads: {threads}, expected at least 0")
    before = torch.get_num_threads()
    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
