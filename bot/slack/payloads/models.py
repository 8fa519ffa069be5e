"""The models of what Slack sends: clicks, submitted windows, slash commands, opened App Homes.

Ids in a payload (request ids, digests, tenant ids in values and metadata) are not verified. What they name is read and
checked again.
"""

import hashlib
import json
import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId

_READ: Final = ConfigDict(defer_build=False)
"""Of the models that payloads are read with; they contain the others. No click waits until they are built."""


class Payload(BaseModel):
    """A part of a payload. What the bot does not use is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True)


_STAMP: Final = re.compile(r"\n((?:0|[1-9a-f][0-9a-f]{0,9})\.[A-Za-z0-9_-]{43})\Z")
"""The end of a view's metadata, see `stamps`. Nothing else in metadata has a line break."""

_AppId = Annotated[str, StringConstraints(pattern=r"^(A[A-Z0-9]+)?$", max_length=40)]


class _Team(Payload):
    id: str
    enterprise_id: str | None = None


class _Enterprise(Payload):
    id: str


class _User(Payload):
    id: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]+$", max_length=40)]
    team_id: str | None = None
    enterprise_id: str | None = None


class _Container(Payload):
    channel_id: str = ""
    message_ts: str = ""
    view_id: str = ""
    is_ephemeral: bool = False


class _Text(Payload):
    text: str = ""


class _Option(Payload):
    value: str = ""
    text: _Text = _Text()


class _Action(Payload):
    action_id: str
    block_id: str = ""
    value: str = ""
    action_ts: str = ""
    selected_option: _Option | None = None

    @property
    def chosen(self) -> str:
        """Return the value of a button, or of the chosen option of a select."""
        return self.value if self.selected_option is None else self.selected_option.value


class _File(Payload):
    """A file as a window has it. Slack leaves out the rest in some cases ("file_access"), so only the id is used."""

    id: Annotated[str, StringConstraints(pattern=r"^F[A-Z0-9]+$", max_length=40)]


class _Element(Payload):
    value: str | None = None
    selected_user: str | None = None
    selected_users: tuple[Annotated[str, StringConstraints(max_length=40)], ...] = ()
    selected_option: _Option | None = None
    selected_options: tuple[_Option, ...] = ()
    selected_date: str | None = None
    files: tuple[_File, ...] = ()


class _State(Payload):
    values: dict[str, dict[str, _Element]] = Field(default_factory=dict)


class View(Payload):
    """A window, with the values that the person entered."""

    id: str = Field(min_length=1)
    type: str = "modal"
    callback_id: str = ""
    hash: str = ""
    private_metadata: str = ""
    """Without the stamp."""
    stamp: str = ""
    """Shows to whom the view was given, see `stamps`; empty when there is none."""
    root_view_id: str = ""
    app_installed_team_id: str | None = None
    app_id: str = ""
    state: _State = _State()

    @model_validator(mode="before")
    @classmethod
    def _split_stamp(cls, data: Any) -> Any:
        """Take the stamp from the metadata. A member `stamp` of a payload says nothing."""
        if not isinstance(data, dict) or not isinstance(whole := data.get("private_metadata", ""), str):
            return data
        found = _STAMP.search(whole)
        metadata, stamp = (whole, "") if found is None else (whole[: found.start()], found[1])
        return {**data, "private_metadata": metadata, "stamp": stamp}

    def value(self, block_id: str) -> str:
        """Return the value of one input, for any element; empty when there is none."""
        element = self._element(block_id)
        plain = element.value or element.selected_user or element.selected_date
        return plain or (element.selected_option or _Option()).value

    def people(self, block_id: str) -> tuple[ChatId, ...]:
        """Return the chosen people of a select for several, each once; empty when there is none."""
        return tuple(dict.fromkeys(map(ChatId, self._element(block_id).selected_users)))

    def files(self, block_id: str) -> tuple[str, ...]:
        """Return the ids of the files of a field for files; empty when there is none."""
        return tuple(file.id for file in self._element(block_id).files)

    def label(self, block_id: str) -> str:
        """Return the text of the chosen option of a select; empty when there is none."""
        return (self._element(block_id).selected_option or _Option()).text.text

    def ticked(self, block_id: str) -> frozenset[str]:
        """Return the values of the ticked boxes of an input; empty when none is ticked or there is no such input."""
        return frozenset(option.value for option in self._element(block_id).selected_options)

    def has_input(self, block_id: str) -> bool:
        """Return whether the window has an input of this name."""
        return block_id in self.state.values

    def _element(self, block_id: str) -> _Element:
        return next(iter(self.state.values.get(block_id, {}).values()), _Element())


