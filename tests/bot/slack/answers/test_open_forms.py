"""Open forms are remembered, as many as are likely to be open."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.slack.answers.open_forms import OpenForm, OpenForms
from tests.workflows.core.builders import RILEY
from workflows.app.requests.forms import Form
from workflows.core.people import ChatId

BLANK = Form(requester=RILEY.chat_id, target="", template="", justification="", sponsor=RILEY.chat_id, days=0)


def test_the_oldest_forms_are_forgotten() -> None:
    nothing: Any = None
    forms: OpenForms[Form, OpenForm[Form]] = OpenForms(nothing, lambda form: OpenForm(form=form))
    first = forms.update_values("V0", BLANK)
    for number in range(1, 1001):
        forms.update_values(f"V{number}", BLANK)
    assert forms.update_values("V0", BLANK) is not first
    assert forms.update_values("V1000", BLANK) is forms.update_values("V1000", replace(BLANK, days=3))


class _Notes:
    """The notes of two processes."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def put(self, name: str, text: str, *, kept_for: timedelta) -> None:
        self.kept[name] = text

    async def read(self, start: str) -> Mapping[str, str]:
        return {name: text for name, text in self.kept.items() if name.startswith(start)}

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)


class _Windows:
    """Remembers what was shown."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    async def update(self, view_id: str, view: Any, *, person: ChatId) -> None:
        self.shown.append(view)


async def test_a_slow_lookup_of_one_process_does_not_undo_what_another_one_shows() -> None:
    notes, windows = _Notes(), _Windows()
    slow, other = (
        OpenForms[Form, OpenForm[Form]](windows, lambda form: OpenForm(form=form), notes)  # type: ignore[arg-type]
        for _ in range(2)
    )
    looked_up = slow.update_values("V1", BLANK)
    await slow.show("V1", looked_up, lambda: {"of": "the first event"}, person=RILEY.chat_id)
    chosen = other.update_values("V1", replace(BLANK, days=3))
    await other.show("V1", chosen, lambda: {"of": "the second event"}, person=RILEY.chat_id)
    await slow.show("V1", looked_up, lambda: {"of": "the first event, found late"}, person=RILEY.chat_id)
    assert windows.shown == [{"of": "the first event"}, {"of": "the second event"}]
