"""The list of changes that no test can notice names only changes that mutmut makes today, each with a reason."""

import difflib
import tomllib
from pathlib import Path
from typing import Final

import libcst
import pytest
from mutmut.mutation.file_mutation import create_mutations

from tests.mutants import EXPLAINED, changed_lines

PROJECT: Final = Path(__file__).parents[1]
MUTMUT: Final = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mutmut"]
CHANGED: Final = [path for pattern in MUTMUT["only_mutate"] for path in sorted(PROJECT.glob(pattern))]


def possible_changes(path: Path, befores: set[str]) -> set[tuple[str, str]]:
    """Return the changes that mutmut makes of a file, in the functions in which one of these lines stands."""
    code = path.read_text()
    if not any(before.split(" ")[0] in code for before in befores):
        return set()
    module, mutations, _, _ = create_mutations(str(path.relative_to(PROJECT)), code)
    found = set()
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if function is None:
            continue
        old = module.code_for_node(function)
        if not any(before in " ".join(line.strip() for line in old.splitlines()) for before in befores):
            continue
        changed = function.deep_replace(mutation.original_node, mutation.mutated_node)
        assert isinstance(changed, libcst.CSTNode)
        lines = difflib.unified_diff(old.splitlines(), module.code_for_node(changed).splitlines(), lineterm="")
        found.add(changed_lines("\n".join(lines)))
    return found


@pytest.mark.slow
def test_every_explained_change_is_one_that_is_made() -> None:
    befores = {before for before, _ in EXPLAINED}
    made = set().union(*(possible_changes(path, befores) for path in CHANGED))
    assert sorted(set(EXPLAINED) - made) == []
    assert all(len(reason) > 20 for reason in EXPLAINED.values())


def test_every_file_that_is_changed_exists_and_every_test_that_is_run() -> None:
    for pattern in MUTMUT["only_mutate"]:
        assert list(PROJECT.glob(pattern)), pattern
    for place in MUTMUT["pytest_add_cli_args_test_selection"]:
        assert (PROJECT / place).exists(), place
