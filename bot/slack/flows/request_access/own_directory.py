"""Answer the selects of the request form that search our own directory by name."""

from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Option

from bot.slack import ids
from bot.slack.answers.open_forms import OpenForms
from bot.slack.answers.windows import ModalWindows
from bot.slack.blocks.modal import option
from bot.slack.flows.request_access.open_form import OpenRequestForm
from bot.slack.payloads.forms import parse_form, searched_template
from bot.slack.payloads.models import Interaction
from bot.words.names.found_object import found_name, found_words
from workflows.app.reads.object_search import ObjectSearch
from workflows.app.reads.offers import Offers
from workflows.app.requests.forms import Form
from workflows.core.errors.facts import Fact
from workflows.core.settings.model import is_guid
from workflows.ports.tenant_settings import FoundObject


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDirectorySearch:
    """Offers our own groups, users and applications while a name is typed."""

    names: ObjectSearch
    offers: Offers
    forms: OpenForms[Form, OpenRequestForm]
    windows: ModalWindows

    async def suggest(self, ack: AsyncAck, event: Interaction) -> None:
        """Offer what begins with the typed text. A typed ID is offered as it is: it is checked when it is sent."""
        name = event.action_id.removeprefix(ids.PLACEHOLDER_PREFIX)
        typed = event.value.strip()
        if is_guid(typed.strip("{}")):
            await ack(options=[option(f"ID {typed}", typed)])
            return
        objects = await self.names.find(event.actor, searched_template(event), name, event.value)
        await ack(options=[_choice(found_object) for found_object in objects.objects])
        if objects.problem is not None:
            self.windows.background.start(self._ask_for_id(event, name, objects.problem))

    async def _ask_for_id(self, event: Interaction, name: str, problem: Fact) -> None:
        """Replace the select by a field for the ID, and say why."""
        form = parse_form(event)
        if not form.template:
            return  # the payload contains no values, so an update of the form would erase them
        open_form = self.forms.update_values(event.required_view.id, form)
        open_form.unsearchable[name] = problem
        open_form.offers = open_form.offers or await self.offers.open(form.template)
        await self.forms.show(event.required_view.id, open_form, open_form.view, person=event.actor)


def _choice(found_object: FoundObject) -> Option:
    return option(found_name(found_object), found_object.id, found_words(found_object))
