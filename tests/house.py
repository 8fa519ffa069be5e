"""Draw the house from its imports: rooms, floors and arrows, as Mermaid text in docs/architecture.md.

`uv run poe draw` writes the drawing; a test compares it with the imports.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import grimp

PAGE: Final = Path(__file__).parents[1] / "docs" / "architecture.md"
DRAWN: Final = ("workflows", "workflows.core", "bot", "bot.slack")
"""The packages whose rooms are drawn, each with the rooms right below it."""
_MARKS: Final = ("<!-- drawn from the imports: begin -->", "<!-- drawn from the imports: end -->")

Arrows = Mapping[str, frozenset[str]]
"""By room: the rooms that it imports."""


def arrows_of(graph: grimp.ImportGraph, package: str) -> Arrows:
    """Return the rooms right below a package and which of them imports which, through any module inside."""
    rooms = sorted(room for room in graph.find_children(package) if not room.endswith("__main__"))
    inside = {room: {room, *graph.find_descendants(room)} for room in rooms}
    owner = {module: room for room, modules in inside.items() for module in modules}
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for module, room in owner.items():
        for imported in graph.find_modules_directly_imported_by(module):
            other = owner.get(imported)
            if other is not None and other != room:
                found[room].add(other)
    return {room: frozenset(others) for room, others in found.items()}


def floors_of(arrows: Arrows) -> dict[str, int]:
    """Return each room's floor: 0 imports no other room, every other stands above all that it imports.

    :raises ValueError: when rooms import each other in a circle.
    """
    floors: dict[str, int] = {}
    while len(floors) < len(arrows):
        ready = [room for room, others in arrows.items() if room not in floors and others <= floors.keys()]
        if not ready:
            raise ValueError(f"a circle among {sorted(arrows.keys() - floors.keys())}")
        for room in ready:
            floors[room] = 1 + max((floors[other] for other in arrows[room]), default=-1)
    return floors


def shown_arrows(arrows: Arrows) -> Iterator[tuple[str, str]]:
    """Yield the arrows that a reader needs: those that no longer way says already."""
    floors = floors_of(arrows)
    reached: dict[str, frozenset[str]] = {}
    for room in sorted(arrows, key=lambda one: (floors[one], one)):
        behind = frozenset[str]().union(*(reached[other] for other in arrows[room]))
        reached[room] = arrows[room] | behind
        for other in sorted(arrows[room] - behind):
            yield room, other


def drawing(graph: grimp.ImportGraph, package: str) -> str:
    """Return one package as a Mermaid flowchart, with its counts."""
    arrows = arrows_of(graph, package)
    floors = floors_of(arrows)
    short = {room: room.removeprefix(f"{package}.") for room in arrows}
    nodes = [f"    {short[room]}" for room in sorted(arrows, key=lambda one: (-floors[one], one))]
    lines = [f"    {short[room]} --> {short[other]}" for room, other in shown_arrows(arrows)]
    count = f"{len(arrows)} rooms on {1 + max(floors.values())} floors, {sum(map(len, arrows.values()))} arrows"
    chart = "\n".join(["flowchart TD", *nodes, *lines])
    return f"`{package}`: {count}; an arrow that a longer way says already is left out.\n\n```mermaid\n{chart}\n```"


def drawn_page() -> str:
    """Return the page as it has to be."""
    graph = grimp.build_graph("bot", "workflows", cache_dir=None)
    parts = "\n\n".join(drawing(graph, package) for package in DRAWN)
    begin, end = map(re.escape, _MARKS)
    page = PAGE.read_text()
    return re.sub(f"{begin}.*{end}", lambda _: f"{_MARKS[0]}\n\n{parts}\n\n{_MARKS[1]}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(drawn_page())
    sys.stdout.write(f"{PAGE.name} is drawn\n")
