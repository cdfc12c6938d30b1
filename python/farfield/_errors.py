"""The errors of farfield: one class for every exit code of the program, with the same one-line text."""


class Error(Exception):
    """What every error of farfield is; `exit_code` is what the program would have exited with."""

    exit_code = 1


class BugError(Error, RuntimeError):
    """A broken promise of farfield's own."""

    exit_code = 1


class UsageError(Error, ValueError):
    """An argument, a config, or a function of yours that does not do what it should."""

    exit_code = 2


class BadFileError(Error, ValueError):
    """An input file that is damaged or of the wrong kind."""

    exit_code = 3


class NumericError(Error, ArithmeticError):
    """NaN or infinity where none may be."""

    exit_code = 4


class IoError(Error, OSError):
    """Disk full, no permission, a path that is missing."""

    exit_code = 5


class OutOfMemoryError(Error, MemoryError):
    """Out of memory; a smaller batch needs less."""

    exit_code = 6


class InterruptedRunError(Error):
    """Stopped by a signal, state saved."""

    exit_code = 7


class TrustError(Error, PermissionError):
    """A file that runs code, without your consent (trust=True)."""

    exit_code = 8
