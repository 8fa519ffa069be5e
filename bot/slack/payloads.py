"""Parse Slack payloads once, at the entry: only what the bot uses, only in the shapes it understands.

Ids in a payload (request ids, digests, tenant ids in values and metadata) are not verified. What they name is loaded
and checked again.

This file is long because each kind of payload has one model here.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.slack import ids
from workflows.app.requests.intake import Form
from workflows.app.requests.restore_intake import RestoreForm
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partner_setup.steps import StepKey
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import Subject
from workflows.core.requests.request import RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.target import is_tenant_id

_NOT_TEXT: Final = re.compile("[\ud800-\udfff]")
"""Single surrogates: JSON can contain them, and text storage cannot."""
_REQUEST_ID: Final = r"^R-[A-Z2-7]{10}$"
_DIGEST: Final = r"^[0-9a-f]{64}$"


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Unreadable(Exception):
    """A payload that the bot does not understand."""


class _Team(_Payload):
    id: str


class _User(_Payload):
    id: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]+$", max_length=40)]
    team_id: str | None = None


class _Container(_Payload):
    channel_id: str = ""
    message_ts: str = ""
    view_id: str = ""
    is_ephemeral: bool = False


class _Action(_Payload):
    action_id: str
    block_id: str = ""
    value: str = ""
    action_ts: str = ""


class _Option(_Payload):
    value: str = ""


class _Element(_Payload):
    value: str | None = None
    selected_user: str | None = None
    selected_option: _Option | None = None


class _State(_Payload):
    values: dict[str, dict[str, _Element]] = Field(default_factory=dict)


class _View(_Payload):
    id: str
    callback_id: str = ""
    hash: str = ""
    private_metadata: str = ""
    root_view_id: str = ""
    app_installed_team_id: str | None = None
    state: _State = _State()

    def value(self, block_id: str) -> str:
        """Return the value of one input, for any element; empty when there is none."""
        element = next(iter(self.state.values.get(block_id, {}).values()), _Element())
        return element.value or element.selected_user or (element.selected_option or _Option()).value


class Interaction(_Payload):
    """A click, a shortcut or a submitted view."""

    type: str
    user: _User
    team: _Team | None = None
    trigger_id: str = ""
    response_url: str = ""
    container: _Container = _Container()
    actions: tuple[_Action, ...] = ()
    view: _View | None = None

    @property
    def actor(self) -> ChatId:
        """Return the user, as Slack verified."""
        return ChatId(self.user.id)

    @property
    def channel(self) -> str:
        """Return the channel; empty for views."""
        return self.container.channel_id

    @property
    def action(self) -> _Action:
        """Return the only action of a click."""
        return self.actions[0]

    @property
    def name(self) -> str:
        """Return the button's action_id, the view's callback_id, or else the payload's type."""
        if self.actions:
            return self.action.action_id
        return self.view.callback_id if self.view is not None and self.view.callback_id else self.type

    @property
    def the_view(self) -> _View:
        """Return the view of the click.

        :raises Refused: when there is none.
        """
        if self.view is None:
            raise Refused(RefusalCode.NO_VIEW)
        return self.view

    def is_in(self, callback_id: str) -> bool:
        """Return whether it happened in a window of this kind."""
        return self.view is not None and self.view.callback_id == callback_id

    @property
    def key(self) -> str:
        """Return the key of this action: the same for every repeated delivery, and different for every other action."""
        if self.type == "view_submission":
            # The values belong to the action: a corrected form that is sent again is another action.
            filled_in = json.dumps(self.the_view.state.model_dump(), sort_keys=True)
            parts = [self.the_view.id, self.the_view.hash, filled_in]
        elif self.actions:
            parts = [self.action.action_ts, self.action.action_id, self.action.block_id, self.action.value]
            parts += [self.container.channel_id, self.container.message_ts, self.container.view_id]
        else:
            parts = [self.trigger_id]
        hashed = hashlib.sha256(json.dumps([self.user.id, *parts]).encode()).hexdigest()
        return f"{self.type}:{hashed[:32]}"


class Invocation(_Payload):
    """A slash command."""

    user_id: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]+$", max_length=40)]
    team_id: str
    channel_id: str = ""
    text: Annotated[str, StringConstraints(max_length=4000)] = ""
    trigger_id: str
    response_url: str = ""

    @property
    def actor(self) -> ChatId:
        """Return who typed it, as Slack verified."""
        return ChatId(self.user_id)

    @property
    def key(self) -> str:
        """Return the key of this command: the same for every repeated delivery."""
        return f"command:{self.trigger_id}"

    @property
    def stored_name(self) -> str:
        """Return its name in the audit log."""
        return f"/partner {self.verb}"

    @property
    def verb(self) -> str:
        """Return the first word, lower case; `help` when there is none."""
        return (self.text.split() or ["help"])[0].lower()

    @property
    def argument(self) -> str:
        """Return everything after the first word."""
        return "".join(self.text.split(maxsplit=1)[1:]).strip()


class _OpenedHome(_Payload):
    type: str
    tab: str = ""
    user: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]+$", max_length=40)]


class HomeOpened(_Payload):
    """Somebody opened the App Home."""

    team_id: str
    event_id: Any = None
    event: _OpenedHome


_INTERACTIONS: Final = frozenset(
    {"block_actions", "view_submission", "view_closed", "shortcut", "message_action", "block_suggestion"}
)


