"""Parse the values of buttons and the metadata of windows. They are not verified: what they name is read again."""

import re
from typing import Annotated, Final, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from bot.slack.ids import DetailsPart, PartnerPart
from bot.slack.payloads.models import Interaction, Payload
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partner_setup.steps import StepKey
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.target import is_tenant_id
from workflows.ports.pages import PagePosition

REQUEST_ID: Final = r"^R-[A-Z2-7]{10}$"
_DIGEST: Final = r"^[0-9a-f]{64}$"


class PageStep(Payload):
    """The value of a page button: the record at the edge of the shown page, and the direction from there."""

    cursor: tuple[Annotated[str, StringConstraints(max_length=400)], ...]
    is_before: bool

    @property
    def position(self) -> PagePosition:
        """Return the page in the form that the store reads."""
        return PagePosition(cursor=self.cursor, is_before=self.is_before)


StepType = TypeVar("StepType", bound=PageStep)


def parse_page_step(value: str, kind: type[StepType]) -> StepType:
    """Read the value of a page button.

    :param kind: the values of this list's buttons.
    :raises Refused: for any other text.
    """
    try:
        return kind.model_validate_json(value)
    except ValidationError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error


class _CardValue(Payload):
    request_id: Annotated[str, StringConstraints(pattern=REQUEST_ID)]
    digest: Annotated[str, StringConstraints(pattern=_DIGEST)]


def parse_card_value(value: str) -> tuple[RequestId, Digest]:
    """Read `<request id>:<digest>` from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    request_id, _, digest = value.partition(":")
    try:
        parsed = _CardValue(request_id=request_id, digest=digest)
    except ValueError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    return RequestId(parsed.request_id), Digest(parsed.digest)


def parse_request_id(value: str) -> RequestId:
    """Read a request id from a button.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(REQUEST_ID, value):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return RequestId(value)


def parse_tenant_id(value: str) -> TenantId:
    """Read a tenant id from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    if not is_tenant_id(value):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return TenantId(value)


def parse_effect_id(value: str) -> int:
    """Read the number of a given-up effect from a button.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return int(value)


class _PartValue(Payload):
    request_id: Annotated[str, StringConstraints(pattern=REQUEST_ID)]
    name: DetailsPart
    page: Annotated[int, Field(ge=0, le=100_000)]


def parse_part_value(value: str) -> tuple[RequestId, DetailsPart, int]:
    """Read `<request id>:<part>:<page>` from a button of Details.

    :raises Refused: for any other text.
    """
    request_id, _, rest = value.partition(":")
    name, _, page = rest.partition(":")
    try:
        parsed = _PartValue.model_validate_strings({"request_id": request_id, "name": name, "page": page})
    except ValueError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    return RequestId(parsed.request_id), parsed.name, parsed.page


class _PartnerPartValue(Payload):
    name: PartnerPart
    page: Annotated[int, Field(ge=0, le=100_000)]


def parse_partner_part(value: str) -> tuple[TenantId, PartnerPart, int]:
    """Read `<tenant id>:<part>:<page>` from a button of a list about a partner.

    :raises Refused: for any other text.
    """
    tenant_id, _, rest = value.partition(":")
    name, _, page = rest.partition(":")
    try:
        parsed = _PartnerPartValue.model_validate_strings({"name": name, "page": page})
    except ValueError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    return parse_tenant_id(tenant_id), parsed.name, parsed.page


class _RestoreIssuesValue(Payload):
    request_id: Annotated[str, StringConstraints(pattern=REQUEST_ID)]
    page: Annotated[int, Field(ge=0, le=100_000)]


def parse_restore_issues(value: str) -> tuple[TenantId, RequestId, int]:
    """Read `<tenant id>:<request id>:<page>` from a button of the restore form.

    :raises Refused: for any other text.
    """
    tenant_id, _, rest = value.partition(":")
    request_id, _, page = rest.partition(":")
    try:
        parsed = _RestoreIssuesValue.model_validate_strings({"request_id": request_id, "page": page})
    except ValueError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    return parse_tenant_id(tenant_id), RequestId(parsed.request_id), parsed.page


class _SetupValue(Payload):
    step: StepKey
    step_digest: Annotated[str, StringConstraints(pattern=_DIGEST)]


def parse_setup_value(value: str) -> tuple[TenantId, StepKey, Digest]:
    """Read `<tenant id>:<step>:<digest>` from a button of a partner setup step.

    :raises Refused: for any other text.
    """
    tenant_id, _, rest = value.partition(":")
    step, _, wanted = rest.partition(":")
    try:
        parsed = _SetupValue.model_validate({"step": step, "step_digest": wanted})
    except ValueError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    return parse_tenant_id(tenant_id), parsed.step, Digest(parsed.step_digest)


def named_subject(interaction: Interaction) -> CommandSubject:
    """Read which request or tenant a click names, for the audit log; empty when it is not certain."""
    view = interaction.view
    value = interaction.action.value if interaction.actions else view.private_metadata if view is not None else ""
    name = value.partition(":")[0]
    if re.fullmatch(REQUEST_ID, name):
        return CommandSubject(request_id=RequestId(name))
    return CommandSubject(tenant_id=TenantId(name)) if is_tenant_id(name) else CommandSubject()
