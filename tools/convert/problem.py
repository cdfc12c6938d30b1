"""How the converters end when something is wrong: one line, and farfield's exit codes (README)."""

import sys

USAGE, BAD_FILE, INPUT_OUTPUT = 2, 3, 5
MOST_LINES = 20  # of any list in a message


def fail(message, code=BAD_FILE):
    print(f"edm_pickle: {message}", file=sys.stderr)
    sys.exit(code)


def listed(names):
    """The first names of a list, one a line, and how many more there are."""
    names = list(names)
    shown = names if len(names) <= MOST_LINES else names[: MOST_LINES - 1]
    more = [] if len(shown) == len(names) else [f"  and {len(names) - len(shown)} more"]
    return "\n".join([f"  {name}" for name in shown] + more)
