"""What a restoration does not restore has a sentence for every code, the one that findings contain."""

import pytest

from bot.words.plans.restoration import restoration_finding_words
from workflows.core.partners.restoration import RestorationCode

GOLDEN = {
    RestorationCode.RESTORES_A_PART: "R-1 ended half-way, so perhaps not all of it was written. What is put back is "
    "planned from what stands now.",
    RestorationCode.RESTORES_INHERITANCE: "This partner had no settings of its own before R-1. It is not deleted: "
    "every setting is set to inherit, so the tenant's defaults apply to it, as before.",
    RestorationCode.NOT_RESTORED: "Not as before R-1, and left as it is, because Gatehouse does not write it: a, b.",
}


@pytest.mark.parametrize("code", RestorationCode)
def test_every_code_has_its_sentence(code: RestorationCode) -> None:
    assert restoration_finding_words(code.value, {"request_id": "R-1", "settings": ["a", "b"]}) == GOLDEN[code]
