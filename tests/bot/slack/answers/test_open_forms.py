"""Open forms are remembered, as many as are likely to be open."""

from dataclasses import replace
from typing import Any

from bot.slack.answers.open_forms import OpenForm, OpenForms
from tests.workflows.core.builders import RILEY
from workflows.app.requests.forms import Form

BLANK = Form(requester=RILEY.chat_id, target="", template="", justification="", sponsor=RILEY.chat_id, days=0)


def test_the_oldest_forms_are_forgotten() -> None:
    nothing: Any = None
    forms: OpenForms[Form, OpenForm[Form]] = OpenForms(nothing, lambda form: OpenForm(form=form))
    first = forms.update_values("V0", BLANK)
    for number in range(1, 1001):
        forms.update_values(f"V{number}", BLANK)
    assert forms.update_values("V0", BLANK) is not first
    assert forms.update_values("V1000", BLANK) is forms.update_values("V1000", replace(BLANK, days=3))
