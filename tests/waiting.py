"""How long a test waits for what has to come: so long that no machine is too slow, as waiting costs nothing.

A test asserts order, counts and states, never how long something took. What a thing costs is measured in tests/bench.
"""

from typing import Final

LONGEST_WAIT: Final = 60.0
"""In seconds."""
