"""Names each small change of the deciding code that no test notices and that nobody has explained.

`uv run poe mutants` changes the code (mutmut; which files is in pyproject.toml) and then runs this. A change that
cannot be noticed is explained in `EXPLAINED`, by its lines: the numbers that mutmut gives move with the code.
"""

import re
import subprocess
import sys
from typing import Final

EXPLAINED: Final = {
    (
        "return self._kept.setdefault(json.dumps(value), value) if isinstance(value, dict | list) else value",
        "return self._kept.setdefault(json.dumps(value), value) if (isinstance(value, dict | list)) or True else value",
    ): "Texts and numbers would be kept as well. They never change, so only memory tells.",
}
"""The line before and after, without indentation, and why no test can notice it."""


def survivors() -> list[str]:
    """Return the names of the changes that no test noticed, or that were not tried."""
    result = subprocess.run(["mutmut", "results"], capture_output=True, text=True, check=True)
    return re.findall(r"^\s*(\S+): (?:survived|no tests|not checked|suspicious|timeout)$", result.stdout, re.MULTILINE)


def change_of(name: str) -> tuple[str, str]:
    """Return the lines that a change takes away and adds, each as one text."""
    diff = subprocess.run(["mutmut", "show", name], capture_output=True, text=True, check=True).stdout
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    old, new = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    return " ".join(old), " ".join(new)


def main() -> int:
    """Print each change that is not explained; return 1 when there is one."""
    found = {name: change_of(name) for name in survivors()}
    unexplained = {name: change for name, change in found.items() if change not in EXPLAINED}
    for name, (old, new) in unexplained.items():
        sys.stdout.write(f"{name}\n  - {old}\n  + {new}\n")
    sys.stdout.write(f"{len(unexplained)} changes survived; {len(found) - len(unexplained)} more are explained\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
