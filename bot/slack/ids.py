"""The ids that Slack sends back: written into views and messages, read by the payloads and the flows.

It is long because every id is here once, in one place.
"""

from enum import StrEnum
from typing import Final

from workflows.core.batches.batch import Batch
from workflows.core.checks.partner_setup.steps import SetupStep
from workflows.core.conversation.remarks import Remark
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest, Proposal
from workflows.core.settings.model import TenantId

# callback_id of views and shortcuts
REQUEST_SHORTCUT: Final = "request_partner_access"
REQUEST_ACCESS: Final = "request_access"
EDIT_REQUEST: Final = "edit_request"
CLOSE_PARTNER: Final = "close_partner"
REQUEST_ACCESS_LOADING: Final = "request_access_loading"
DECIDE: Final = "decide_request"
REJECT_REASON: Final = "reject_reason"
ASK_QUESTION: Final = "ask_question"
ANSWER_QUESTION: Final = "answer_question"
ADD_COMMENT: Final = "add_comment"
CHANGES_FORM: Final = "changes_form"
LESS_FORM: Final = "less_form"
DECLINE_PROPOSAL_FORM: Final = "decline_proposal_form"
SUPPORT_FORM: Final = "support_form"
KEEP_REASON: Final = "keep_reason"
ABSENCE_FORM: Final = "absence_form"
ALL_ABSENCES: Final = "all_absences"
REASSIGN_FORM: Final = "reassign_form"
PROPOSE_SPONSOR: Final = "propose_sponsor"
ACCESS_FAILURE: Final = "access_failure"
CONFIRM_REVOKE: Final = "confirm_revoke"
CONFIRM_SUSPEND: Final = "confirm_suspend"
LIFT_FORM: Final = "lift_form"
RESTORE_ACCESS: Final = "restore_access"
ADOPT_SETTINGS: Final = "adopt_settings"
MESSAGE_VIEW: Final = "message"
CHECKLIST: Final = "checklist"
HOME: Final = "home"
POSTURE: Final = "posture"
REVIEW_ACCESS: Final = "review_access"
REVIEW_EVIDENCE: Final = "review_evidence"
NAME_PARTNER: Final = "name_partner"
NOTES: Final = "notes"
SEARCH_FORM: Final = "search_form"
AUDIT_DETAILS: Final = "audit_details"
AUDIT_HISTORY: Final = "audit_history"
AUDIT_PARTNER: Final = "audit_partner"
DETAILS_PART: Final = "details_part"
PARTNER_SECTION: Final = "partner_part"
DECIDERS: Final = "deciders"
RESTORE_ISSUES: Final = "restore_issues"
ACCEPT_DRIFT_FORM: Final = "accept_drift_form"
DRIFT: Final = "drift"
FREEZE_FORM: Final = "freeze_form"
UNFREEZE_FORM: Final = "unfreeze_form"
CHOOSE_CAMPAIGN: Final = "choose_campaign"
CAMPAIGN_FORM: Final = "campaign_form"
DRIFTS: Final = "drifts"
DENIED: Final = "denied"
CONFIRM_DRAFT: Final = "confirm_draft"
DRAFT_ROWS: Final = "draft_rows"
IMPORT_FILE: Final = "import_file"
IMPORT_CHOICES: Final = "import_choices"
BATCH: Final = "batch"
REJECT_BATCH_REASON: Final = "reject_batch_reason"
ANSWER_HALT: Final = "answer_halt"
ACCOUNTS_FORM: Final = "accounts_form"
CONFIRM_ACCOUNTS: Final = "confirm_accounts"
UNDO_ACCOUNTS_FORM: Final = "undo_accounts_form"


class DetailsPart(StrEnum):
    """The parts of Details that have a window of their own. The values stand in buttons."""

    ACCOUNTS = "accounts"
    OUTSIDE_CHANGES = "behind"
    OUTSIDE_CHANGES_JSON = "behind_json"
    DIFFERENCES = "differences"
    CHANGES = "changes"
    ISSUES = "issues"
    POLICIES = "policies"
    NOTES = "notes"
    APPROVERS = "approvers"
    NOT_COUNTED = "not_counted"
    OPERATIONS = "operations"
    OTHERS = "others"
    REMARKS = "remarks"
    HISTORY = "history"


