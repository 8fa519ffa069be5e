"""Draw the packages and their imports as Mermaid text in docs/architecture.md.

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
"""The packages whose packages are drawn, each with the packages right below it."""
_MARKS: Final = ("<!-- drawn from the imports: begin -->", "<!-- drawn from the imports: end -->")

Arrows = Mapping[str, frozenset[str]]
"""The packages that each package imports."""


def arrows_of(graph: grimp.ImportGraph, package: str) -> Arrows:
    """Return the packages right below a package, each with those that it imports, through any module inside."""
    children = sorted(child for child in graph.find_children(package) if not child.endswith("__main__"))
    inside = {child: {child, *graph.find_descendants(child)} for child in children}
    owner = {module: child for child, modules in inside.items() for module in modules}
    found: dict[str, set[str]] = {child: set() for child in children}
    for module, child in owner.items():
        for imported in graph.find_modules_directly_imported_by(module):
            other = owner.get(imported)
            if other is not None and other != child:
                found[child].add(other)
    return {child: frozenset(others) for child, others in found.items()}


def layers_of(arrows: Arrows) -> dict[str, int]:
    """Return each package's layer: 0 imports no other package; every other one is above all that it imports.

    :raises ValueError: when packages import each other.
    """
    layers: dict[str, int] = {}
    while len(layers) < len(arrows):
        ready = [package for package, others in arrows.items() if package not in layers and others <= layers.keys()]
        if not ready:
            raise ValueError(f"a circle among {sorted(arrows.keys() - layers.keys())}")
        for package in ready:
            layers[package] = 1 + max((layers[other] for other in arrows[package]), default=-1)
    return layers


def shown_arrows(arrows: Arrows) -> Iterator[tuple[str, str]]:
    """Yield the imports to draw: those that do not follow from other imports."""
    layers = layers_of(arrows)
    reached: dict[str, frozenset[str]] = {}
    for package in sorted(arrows, key=lambda one: (layers[one], one)):
        indirect = frozenset[str]().union(*(reached[other] for other in arrows[package]))
        reached[package] = arrows[package] | indirect
        for other in sorted(arrows[package] - indirect):
            yield package, other


def drawing(graph: grimp.ImportGraph, package: str) -> str:
    """Return one package as a Mermaid flowchart, with its counts."""
    arrows = arrows_of(graph, package)
    layers = layers_of(arrows)
    short = {child: child.removeprefix(f"{package}.") for child in arrows}
    nodes = [f"    {short[child]}" for child in sorted(arrows, key=lambda one: (-layers[one], one))]
    lines = [f"    {short[child]} --> {short[other]}" for child, other in shown_arrows(arrows)]
    count = f"{len(arrows)} packages in {1 + max(layers.values())} layers, {sum(map(len, arrows.values()))} imports"
    chart = "\n".join(["flowchart TD", *nodes, *lines])
    return f"`{package}`: {count}; an import that follows from others is left out.\n\n```mermaid\n{chart}\n```"


def drawn_page() -> str:
    """Return the page with the present drawing."""
    graph = grimp.build_graph("bot", "workflows", cache_dir=None)
    parts = "\n\n".join(drawing(graph, package) for package in DRAWN)
    begin, end = map(re.escape, _MARKS)
    page = PAGE.read_text()
    return re.sub(f"{begin}.*{end}", lambda _: f"{_MARKS[0]}\n\n{parts}\n\n{_MARKS[1]}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(drawn_page())
    sys.stdout.write(f"{PAGE.name} is drawn\n")
