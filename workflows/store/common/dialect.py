"""What is written differently in SQLite and in PostgreSQL. Everything else of a shared statement is the same in both.

A value is marked with `?`. A list of texts is one value: a list in JSON.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Conditions on one column. Each but the last takes one value.

    NB. columns are constants in the code, never input.
    """

    among: str
    """The text of the column is in a list."""
    contains: str
    """The text of the column contains a text."""
    overlaps: str
    """The column, a list in JSON or an empty text, and a list have a text in common."""
    has_word_of: str
    """A word of the column is in a list. Words are separated by spaces."""
    unindexed: str
    """The column, so that its own index is not used."""


SQLITE: Final = Dialect(
    among="{0} in (select value from json_each(?))",
    contains="instr({0}, ?) > 0",
    # NB. json_each reads no empty text, but null.
    overlaps="""exists (select 1 from json_each(nullif({0}, '')) as one
        where one.value in (select value from json_each(?)))""",
    has_word_of="exists (select 1 from json_each(?) where instr(' ' || {0} || ' ', ' ' || value || ' ') > 0)",
    # SQLite: "The Query Optimizer Overview", unary plus
    unindexed="+{0}",
)

POSTGRES: Final = Dialect(
    among="{0} = any(array(select jsonb_array_elements_text(?::jsonb)))",
    contains="strpos({0}, ?) > 0",
    overlaps="""exists (select 1 from jsonb_array_elements_text(nullif({0}, '')::jsonb) as one(value)
        where one.value in (select jsonb_array_elements_text(?::jsonb)))""",
    has_word_of="string_to_array({0}, ' ') && array(select jsonb_array_elements_text(?::jsonb))",
    unindexed="{0}",
)
