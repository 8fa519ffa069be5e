"""The lifecycle of a partnership: which command is allowed in which state, and its results.

Rule 1: `TABLE` lists every allowed pair of state and command, and where it may lead. Any other pair is refused, and
nothing happens.
Rule 2: every new record is checked against the table before it is stored.
Rule 3: only a request that was written and read back can open or close a partner. A request that is stopped or
fails changes the record only when a part of its plan was read back.

The diagram shows the table (a test compares them):

```mermaid
stateDiagram-v2
    [*] --> active: record_applied
    [*] --> revoked: record_applied
    [*] --> suspended: record_applied
    [*] --> active: record_overwritten
    [*] --> active: stop
    [*] --> active: record_apply_failed
    active --> active: record_applied
    active --> revoked: record_applied
    active --> suspended: record_applied
    active --> active: record_overwritten
    active --> active: stop
    active --> active: record_apply_failed
    active --> review_due: ask_review
    active --> review_due: record_sponsor_gone
    active --> active: record_sponsor_found
    active --> active: propose_sponsor
    active --> active: accept_sponsorship
    active --> active: decline_sponsorship
    active --> active: withdraw_sponsorship
    active --> active: remind_handover
    active --> active: expire_handover
    active --> review_due: start_review
    active --> active: end_review_reason
    active --> active: confirm_half
    active --> active: unconfirm_half
    active --> active: remind_half
    active --> active: ask_half
    active --> active: prompt_setup
    active --> active: postpone_setup_prompt
    active --> active: record_half
    active --> active: issue_end_notice
    active --> active: record_end_notice
    active --> active: block_at_end
    active --> active: skip_review
    active --> active: ask_access_test
    active --> active: request_access_test
    active --> active: answer_access_test
    review_due --> active: record_applied
    review_due --> review_due: record_applied
    review_due --> revoked: record_applied
    review_due --> suspended: record_applied
    review_due --> review_due: record_overwritten
    review_due --> review_due: stop
    review_due --> review_due: record_apply_failed
    review_due --> review_due: ask_review
    review_due --> active: keep
    review_due --> review_due: record_sponsor_gone
    review_due --> review_due: record_sponsor_found
    review_due --> review_due: propose_sponsor
    review_due --> review_due: accept_sponsorship
    review_due --> review_due: decline_sponsorship
    review_due --> review_due: withdraw_sponsorship
    review_due --> review_due: remind_handover
    review_due --> review_due: expire_handover
    review_due --> review_due: start_review
    review_due --> active: end_review_reason
    review_due --> review_due: end_review_reason
    review_due --> review_due: confirm_half
    review_due --> review_due: unconfirm_half
    review_due --> review_due: remind_half
    review_due --> review_due: ask_half
    review_due --> review_due: prompt_setup
    review_due --> review_due: postpone_setup_prompt
    review_due --> review_due: record_half
    review_due --> review_due: issue_end_notice
    review_due --> review_due: record_end_notice
    review_due --> review_due: block_at_end
    review_due --> review_due: record_review_reminder
    review_due --> review_due: suspend_for_silence
    review_due --> review_due: ask_access_test
    review_due --> review_due: request_access_test
    review_due --> review_due: answer_access_test
    revoked --> active: record_applied
    revoked --> revoked: record_applied
    revoked --> active: record_overwritten
    revoked --> active: stop
    revoked --> active: record_apply_failed
    suspended --> active: record_applied
    suspended --> revoked: record_applied
    suspended --> suspended: record_applied
    suspended --> active: record_overwritten
    suspended --> active: stop
    suspended --> suspended: stop
    suspended --> active: record_apply_failed
    suspended --> suspended: record_apply_failed
```
"""

from collections.abc import Mapping
from typing import Any, Final

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.commands.automatic import RecordApplied, RecordApplyFailed, RecordOverwritten, Stop
from workflows.core.requests.commands.partner_record import (
    AskReview,
    AskSetup,
    BlockAtEnd,
    ConfirmSetup,
    IssueEndNotice,
    Keep,
    PartnershipCommand,
    PostponePrompt,
    PromptSetup,
    RecordEndNotice,
    RecordSetup,
    RecordSponsorFound,
    RecordSponsorGone,
    RemindSetup,
    UnconfirmSetup,
)
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    ExpireHandover,
    ProposeSponsor,
    RemindHandover,
    WithdrawHandover,
)
from workflows.core.requests.commands.review_event import (
    AnswerAccessTest,
    AskAccessTest,
    EndReviewReason,
    RecordReviewReminder,
    RequestAccessTest,
    SkipReview,
    StartReview,
    SuspendForSilence,
)

S = PartnershipState