class PartnerSection(StrEnum):
    """The lists about a partner that have a window of their own. The values stand in buttons."""

    CHECKLIST = "checklist"
    CONCERNS = "concerns"
    SETTINGS = "settings"
    APPROVALS = "approvals"
    ANSWERS = "answers"
    """The answers to reviews: who stated why the access is still needed."""
    REQUESTS = "requests"
    STOPPED_BY_REVOCATION = "stopped"
    """The open requests that a revocation would stop."""


# action_id of buttons
REVIEW_REQUEST: Final = "review_request"
APPROVE: Final = "approve"
REJECT: Final = "reject"
ASK: Final = "ask"
ANSWER: Final = "answer"
COMMENT: Final = "comment"
REASSIGN: Final = "reassign"
END_ABSENCE: Final = "end_absence"
SHOW_ABSENCES: Final = "show_absences"
ABSENCES_PREVIOUS: Final = "absences_previous"
ABSENCES_NEXT: Final = "absences_next"
REQUEST_CHANGES: Final = "request_changes"
PROPOSE_LESS: Final = "propose_less"
ACCEPT_PROPOSAL: Final = "accept_proposal"
EDIT_ASKED: Final = "edit_asked"
DECLINE_PROPOSAL: Final = "decline_proposal"
APPROVE_AGAIN: Final = "approve_again"
SUPPORT: Final = "support"
WITHDRAW: Final = "withdraw"
REMIND: Final = "remind"
EDIT: Final = "edit"
CLOSE_EARLY: Final = "close_early"
KEEP: Final = "keep"
REDUCE: Final = "reduce"
REVOKE_REVIEW: Final = "revoke_review"
REVIEW_DETAILS: Final = "review_details"
OPEN_REQUEST: Final = "open_request"
REQUEST_NAMED: Final = "request_named"
"""Opens the form about the partner that the button names."""
CONFIRM_SETUP: Final = "confirm_half"
UNCONFIRM_SETUP: Final = "unconfirm_half"
REMIND_SETUP: Final = "remind_half"
CHANGE_SPONSOR: Final = "change_sponsor"
ACCEPT_SPONSORSHIP: Final = "accept_sponsorship"
DECLINE_SPONSORSHIP: Final = "decline_sponsorship"
WITHDRAW_HANDOVER: Final = "withdraw_sponsorship"
ASK_ACCESS_TEST: Final = "ask_access_test"
ACCESS_WORKS: Final = "access_works"
ACCESS_FAILS: Final = "access_fails"
ACCESS_NOT_TRIED: Final = "access_not_tried"
HOW_TO_TEST: Final = "how_to_test"
DIAGNOSE_FAILURE: Final = "diagnose_failure"
SHOW_CHECKLIST: Final = "show_checklist"
RETRY_EFFECT: Final = "retry_effect"
DROP_EFFECT: Final = "drop_effect"
REVIEW_PARTNER: Final = "review_partner"
REQUEST_AGAIN: Final = "request_again"
REVOKE_PARTNER: Final = "revoke_partner"
LIFT_PARTNER: Final = "lift_partner"
RESTORE_PARTNER: Final = "restore_partner"
BLOCK_PARTNER: Final = "block_partner"
ADOPT_PARTNER: Final = "adopt_partner"
OPEN_POSTURE: Final = "open_posture"
HOME_PREVIOUS: Final = "home_previous"
HOME_NEXT: Final = "home_next"
HOME_SEARCH: Final = "home_search"
HOME_CLEAR: Final = "home_clear"
SHOW_NOTES: Final = "show_notes"
SHOW_PART: Final = "show_part"
PART_PREVIOUS: Final = "part_previous"
PART_NEXT: Final = "part_next"
SHOW_PARTNER_SECTION: Final = "show_partner_part"
PARTNER_SECTION_PREVIOUS: Final = "partner_part_previous"
PARTNER_SECTION_NEXT: Final = "partner_part_next"
SHOW_RESTORE_ISSUES: Final = "show_restore_issues"
RESTORE_ISSUES_PREVIOUS: Final = "restore_issues_previous"
RESTORE_ISSUES_NEXT: Final = "restore_issues_next"
SHOW_DECIDERS: Final = "show_deciders"
DECIDERS_PREVIOUS: Final = "deciders_previous"
DECIDERS_NEXT: Final = "deciders_next"
LIST_PREVIOUS: Final = "list_previous"
LIST_NEXT: Final = "list_next"
GUESTS_PAGE: Final = "guests_page"
GUESTS_NEXT: Final = "guests_next"
GUESTS_COUNT: Final = "guests_count"
GUESTS_ONLY: Final = "guests_only"
SEARCH_REQUESTS: Final = "search_requests"
READ_REQUEST: Final = "read_request"
READ_HISTORY: Final = "read_history"
HISTORY_EARLIER: Final = "history_earlier"
HISTORY_LATER: Final = "history_later"
READ_PARTNER: Final = "read_partner"
RESTORE_APPROVED: Final = "restore_approved"
ACCEPT_DRIFT: Final = "accept_drift"
SHOW_DRIFT: Final = "show_drift"
SHOW_DRIFTS: Final = "show_drifts"
DRIFTS_PREVIOUS: Final = "drifts_previous"
DRIFTS_NEXT: Final = "drifts_next"
SHOW_DENIED: Final = "show_denied"
DISMISS_DENIED: Final = "dismiss_denied"
OPEN_UNFREEZE: Final = "open_unfreeze"
WITHDRAW_CAMPAIGN: Final = "withdraw_campaign"
KEEP_FROZEN: Final = "keep_frozen"
APPROVE_BATCH: Final = "approve_batch"
REJECT_BATCH: Final = "reject_batch"
REVIEW_BATCH: Final = "review_batch"
WITHDRAW_BATCH: Final = "withdraw_batch"
CONTINUE_BATCH: Final = "continue_batch"
END_BATCH: Final = "end_batch"
BATCH_PREVIOUS: Final = "batch_previous"
BATCH_NEXT: Final = "batch_next"
SHOW_DRAFT_ROWS: Final = "show_draft_rows"
DRAFT_ROWS_PREVIOUS: Final = "draft_rows_previous"
DRAFT_ROWS_NEXT: Final = "draft_rows_next"
CHOOSE_COLUMNS: Final = "choose_columns"
OPEN_DRAFT: Final = "open_draft"
DISCARD_DRAFT: Final = "discard_draft"
ACCOUNTS_DISABLE: Final = "accounts_disable"
ACCOUNTS_ENABLE: Final = "accounts_enable"
ACCOUNTS_CONFIRM: Final = "accounts_confirm"
ACCOUNTS_UNDO: Final = "accounts_undo"

