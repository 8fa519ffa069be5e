"""Run benchmarks: `uv run python -m tests.bench [NAME …]`; each prints one line of JSON.

Without a name, all of them. What they measure and what is meant to come out is in docs/performance.md. Nothing is
asserted about time: a number is to be read, on a machine that is known.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tests.bench import adoptions, clicks, effects, guest_lists, histories, onboardings, replicas, sheets, starting
from tests.bench.stage.statistics import rounded

BENCHMARKS: Final[dict[str, Callable[[], Coroutine[Any, Any, dict[str, object]]]]] = {
    "ack": clicks.ack,
    "open-loop": clicks.open_loop,
    "slow-graph": clicks.slow_graph,
    "effects": effects.effects,
    "half-bodies": clicks.half_bodies,
    "click-to-card": clicks.click_to_card,
    "start": starting.start,
    "calls": onboardings.calls,
    "onboarding": onboardings.onboarding,
    "adoptions": adoptions.adopt,
    "guests": guest_lists.guests,
    "history": histories.history,
    "partners": starting.partners,
    "posture": starting.posture,
    "sheets": sheets.sheets,
    "backlog": histories.backlog,
    "replicas": replicas.replicas,
}


def main() -> None:
    """Run the named benchmarks, one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME", help=", ".join(BENCHMARKS))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # it doubles every start
    for name in parser.parse_args().names or BENCHMARKS:
        began = time.perf_counter()
        result = asyncio.run(BENCHMARKS[name]())
        seconds = round(time.perf_counter() - began)
        print(json.dumps({"benchmark": name, **rounded(result), "took_s": seconds}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
