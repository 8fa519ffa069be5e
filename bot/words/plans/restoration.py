"""What restoring previous settings does not restore, in words."""

from collections.abc import Mapping
from typing import Final

from workflows.core.errors import Values
from workflows.core.partners.restoration import RestorationCode

_WORDS: Final[Mapping[RestorationCode, str]] = {
    RestorationCode.RESTORES_A_PART: "{request_id} ended half-way, so perhaps not all of it was written. What is put "
    "back is planned from what stands now.",
    RestorationCode.RESTORES_INHERITANCE: "This partner had no settings of its own before {request_id}. It is not "
    "deleted: every setting is set to inherit, so the tenant's defaults apply to it, as before.",
    RestorationCode.NOT_RESTORED: "Not as before {request_id}, and left as it is, because Gatehouse does not write it: "
    "{settings}.",
}


def restoration_finding_words(code: str, values: Values) -> str:
    """Return the sentence of one of `RestorationCode`."""
    settings = ", ".join(values.get("settings", ()))
    return _WORDS[RestorationCode(code)].format(request_id=values["request_id"], settings=settings)