# block_id and action_id of input fields, one name for both
TARGET: Final = "target"
TARGET_RESULT: Final = "target_result"
TEMPLATE: Final = "template"
JUSTIFICATION: Final = "justification"
SPONSOR: Final = "sponsor"
FOR_PERSON: Final = "for_person"
NEW_SPONSOR: Final = "new_sponsor"
WHAT_FAILED: Final = "what_failed"
FAILED_ADDRESS: Final = "failed_address"
FAILED_APPLICATION: Final = "failed_application"
ERROR_CODE: Final = "error_code"
CORRELATION_ID: Final = "correlation_id"
FAILED_AT: Final = "failed_at"
ABSENT_PERSON: Final = "absent_person"
ABSENT_FROM: Final = "absent_from"
ABSENT_UNTIL: Final = "absent_until"
DELEGATE: Final = "delegate"
NOTE: Final = "note"
REASSIGN_FROM: Final = "reassign_from"
REASSIGN_TO: Final = "reassign_to"
DURATION: Final = "duration"
END_DATE: Final = "end_date"
START_DATE: Final = "start_date"
TICKET: Final = "ticket"
REASON: Final = "reason"
REMARK_TEXT: Final = "remark_text"
ASKED_PEOPLE: Final = "asked_people"
LEFT_OUT: Final = "left_out"
SHEET_FILE: Final = "sheet_file"
SHEET_NAME: Final = "sheet_name"
COLUMN_PREFIX: Final = "column:"
"""Followed by a field's name: the choice of its column."""
EMPTY_PLACEHOLDERS: Final = "empty_placeholders"
CONFIRM: Final = "confirm"
ACCOUNTS_WHICH: Final = "accounts_which"
ACCOUNTS_LIST: Final = "accounts_list"
ATTEST: Final = "attest"
RESTORES: Final = "restores"
APPROVED_PREFIX: Final = "approved:"
"""Followed by a request's id: the choice to restore what that request approved, not what was before it."""
RESULT_MARK: Final = "+approved"
"""Follows the request's id in a button of that form, for the same."""
RESTORE_RESULT: Final = "restore_result"
SEARCHED_TEXT: Final = "searched_text"
SEARCHED_REQUESTER: Final = "searched_requester"
SEARCHED_APPROVER: Final = "searched_approver"
SEARCHED_TEMPLATE: Final = "searched_template"
SEARCHED_STATE: Final = "searched_state"
SENT_FROM: Final = "sent_from"
SENT_UNTIL: Final = "sent_until"
PLACEHOLDER_PREFIX: Final = "hole_"
"""Followed by the placeholder's name: the field for the id of one placeholder."""

