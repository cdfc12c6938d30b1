"""Training a network on a data set."""

import json
import os

from . import _core
from ._calls import call_text, text, texts, using_threads
from ._errors import UsageError


def train(config, *, out, on_tick=None, settings=None, init=None, resume=False, replace=False, allow_change=(),
          snapshot_at=(), max_time=None, device="auto", precision="auto", threads=None):
    """Trains a network on a data set, as `farfield train` does, and leaves the run in the folder `out`.

    config        the path of a YAML file (configs/train/) or of a run's run.json, or the same as a dict:
                  {"data": {"source": "glyphs"}, "run": {"images": 100_000}}
    on_tick       called with every line of log.jsonl as a dict ("images", "loss", "learning_rate", ...). What it raises
                  ends the run
    settings      {"run.seed": 1}: over the config, as --set
    init          begin with the weights of a native network file or run
    resume        go on with the run in `out`;  allow_change: settings that may differ from the run's
    replace       replace the run in `out`, as --replace-run
    snapshot_at   further snapshots, at these numbers of images
    max_time      seconds, or a text "15m": then the run stops with its state saved (InterruptedRunError)

    Ctrl-C stops with the state saved, too: the KeyboardInterrupt's __cause__ says where it stopped. Returns `out`, which
    load() and sample() take as a model.
    """
    if resume and replace:
        raise UsageError("--resume goes on with a run, --replace-run replaces it: give one")
    given = []
    for key, value in (settings or {}).items():
        given.append(f"{key}={value if isinstance(value, str) else json.dumps(value)}")
    if precision != "auto":
        given.append(f"run.precision={precision}")
    if snapshot_at:
        given.append(f"run.snapshot_at={json.dumps(list(snapshot_at))}")
    inputs = []
    if isinstance(config, dict):
        try:
            content, origin = json.dumps(config), "config"
        except (TypeError, ValueError) as error:
            raise UsageError(f"config: {error}; expected numbers, texts, lists and dicts") from None
    else:
        content, origin = "", text(config)
        inputs.append(origin)
    options = _core.TrainCall()
    options.out, options.init = text(out), "" if init is None else text(init)
    options.resume, options.replace, options.allow_change = resume, replace, texts(allow_change)
    options.max_time = "" if max_time is None else str(max_time)
    options.inputs, options.device = inputs, device
    options.command = call_text("train", config=config, out=os.fspath(out), resume=resume)

    with using_threads(threads):
        _core.train(content, origin, given, options, on_tick)
    return os.fspath(out)
