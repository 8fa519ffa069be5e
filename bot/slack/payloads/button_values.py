"""Parse the values of buttons and the metadata of windows. They are not verified: what they name is read again.

It is long because every value that a button or a window carries is parsed here.
"""

import re
from hashlib import sha256
from typing import Annotated, Final, TypeVar

from pydantic import StringConstraints, ValidationError

from bot.slack.ids import RESULT_MARK, DetailsPart, PartnerSection
from bot.slack.payloads.models import Interaction, Payload
from workflows.core.checks.partner_setup.steps import StepKey
from workflows.core.conversation.remarks import RemarkId
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.delegation.absence import AbsenceId
from workflows.core.policy.stops.freeze import Freeze, FreezeStep
from workflows.core.posture.watch.denied_notice import MANY, NoticeSubject
from workflows.core.posture.watch.drift import DEFAULT, DriftSubject
from workflows.core.requests.alarms import AlarmId
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import BatchId, RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.ports.pages import PagePosition

REQUEST_ID: Final = r"^R-[A-Z2-7]{10}$"
BATCH_ID: Final = r"^B-[0-9A-F]{10}$"
_HYPHENS: Final = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
"""Other hyphens than that of the keyboard: a card shows one at which no line breaks."""
_DIGEST: Final = r"^[0-9a-f]{64}$"
_MAX_PAGE: Final = 100_000

PartType = TypeVar("PartType", DetailsPart, PartnerSection)


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


def parse_proposal_value(value: str) -> tuple[RequestId, Digest, int]:
    """Read `<request id>:<digest>:<number>` from a button that answers a proposal.

    :raises Refused: for any other text.
    """
    card_value, _, number = value.rpartition(":")
    return *parse_card_value(card_value), parse_page(number)


