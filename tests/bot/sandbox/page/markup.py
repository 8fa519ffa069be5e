"""Read rendered HTML back: which tags and attributes really came out."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Found:
    """One tag with its attributes."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Found] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(Found(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def tags_of(html: str) -> list[Found]:
    """Every start tag in order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def text_of(html: str) -> str:
    """What a reader sees, blanks collapsed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.text).split())


def with_data(html: str, **data: str) -> Found:
    """The one tag that has these data attributes (underscores for hyphens)."""
    wanted = {f"data-{name.replace('_', '-')}": value for name, value in data.items()}
    found = [tag for tag in tags_of(html) if wanted.items() <= tag.attributes.items()]
    assert len(found) == 1, f"{len(found)} tags with {wanted}"
    return found[0]