class Interaction(Payload):
    """A click, a shortcut or a submitted view."""

    model_config = _READ

    type: str
    user: _User
    team: _Team | None = None
    enterprise: _Enterprise | None = None
    bot_id: str = ""
    api_app_id: str = ""
    trigger_id: str = ""
    response_url: str = ""
    container: _Container = _Container()
    actions: tuple[_Action, ...] = ()
    view: View | None = None
    action_id: str = ""
    """The select that asks for its options, when this is such a question."""
    value: str = ""
    """What was typed into that select."""

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
        if self.action_id:
            return self.action_id
        return self.view.callback_id if self.view is not None and self.view.callback_id else self.type

    @property
    def required_view(self) -> View:
        """Return the view of the click.

        :raises Refused: when there is none.
        """
        if self.view is None:
            raise Refused(RefusalCode.WINDOW_CLOSED)
        return self.view

    def is_in(self, callback_id: str) -> bool:
        """Return whether it happened in a window of this kind."""
        return self.view is not None and self.view.callback_id == callback_id

    @property
    def key(self) -> str:
        """Return the idempotency key: the same for a repeated delivery, different for every other action."""
        if self.type == "view_submission":
            # The values belong to the action: a corrected form that is sent again is another action.
            filled_in = json.dumps(self.required_view.state.model_dump(), sort_keys=True)
            parts = [self.required_view.id, self.required_view.hash, filled_in]
        elif self.actions:
            parts = [self.action.action_ts, self.action.action_id, self.action.block_id, self.action.chosen]
            parts += [self.container.channel_id, self.container.message_ts, self.container.view_id]
        else:
            parts = [self.trigger_id]
        hashed = hashlib.sha256(json.dumps([self.user.id, *parts]).encode()).hexdigest()
        return f"{self.type}:{hashed[:32]}"


class SlashCommand(Payload):
    """A slash command."""

    model_config = _READ

    user_id: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]+$", max_length=40)]
    team_id: str
    channel_id: str = ""
    text: Annotated[str, StringConstraints(max_length=4000)] = ""
    trigger_id: str
    response_url: str = ""
    enterprise_id: str = ""
    bot_id: str = ""
    api_app_id: _AppId = ""

    @property
    def actor(self) -> ChatId:
        """Return who typed it, as Slack verified."""
        return ChatId(self.user_id)

    @property
    def key(self) -> str:
        """Return the idempotency key: the same for every repeated delivery."""
        return f"command:{self.trigger_id}"

    @property
    def stored_name(self) -> str:
        """Return its name in the audit log."""
        return f"/partner {self.subcommand}"

    @property
    def subcommand(self) -> str:
        """Return the first word, lower case; `home` when there is none."""
        return (self.text.split() or ["home"])[0].lower()

    @property
    def argument(self) -> str:
        """Return everything after the first word."""
        return "".join(self.text.split(maxsplit=1)[1:]).strip()


class _OpenedHome(Payload):
    type: str
    tab: str = ""
    user: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]+$", max_length=40)]


class HomeOpened(Payload):
    """Somebody opened the App Home."""

    model_config = _READ

    team_id: str
    enterprise_id: str = ""
    context_enterprise_id: str = ""
    api_app_id: str = ""
    event_id: Any = None
    event: _OpenedHome
