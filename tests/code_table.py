"""The table of sign-in codes in docs/troubleshooting.md, from the one list that the command uses too.

`uv run poe codes` writes it.
"""

from pathlib import Path
from typing import Final

from bot.words.findings.diagnosis.sign_in_codes import code_rows

PAGE: Final = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
_BEGIN: Final = "<!-- sign-in codes: begin -->\n"
_END: Final = "<!-- sign-in codes: end -->"
_HEAD: Final = "| Error | What it means | What to do |\n|---|---|---|"


def written_page(page: str) -> str:
    """Return the page with the table of the list."""
    head, rest = page.split(_BEGIN)
    _, tail = rest.split(_END)
    return f"{head}{_BEGIN}\n" + "\n".join([_HEAD, *code_rows()]) + f"\n\n{_END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(written_page(PAGE.read_text()))
