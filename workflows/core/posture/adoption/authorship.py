"""Find in Entra's audit log who made the settings of a partner, and who must decide when that is not known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.partners.approval_policy import ApprovalChain
from workflows.core.people import ADMIN, Person, PersonId
from workflows.core.policy.relations import RELATIONS
from workflows.core.policy.template import Stage
from workflows.core.requests.downtime import AUDIT_KEPT_FOR
from workflows.core.settings.partner_changes import MAX_CLOCK_DIFFERENCE, PartnerChange

LOG_READ_FOR: Final = timedelta(days=30)
"""How far back the audit log is read. Entra keeps it for 30 days, and for 7 without a P1 licence."""
_LOG: Final = "Entra: “Audit activity reference”"


class UnknownAuthor(StrEnum):
    """Why it is not known who made all settings of a partner."""

    LOG_UNREADABLE = "log_unreadable"
    TOO_OLD = "too_old"
    """The log does not go back to the beginning of these settings, or has no entry about them yet."""
    NOT_A_PERSON = "not_a_person"
    """An application made them, or the log names nobody."""
    NOT_IN_CHAT = "not_in_chat"
    """An author's account belongs to nobody in the chat system, so the person may decide with another account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who made the settings of a partner, as far as the audit log says."""

    authors: tuple[PersonId, ...] = ()
    """The accounts of every person who changed the partner, as the log names them. They may not decide."""
    unknown: UnknownAuthor | None = None
    """Why the log does not name every author; None when it does."""

    @property
    def is_known(self) -> bool:
        """Return whether the log names the author of every setting."""
        return self.unknown is None


def authorship_of(changes: Sequence[PartnerChange] | None, *, since: datetime | None, now: datetime) -> Authorship:
    """Return who made the current settings.

    :param changes: the entries of the log about the partner; None when it cannot be read.
    :param since: when the settings were last as approved; None for a partner that was never recorded, whose creation
        must be in the log.
    """
    if changes is None:
        return Authorship(unknown=UnknownAuthor.LOG_UNREADABLE)
    others = [change for change in changes if _is_since(change, since) and not _is_held_by_a_plan(change, since)]
    authors = tuple(dict.fromkeys(PersonId(change.user_id) for change in others if change.user_id))
    is_complete = any(change.is_creation for change in others) if since is None else now - since <= AUDIT_KEPT_FOR
    if not is_complete or not others:
        return Authorship(authors=authors, unknown=UnknownAuthor.TOO_OLD)
    if not all(change.user_id for change in others):
        return Authorship(authors=authors, unknown=UnknownAuthor.NOT_A_PERSON)
    return Authorship(authors=authors)


def chains_with_one_more(chain: ApprovalChain, admin_title: str) -> tuple[ApprovalChain, ...]:
    """Return the chains that ask for one approver more, in the order in which they are tried.

    The last stage asks for one more person of its role. Where too few people have that role, an earlier stage does.
    The last resort is a stage of admins.

    :param admin_title: the title of the role `admin`.
    """
    more = [
        (*chain[:index], replace(chain[index], quorum=chain[index].quorum + 1), *chain[index + 1 :])
        for index in reversed(range(len(chain)))
        if chain[index].role not in RELATIONS  # only one person can have it
    ]
    if all(stage.role != ADMIN for stage in chain):
        more.append((*chain, Stage(title=admin_title, role=ADMIN, quorum=1)))
    return tuple(more)


def adoption_findings(authorship: Authorship, authors: Sequence[Person], *, has_template: bool) -> tuple[Finding, ...]:
    """List what approvers must know about an adoption besides its settings.

    :param authors: the people of `authorship.authors`.
    :param has_template: whether a template gives exactly these settings.
    """
    return tuple(_findings(authorship, authors, has_template=has_template))


def _findings(authorship: Authorship, authors: Sequence[Person], *, has_template: bool) -> Iterator[Finding]:
    if authorship.unknown is not None:
        values = {"why": authorship.unknown.value}
        yield Finding(code=FindingCode.AUTHOR_UNKNOWN, severity=Severity.WARNING, source=_LOG, values=values)
    if authors:
        names = {"names": [author.name for author in authors]}
        yield Finding(code=FindingCode.MADE_BY, severity=Severity.NOTE, source=_LOG, values=names)
    if not has_template:
        yield Finding(code=FindingCode.EQUALS_NO_TEMPLATE, severity=Severity.NOTE, source=Source.RECORDS)


def new_authors(
    changes: Sequence[PartnerChange], known: Sequence[PersonId], *, since: datetime | None
) -> tuple[str, ...]:
    """Return the names of authors that the log names now and did not name before, in the order of the log."""
    others = [change for change in changes if not change.is_ours and _is_since(change, since) and change.user_id]
    lower = {account.lower() for account in known}
    return tuple(dict.fromkeys(change.changed_by for change in others if change.user_id not in lower))


def _is_held_by_a_plan(change: PartnerChange, since: datetime | None) -> bool:
    """Return whether Gatehouse's own application made a change that led to the settings that were approved."""
    return change.is_ours and since is not None and change.at <= since + MAX_CLOCK_DIFFERENCE


def _is_since(change: PartnerChange, since: datetime | None) -> bool:
    # NB. an entry whose time cannot be read has an old time, and must not be left out for it.
    return since is None or change.at >= since - MAX_CLOCK_DIFFERENCE or change.at.year < 2000
