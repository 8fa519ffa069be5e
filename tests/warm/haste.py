"""Long pauses made short, for the stories that are not about them.

A pause keeps a limit of Entra's, or gives its replicas time. Its length is held where it is tested: the limit of
Conditional Access by a story of its own, the others in tests/workflows.
"""

from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Final

_SHORTER: Final = 0.05
_LIMITS: Final = ("_CONDITIONAL_ACCESS", "_REPORTS")


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
    """Shorten the pauses of this process, and look more often for what is due."""
    from workflows.effects import outbox

    for module, name, value in short_pauses():
        setattr(module, name, value)
    assert hasattr(outbox, "_POLL_SECONDS")
    setattr(outbox, "_POLL_SECONDS", outbox._POLL_SECONDS / 5)  # noqa: B010


def short_pauses() -> list[tuple[ModuleType, str, object]]:
    """List the pauses by module and name, with what they are shortened to."""
    from workflows.effects import apply, further_writes
    from workflows.entra import tenant_settings

    return [
        *((tenant_settings, name, (getattr(tenant_settings, name)[0], 0.0)) for name in _LIMITS),
        (apply, "READ_BACK_AFTER", tuple(rest * _SHORTER for rest in apply.READ_BACK_AFTER)),
        (further_writes, "_READ_AFTER", tuple(rest * _SHORTER for rest in further_writes._READ_AFTER)),
        (further_writes, "_REST", further_writes._REST * _SHORTER),
    ]