TYPED_ID_SUFFIX: Final = "_id"
"""The end of the action_id of a text field for an ID, used when our own directory cannot be searched."""

MAX_ID_CHARACTERS: Final = 100
"""The most characters of a typed id; longer text is no GUID, and the field says so."""

# keys of the request form's metadata
PLACEHOLDERS_OF: Final = "holes_of"
"""The template whose placeholders the form shows."""
LOOKED_UP: Final = "looked_up"
"""The name of the partner that the form shows."""
ANSWERS_REVIEW: Final = "answers_review"
"""The tenant ID of the partner whose review the request answers."""
EDITS: Final = "edits"
"""The request that the form edits, and the digest of its plan then."""


def decision_value(request: AccessRequest) -> str:
    """Return a request and the digest of exactly the plan that is shown: `<request id>:<digest>`.

    :raises Refused: while there is no plan yet.
    """
    return f"{request.id}:{request.plan.digest}"


def question_value(request: AccessRequest, question: Remark) -> str:
    """Return a question about a request: `<request id>:<question id>`."""
    return f"{request.id}:{question.id}"


def proposal_value(request: AccessRequest, proposal: Proposal) -> str:
    """Return the value of a button that answers a proposal: `<request id>:<digest>:<number>`."""
    return f"{request.id}:{proposal.digest}:{proposal.number}"


def batch_value(batch: Batch) -> str:
    """Return a batch and the digest of exactly what is decided on: `<batch id>:<digest>`; the digest may be missing."""
    return f"{batch.id}:{batch.digest or ''}"


def halt_value(batch: Batch) -> str:
    """Return a batch and which halt is shown: `<batch id>:<number of runs>`."""
    return f"{batch.id}:{len(batch.runs)}"


def setup_value(tenant_id: TenantId, step: SetupStep) -> str:
    """Return a step of a partner setup exactly as it is shown: `<tenant id>:<step>:<digest>`."""
    return f"{tenant_id}:{step.key.value}:{step.digest}"


def named_request_value(domain: str, access: str = "") -> str:
    """Return the value of a button that opens the request form: `<domain> <what the form calls the access>`."""
    return f"{domain} {access}".strip()


def handover_value(tenant_id: TenantId, number: int) -> str:
    """Return the value of a button that answers a hand-over, or a question about a partner: `<tenant id>:<number>`."""
    return f"{tenant_id}:{number}"


def confirmation_text(identity: TenantIdentity) -> str:
    """Return the text to type as confirmation of a revocation.

    This is the default domain, or the tenant id when there is none.
    """
    return identity.name
