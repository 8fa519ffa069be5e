"""Long pauses made short in forked processes, for the stories that are not about them.

A pause keeps a limit of Entra's, or gives its replicas time. Its length is held where it is tested: the limit of
Conditional Access by a story of its own, the others in tests/workflows.
"""

from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Final

_SHORTER: Final = 0.05


class HastyProcess(ForkServerProcess):
    """A forked process that makes short pauses."""

    def run(self) -> None:
        """Shorten the pauses, then do what it is there for."""
        hurry()
        super().run()


class HastyForks(ForkServerContext):
    """Forks such processes."""

    Process = HastyProcess


def hurry() -> None:
    """Shorten the pauses of this process."""
    from workflows.effects import apply, further_writes, outbox
    from workflows.entra import tenant_settings

    for limit in ("_CONDITIONAL_ACCESS", "_REPORTS"):
        most, _ = getattr(tenant_settings, limit)
        _set(tenant_settings, limit, (most, 0.0))
    _set(apply, "READ_BACK_AFTER", tuple(rest * _SHORTER for rest in apply.READ_BACK_AFTER))
    _set(further_writes, "_READ_AFTER", tuple(rest * _SHORTER for rest in further_writes._READ_AFTER))
    _set(further_writes, "_REST", further_writes._REST * _SHORTER)
    _set(outbox, "_POLL_SECONDS", outbox._POLL_SECONDS / 5)


def _set(module: ModuleType, name: str, value: object) -> None:
    assert hasattr(module, name), name
    setattr(module, name, value)
