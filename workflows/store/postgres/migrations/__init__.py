"""The schema in PostgreSQL, as ordered steps. To change it, add a step; never edit a released one.

Alembic applies them. It is loaded only when a step is missing.
"""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
STEPS: Final = ("p001", "p002", "p003")
"""The steps of this version, in their order."""
VERSION_TABLE: Final = "gatehouse_schema"
"""The table with the last step that was applied."""
