"""The short list of similar characters says what the package says."""

import subprocess
import sys

from confusable_homoglyphs import confusables

from tests.waiting import LONGEST_WAIT
from workflows.partner_lookup.similar_characters import load_prototypes


def test_the_short_list_agrees_with_the_package_about_every_character() -> None:
    prototypes = load_prototypes()
    for character in confusables.confusables_data:
        if character.isascii() or len(character) > 1:
            continue
        found = confusables.is_confusable(character, preferred_aliases=[])
        alike = sorted(one["c"] for one in found[0]["homoglyphs"] if one["c"].isascii() and one["c"].isalnum())
        assert prototypes.get(character, character) == (alike[0].lower() if alike else character), character
    assert prototypes["\N{CYRILLIC SMALL LETTER A}"] == "a"
    assert len(prototypes) > 500


def test_the_packages_own_list_is_not_imported() -> None:
    """It would be read by each start, and stay in memory."""
    code = "import sys, workflows.partner_lookup.lookalikes; print('confusable_homoglyphs.confusables' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONGEST_WAIT)
    assert ran.stdout == "False\n"
