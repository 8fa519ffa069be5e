"""How large a sheet may be. Beyond it nothing is read: a file is text from outside."""

from typing import Final

MAX_BYTES: Final = 10 * 2**20
"""The largest file."""
MAX_UNPACKED_BYTES: Final = 100 * 2**20
"""The most bytes that a compressed file may become."""
MAX_ROWS: Final = 10_000
"""The most rows of a sheet, without its header."""
MAX_DRAFT_ROWS: Final = 3_000
"""The most rows of a sheet of which a draft is made. A batch is one record, which is stored whole with every change:
at this size in a tenth of a second of processor time, in which the bot answers nobody. A report may have `MAX_ROWS`."""
MAX_COLUMNS: Final = 60
MAX_CELL_CHARACTERS: Final = 32_767
"""The most characters of a cell. Source: Microsoft, "Excel specifications and limits"."""
MAX_XML_DEPTH: Final = 64
"""How many elements of a workbook's XML may be inside each other. Excel writes fewer than 20."""
MAX_XML_ELEMENTS: Final = 2_500_000
"""The most elements of a part: four for each cell of the largest sheet. Reading them takes some seconds."""
MAX_XML_SILENCE: Final = 2**20
"""How many bytes of XML may follow each other without an element or a text. The parser keeps them all."""