def read_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Remove nulls, which mean absent, and invalid characters; check the shape of the rest.

    :raises Unreadable: when Slack does not send this kind of payload, or a required part is missing.
    """
    body: dict[str, Any] = _without_nulls(payload)
    try:
        match body.get("type"):
            case _ if "command" in body:
                Invocation.model_validate(body)
            case "event_callback":
                if not isinstance(body.get("event"), dict):
                    raise Unreadable
                if body["event"].get("type") == "app_home_opened":
                    HomeOpened.model_validate(body)
            case "block_actions" if not Interaction.model_validate(body).actions:
                raise Unreadable
            case "view_submission" if Interaction.model_validate(body).view is None:
                raise Unreadable
            case str() as kind if kind in _INTERACTIONS:
                Interaction.model_validate(body)
            case "url_verification":
                pass
            case _:
                raise Unreadable
    except ValidationError as error:
        raise Unreadable from error
    return body


def _without_nulls(value: Any) -> Any:
    match value:
        case str():
            return _NOT_TEXT.sub("\ufffd", value)
        case Mapping():
            return {_without_nulls(key): _without_nulls(inside) for key, inside in value.items() if inside is not None}
        case list():
            return [_without_nulls(inside) for inside in value]
        case _:
            return value


class _CardValue(_Payload):
    request_id: Annotated[str, StringConstraints(pattern=_REQUEST_ID)]
    digest: Annotated[str, StringConstraints(pattern=_DIGEST)]


def parse_card_value(value: str) -> tuple[RequestId, Digest]:
    """Read `<request id>:<digest>` from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    request_id, _, digest = value.partition(":")
    try:
        parsed = _CardValue(request_id=request_id, digest=digest)
    except ValueError as error:
        raise Refused(RefusalCode.MALFORMED) from error
    return RequestId(parsed.request_id), Digest(parsed.digest)


def parse_tenant_id(value: str) -> TenantId:
    """Read a tenant id from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    if not is_tenant_id(value):
        raise Refused(RefusalCode.MALFORMED)
    return TenantId(value)


def parse_effect_id(value: str) -> int:
    """Read the number of a given-up effect from a button.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise Refused(RefusalCode.MALFORMED)
    return int(value)


class _SetupValue(_Payload):
    step: StepKey
    wanted: Annotated[str, StringConstraints(pattern=_DIGEST)]


def parse_setup_value(value: str) -> tuple[TenantId, StepKey, Digest]:
    """Read `<tenant id>:<step>:<digest>` from a button of a partner setup step.

    :raises Refused: for any other text.
    """
    tenant_id, _, rest = value.partition(":")
    step, _, wanted = rest.partition(":")
    try:
        parsed = _SetupValue.model_validate({"step": step, "wanted": wanted})
    except ValueError as error:
        raise Refused(RefusalCode.MALFORMED) from error
    return parse_tenant_id(tenant_id), parsed.step, Digest(parsed.wanted)


def named_subject(interaction: Interaction) -> Subject:
    """Read which request or tenant a click names, for the audit log of a refusal; empty when not certain."""
    view = interaction.view
    said = interaction.action.value if interaction.actions else view.private_metadata if view is not None else ""
    name = said.partition(":")[0]
    if re.fullmatch(_REQUEST_ID, name):
        return Subject(request_id=RequestId(name))
    return Subject(tenant_id=TenantId(name)) if is_tenant_id(name) else Subject()


def parse_form(interaction: Interaction) -> Form:
    """Read the request form. Missing values stay empty; the intake reports them."""
    view = interaction.the_view
    return Form(
        requester=interaction.actor,
        target=view.value(ids.TARGET),
        template=view.value(ids.TEMPLATE),
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
        placeholders=(placeholders := _typed_placeholders(view)),
        shown=_shown_ids(view, placeholders),
    )


def parse_restore_form(interaction: Interaction) -> RestoreForm:
    """Read the restore form. Missing values stay empty; the intake reports them.

    :raises Refused: when its metadata names no tenant.
    """
    view = interaction.the_view
    restores = view.value(ids.RESTORES)
    return RestoreForm(
        requester=interaction.actor,
        tenant_id=parse_tenant_id(view.private_metadata),
        restores=restores if re.fullmatch(_REQUEST_ID, restores) else "",
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
    )


def _chosen_days(view: _View) -> int:
    days = view.value(ids.DURATION)
    return int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else 0


def _shown_ids(view: _View, placeholders: dict[str, str]) -> dict[str, str]:
    """Read which IDs the form shows for names, for fields that still contain the same name.

    It is unverified, like all typed values: a person who could forge it could also type the ID.
    """
    named = _metadata(view).get(ids.NAMED)
    claimed = named.items() if isinstance(named, dict) else ()
    return {
        name: id
        for name, said in claimed
        for typed, _, id in [str(said).partition(":")]
        if typed == ids.fingerprint(placeholders.get(name, "")) and is_tenant_id(id)
    }


def _metadata(view: _View) -> dict[str, object]:
    try:
        metadata = json.loads(view.private_metadata or "{}")
    except ValueError:
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _typed_placeholders(view: _View) -> dict[str, str]:
    """Read the placeholders' fields, by the placeholder's name; empty when they belong to another template."""
    if _metadata(view).get(ids.PLACEHOLDERS_OF) != view.value(ids.TEMPLATE):
        return {}
    fields = (block_id for block_id in view.state.values if block_id.startswith(ids.PLACEHOLDER))
    return {block_id.removeprefix(ids.PLACEHOLDER): view.value(block_id) for block_id in fields}