def parse_request_id(value: str) -> RequestId:
    """Read a request id from a button.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(REQUEST_ID, value):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return RequestId(value)


def parse_question_value(value: str) -> tuple[RequestId, RemarkId]:
    """Read `<request id>:<question id>` from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    request_id, _, question_id = value.partition(":")
    if not re.fullmatch(r"[0-9]{1,6}", question_id, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return parse_request_id(request_id), RemarkId(question_id)


def parse_batch_id(value: str) -> BatchId:
    """Read the id of a batch from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(BATCH_ID, value):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return BatchId(value)


def typed_batch_id(text: str) -> BatchId | None:
    """Return the id of a batch that somebody typed or copied, in any case and with any hyphen; None for other text."""
    typed = _HYPHENS.sub("-", text.strip()).upper()
    return BatchId(typed) if re.fullmatch(BATCH_ID, typed) else None


def parse_batch_value(value: str) -> tuple[BatchId, Digest]:
    """Read `<batch id>:<digest>` from a button or a view's metadata. The digest is empty while there is none.

    :raises Refused: for any other text.
    """
    batch_id, _, digest = value.partition(":")
    if digest and not re.fullmatch(_DIGEST, digest):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return parse_batch_id(batch_id), Digest(digest)


def parse_batch_page(value: str) -> tuple[BatchId, int]:
    """Read `<batch id>:<number>`: a page of its partners, or the version of a draft.

    :raises Refused: for any other text.
    """
    batch_id, _, page = value.partition(":")
    return parse_batch_id(batch_id), parse_page(page)


def parse_tenant_id(value: str) -> TenantId:
    """Read a tenant id from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    if not is_tenant_id(value):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return TenantId(value)


def parse_handover_value(value: str) -> tuple[TenantId, int]:
    """Read `<tenant id>:<number>` from a button that answers a hand-over, or a question about a partner.

    :raises Refused: for any other text.
    """
    tenant_id, _, number = value.partition(":")
    return parse_tenant_id(tenant_id), parse_page(number)


def parse_accounts_value(value: str) -> tuple[TenantId, str]:
    """Read `<tenant id>`, or `<tenant id>:<address>` about one person, from a button that changes guest accounts.

    :raises Refused: for any other text.
    """
    tenant_id, _, address = value.partition(":")
    return parse_tenant_id(tenant_id), address


def parse_settings_value(value: str) -> tuple[TenantId, Digest]:
    """Read `<tenant id>:<digest of settings>` from a view's metadata.

    :raises Refused: for any other text.
    """
    tenant_id, _, digest = value.partition(":")
    if not re.fullmatch(_DIGEST, digest):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return parse_tenant_id(tenant_id), Digest(digest)


def parse_drift_subject(value: str) -> DriftSubject:
    """Read what drifted from a button: a tenant id, or `default`.

    :raises Refused: for any other text.
    """
    return DEFAULT if value == DEFAULT else DriftSubject(parse_tenant_id(value))


def parse_drift_value(value: str) -> tuple[DriftSubject, Digest]:
    """Read `<subject>:<fingerprint>` from a button or a view's metadata.

    :raises Refused: for any other text.
    """
    subject, _, fingerprint = value.partition(":")
    if not re.fullmatch(_DIGEST, fingerprint):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return parse_drift_subject(subject), Digest(fingerprint)


def parse_denied_notice(value: str) -> tuple[NoticeSubject, AlarmId]:
    """Read `<tenant id or many>:<alarm id>` from a button about denied sign-ins.

    :raises Refused: for any other text.
    """
    subject, _, alarm_id = value.partition(":")
    if not re.fullmatch(r"A-[0-9a-f]{12}", alarm_id, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return MANY if subject == MANY else NoticeSubject(parse_tenant_id(subject)), AlarmId(alarm_id)


def freeze_code(freeze: Freeze) -> str:
    """Return what a window to end a freeze must have: nobody knows it who did not have the window.

    Slack's signature proves that Slack sent a window, or somebody who has the signing secret. A number of a version can
    be guessed; the text and the microseconds of the record cannot.
    """
    asked = "" if freeze.end_request is None else freeze.end_request.at.isoformat()
    text = "\n".join((freeze.since.isoformat(), freeze.by, freeze.reason, asked))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def parse_freeze_step(value: str) -> tuple[FreezeStep, int, str]:
    """Read `<step>:<version>:<code>` from a button or a view's metadata. The step that freezes is not among them.

    :returns: also the code, see `freeze_code`; empty where there is none.
    :raises Refused: for any other text.
    """
    step, _, rest = value.partition(":")
    version, _, code = rest.partition(":")
    if step not in {FreezeStep.ASK_END.value, FreezeStep.END.value, FreezeStep.KEEP.value}:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return FreezeStep(step), parse_page(version), code


def parse_campaign_id(value: str) -> CampaignId:
    """Read a campaign's id from a button.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(r"C-[A-Z2-7]{10}", value, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return CampaignId(value)


def parse_campaign_choice(value: str) -> tuple[CampaignScope, str]:
    """Read `<scope>:<value>` from a view's metadata. The value is checked where the partners are read.

    :raises Refused: for any other text.
    """
    scope, _, chosen = value.partition(":")
    if scope not in set(CampaignScope) or not chosen:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return CampaignScope(scope), chosen


def parse_page(value: str) -> int:
    """Read a number of at most six digits.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return int(value)


def parse_effect_id(value: str) -> int:
    """Read the number of a given-up effect from a button.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return int(value)


def parse_part_value(value: str) -> tuple[RequestId, DetailsPart, int]:
    """Read `<request id>:<part>:<page>` from a button of Details.

    :raises Refused: for any other text.
    """
    request_id, part, page = _split_page_value(value)
    return parse_request_id(request_id), _parse_part(part, DetailsPart), page


def parse_partner_section(value: str) -> tuple[TenantId, PartnerSection, int]:
    """Read `<tenant id>:<part>:<page>` from a button of a list about a partner.

    :raises Refused: for any other text.
    """
    tenant_id, part, page = _split_page_value(value)
    return parse_tenant_id(tenant_id), _parse_part(part, PartnerSection), page


def parse_restore_issues(value: str) -> tuple[TenantId, RequestId, bool, int]:
    """Read `<tenant id>:<request id>:<page>` from a button of the restore form.

    :returns: tenant, request, whether its result is restored (a mark after its id), and page.
    :raises Refused: for any other text.
    """
    tenant_id, request_id, page = _split_page_value(value)
    is_result = request_id.endswith(RESULT_MARK)
    return parse_tenant_id(tenant_id), parse_request_id(request_id.removesuffix(RESULT_MARK)), is_result, page


def _split_page_value(value: str) -> tuple[str, str, int]:
    """Split `<id>:<name>:<page>`. Only the page is checked: a whole number from 0 to `_MAX_PAGE`.

    :raises Refused: for another page.
    """
    subject_id, _, rest = value.partition(":")
    name, _, page = rest.partition(":")
    if not re.fullmatch(r"[0-9]{1,6}", page, re.ASCII) or int(page) > _MAX_PAGE:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return subject_id, name, int(page)


def _parse_part(name: str, parts: type[PartType]) -> PartType:
    try:
        return parts(name)
    except ValueError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error


def parse_absence_id(value: str) -> AbsenceId:
    """Read the id of an absence: an account and a number.

    :raises Refused: for any other text.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}:[0-9]{1,9}", value, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return AbsenceId(value)


class _SetupValue(Payload):
    step: StepKey
    step_digest: Annotated[str, StringConstraints(pattern=_DIGEST)]


def parse_setup_value(value: str) -> tuple[TenantId, StepKey, Digest]:
    """Read `<tenant id>:<step>:<digest>` from a button of a partner setup step.

    :raises Refused: for any other text.
    """
    tenant_id, _, rest = value.partition(":")
    step, _, step_digest = rest.partition(":")
    try:
        parsed = _SetupValue.model_validate({"step": step, "step_digest": step_digest})
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
    if re.fullmatch(BATCH_ID, name):
        return CommandSubject(batch_id=BatchId(name))
    return CommandSubject(tenant_id=TenantId(name)) if is_tenant_id(name) else CommandSubject()
