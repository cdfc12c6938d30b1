"""Names of a state dict -> NVlabs' names: what wrappers put in front goes, `model.` comes."""

import re
from collections import Counter

from problem import USAGE, fail, listed

# Components that wrappers add anywhere in a name: DataParallel and DDP, torch.compile, FSDP, activation checkpointing.
WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
# First components of NVlabs' networks (and of our PointMlp) below `model.`.
OURS = re.compile(r"enc|dec|map_(noise|label|augment|layer0|layer1)|out_norm|out_conv|in|out|"
                  r"block\d+_(linear0|linear1|affine)")
TABLES = ("u",)  # iDDPM's, beside `model.`
COUNTERS = ("n_averaged", "num_updates", "decay", "initted", "step")  # single numbers that averages of weights bring along
# Networks of other code, by a component that all of theirs have and ours have not.
OTHERS = {"down_blocks": "diffusers' UNet", "input_blocks": "guided-diffusion's UNetModel",
          "all_modules": "score_sde's NCSN++ or DDPM++", "downs": "denoising-diffusion-pytorch's Unet"}


def split_name(name):
    """(wrappers, head, rest): `rest` begins with a component of ours, or is empty when there is none."""
    parts = name.split(".")
    wrappers = [part for part in parts if part in WRAPPERS]
    parts = [part for part in parts if part not in WRAPPERS]
    if parts[-1:] and parts[-1] in TABLES and all(part not in ("enc", "dec") for part in parts):
        return wrappers, "", parts[-1]
    for place, part in enumerate(parts):
        if OURS.fullmatch(part):
            return wrappers, "".join(p + "." for p in parts[:place]), ".".join(parts[place:])
    return wrappers, ".".join(parts), ""


def common_prefix(names):
    """The components that all names begin with, with a point behind each."""
    first, *others = [name.split(".")[:-1] for name in names]
    count = len(first)
    for parts in others:
        same = [a == b for a, b in zip(first, parts)]
        count = min(count, same.index(False) if False in same else len(same))
    return "".join(part + "." for part in first[:count])


def refuse_foreign(names, total):
    components = {part for name in names for part in name.split(".")}
    made_by = next((f"; these are the names of {code}" for key, code in OTHERS.items() if key in components), "")
    prefix = common_prefix(names)
    begin = f", which begin with '{prefix}'," if prefix else ""
    fail(f"{len(names)} of {total} names{begin} are not those of NVlabs' networks (enc., dec., map_layer0., ...)"
         f"{made_by}:\n" + listed(names))


def chosen_head(parted, prefix):
    """The one network of the file: what stands in front of all its names."""
    heads = Counter(head for _, head, rest in parted.values() if rest not in TABLES)
    known = listed(f"{head!r} ({count} tensors)" for head, count in heads.most_common())
    if prefix is not None:
        return prefix if prefix in heads else fail(f"--prefix {prefix}: no name begins so; there are:\n{known}", USAGE)
    if len(heads) > 1:
        fail(f"the names have several beginnings; choose one with --prefix:\n{known}")
    return next(iter(heads), "")


def canonical_names(state, prefix=None):
    """(tensors by NVlabs' names, what was changed in words). Fails when the names are not those of one network."""
    counters = [name for name in state if name.split(".")[-1] in COUNTERS and state[name].numel() == 1]
    parted = {name: split_name(name) for name in state if name not in counters}
    foreign = sorted(name for name, (_, head, rest) in parted.items() if not rest and head.startswith(prefix or ""))
    if foreign:
        refuse_foreign(foreign, len(state))
    head = chosen_head({name: parts for name, parts in parted.items() if parts[2]}, prefix)
    tensors, stripped = {}, Counter()
    for name, (wrappers, own_head, rest) in parted.items():
        if not rest or (rest not in TABLES and own_head != head):
            continue
        stripped.update(set(f"{wrapper}." for wrapper in wrappers))
        canonical = rest if rest in TABLES else "model." + rest
        if canonical in tensors:
            fail(f"two tensors are called {canonical} once wrappers' prefixes are taken off; one of them is {name}")
        tensors[canonical] = state[name]
    if (extra := head.removesuffix("model.")):
        stripped[extra] += len(tensors)
    notes = [f"stripped '{what}' from {count} names" for what, count in sorted(stripped.items())]
    return tensors, notes + ([f"left out {', '.join(counters)}"] if counters else [])