TABLE: Final[Mapping[tuple[PartnershipState | None, type[Any]], frozenset[PartnershipState]]] = {
    (None, RecordApplied): frozenset({S.ACTIVE, S.REVOKED, S.SUSPENDED}),
    (None, RecordOverwritten): frozenset({S.ACTIVE}),
    (None, Stop): frozenset({S.ACTIVE}),
    (None, RecordApplyFailed): frozenset({S.ACTIVE}),
    (S.ACTIVE, RecordApplied): frozenset({S.ACTIVE, S.REVOKED, S.SUSPENDED}),
    (S.ACTIVE, RecordOverwritten): frozenset({S.ACTIVE}),
    (S.ACTIVE, Stop): frozenset({S.ACTIVE}),
    (S.ACTIVE, RecordApplyFailed): frozenset({S.ACTIVE}),
    (S.ACTIVE, AskReview): frozenset({S.REVIEW_DUE}),
    (S.ACTIVE, RecordSponsorGone): frozenset({S.REVIEW_DUE}),
    (S.ACTIVE, RecordSponsorFound): frozenset({S.ACTIVE}),
    (S.ACTIVE, ProposeSponsor): frozenset({S.ACTIVE}),
    (S.ACTIVE, AcceptSponsorship): frozenset({S.ACTIVE}),
    (S.ACTIVE, DeclineSponsorship): frozenset({S.ACTIVE}),
    (S.ACTIVE, WithdrawHandover): frozenset({S.ACTIVE}),
    (S.ACTIVE, RemindHandover): frozenset({S.ACTIVE}),
    (S.ACTIVE, ExpireHandover): frozenset({S.ACTIVE}),
    (S.ACTIVE, StartReview): frozenset({S.REVIEW_DUE}),
    (S.ACTIVE, EndReviewReason): frozenset({S.ACTIVE}),
    (S.ACTIVE, ConfirmSetup): frozenset({S.ACTIVE}),
    (S.ACTIVE, UnconfirmSetup): frozenset({S.ACTIVE}),
    (S.ACTIVE, RemindSetup): frozenset({S.ACTIVE}),
    (S.ACTIVE, AskSetup): frozenset({S.ACTIVE}),
    (S.ACTIVE, PromptSetup): frozenset({S.ACTIVE}),
    (S.ACTIVE, PostponePrompt): frozenset({S.ACTIVE}),
    (S.ACTIVE, RecordSetup): frozenset({S.ACTIVE}),
    (S.ACTIVE, IssueEndNotice): frozenset({S.ACTIVE}),
    (S.ACTIVE, RecordEndNotice): frozenset({S.ACTIVE}),
    (S.ACTIVE, BlockAtEnd): frozenset({S.ACTIVE}),
    (S.REVIEW_DUE, RecordApplied): frozenset({S.ACTIVE, S.REVIEW_DUE, S.REVOKED, S.SUSPENDED}),
    (S.ACTIVE, SkipReview): frozenset({S.ACTIVE}),
    (S.ACTIVE, AskAccessTest): frozenset({S.ACTIVE}),
    (S.ACTIVE, RequestAccessTest): frozenset({S.ACTIVE}),
    (S.ACTIVE, AnswerAccessTest): frozenset({S.ACTIVE}),
    (S.REVIEW_DUE, RecordOverwritten): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, Stop): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RecordApplyFailed): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, AskReview): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, Keep): frozenset({S.ACTIVE}),
    (S.REVIEW_DUE, RecordSponsorGone): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RecordSponsorFound): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, ProposeSponsor): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, AcceptSponsorship): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, DeclineSponsorship): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, WithdrawHandover): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RemindHandover): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, ExpireHandover): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, StartReview): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, EndReviewReason): frozenset({S.ACTIVE, S.REVIEW_DUE}),
    (S.REVIEW_DUE, ConfirmSetup): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, UnconfirmSetup): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RemindSetup): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, AskSetup): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, PromptSetup): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, PostponePrompt): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RecordSetup): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, IssueEndNotice): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RecordEndNotice): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, BlockAtEnd): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RecordReviewReminder): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, SuspendForSilence): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, AskAccessTest): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, RequestAccessTest): frozenset({S.REVIEW_DUE}),
    (S.REVIEW_DUE, AnswerAccessTest): frozenset({S.REVIEW_DUE}),
    (S.REVOKED, RecordApplied): frozenset({S.ACTIVE, S.REVOKED}),
    (S.REVOKED, RecordOverwritten): frozenset({S.ACTIVE}),
    (S.REVOKED, Stop): frozenset({S.ACTIVE}),
    (S.REVOKED, RecordApplyFailed): frozenset({S.ACTIVE}),
    (S.SUSPENDED, RecordApplied): frozenset({S.ACTIVE, S.REVOKED, S.SUSPENDED}),
    (S.SUSPENDED, RecordOverwritten): frozenset({S.ACTIVE}),
    (S.SUSPENDED, Stop): frozenset({S.ACTIVE, S.SUSPENDED}),
    (S.SUSPENDED, RecordApplyFailed): frozenset({S.ACTIVE, S.SUSPENDED}),
}
"""Each allowed pair of state and command, with the possible new states. The state is None when there is no record."""

PartnerStep = PartnershipCommand | RecordApplied | RecordApplyFailed | RecordOverwritten | Stop
"""A command that changes the record of a partner: a command about the partner, or the result of a request."""


def is_allowed(partnership: Partnership, command: PartnershipCommand) -> bool:
    """Return whether a command is allowed in the state of a partner."""
    return (partnership.state, type(command)) in TABLE


def require_table_result(before: Partnership | None, command: PartnerStep, after: Partnership) -> Partnership:
    """Check that the table allows a transition, and return the new record.

    :raises AssertionError: when it does not allow it; that is a programming error in Gatehouse.
    """
    state = None if before is None else before.state
    if after.state not in TABLE.get((state, type(command)), frozenset()):
        raise AssertionError(f"{state} --{command.name}--> {after.state} is not in the table")
    return after
