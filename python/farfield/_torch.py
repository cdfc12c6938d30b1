"""The module is linked against one torch; with another its symbols are missing, or worse, mean something else."""


def load_core(version):
    """Imports farfield._core, or says why it cannot be with this torch."""
    try:
        from ._built_with import torch_version as built
    except ImportError as error:
        raise ImportError("this is farfield's source, without its compiled module: pip install --no-build-isolation .") from error

    def public(text):
        return text.split("+")[0]

    again = "install farfield again beside this one (pip install --no-build-isolation .)"
    if public(built) != public(version):
        raise ImportError(f"farfield was built with torch {built}, but this is torch {version}; {again}")
    try:
        from . import _core
    except ImportError as error:
        raise ImportError(f"farfield's module does not load with torch {version}: {error}; {again}") from error
    return _core
