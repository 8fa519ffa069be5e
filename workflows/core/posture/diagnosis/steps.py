"""The steps of a diagnosis, their results, and what can stop a person: codes, and who can change each cause.

It is long because every code that a diagnosis can give is here, each with its values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from workflows.core.errors.facts import Fact, Facts
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId


class StepKey(StrEnum):
    """The steps, in the order in which a person meets what they look at. It is always this order."""

    HOME = "home"
    """Which tenant, which cloud, which kind of account."""
    OUR_SETTINGS = "our_settings"
    THEIR_SETTINGS = "their_settings"
    ACCOUNT = "account"
    """The invitation and the account in our tenant."""
    INVITATIONS = "invitations"
    """Who may invite."""
    CONDITIONAL_ACCESS = "conditional_access"
    SHARING = "sharing"
    """The switches of SharePoint and Teams."""
    SIGN_INS = "sign_ins"


class StepResult(StrEnum):
    """The result of one step. Only `PASSES` means that this step was checked and lets them through."""

    PASSES = "passes"
    STOPS = "stops"
    NOT_KNOWN = "not_known"
    NOT_READABLE = "not_readable"
    """Not readable here; a person can look elsewhere."""


class Side(StrEnum):
    """Whose change is needed."""

    OURS = "ours"
    THEIRS = "theirs"


class Changer(StrEnum):
    """Who can change a cause."""

    APPROVERS = "approvers"
    """By a request to Gatehouse, which its approvers decide."""
    OUR_ADMINS = "our_admins"
    INVITERS = "inviters"
    SHAREPOINT_ADMINS = "sharepoint_admins"
    PARTNER_ADMINS = "partner_admins"
    PERSON = "person"

    @property
    def side(self) -> Side:
        """Return the side on which this changer is."""
        return Side.THEIRS if self in (Changer.PARTNER_ADMINS, Changer.PERSON) else Side.OURS


class Action(StrEnum):
    """What removes a cause; `bot/words` names the command or the place."""

    REQUEST_ACCESS = "request_access"
    LIFT = "lift"
    RESTORE = "restore"
    """Request the approved settings: the last sweep found others."""
    SEND_CHECKLIST = "send_checklist"
    TRUST_MFA = "trust_mfa"
    ENABLE_CLOUD = "enable_cloud"
    ENABLE_THEIR_CLOUD = "enable_their_cloud"
    CHECK_APPLICATION = "check_application"
    ASSIGN_APPLICATION = "assign_application"
    GRANT_CONSENT = "grant_consent"
    INVITE = "invite"
    ENABLE_ACCOUNT = "enable_account"
    """By somebody with a right in Entra."""
    ENABLE_WITH_APPROVAL = "enable_with_approval"
    """Somebody else disabled the account: by Gatehouse, where the approvers of the partner decide, or in Entra."""
    ENABLE_BY_REQUEST = "enable_by_request"
    """Gatehouse disabled the account: the approvers of the partner decide, or the admin who asked undoes it."""
    ACCEPT_INVITATION = "accept_invitation"
    CORRECT_ACCOUNT = "correct_account"
    RESET_REDEMPTION = "reset_redemption"
    ALLOW_INVITATIONS = "allow_invitations"
    CHANGE_POLICY = "change_policy"
    ADD_APPLICATION = "add_application"
    """No template opens the application and keeps those that are allowed now."""
    ACCEPT_CLAIMS = "accept_claims"
    """Change the policy, or request a template that accepts the partner's MFA or devices and opens the application."""
    CHANGE_SHARING = "change_sharing"
    COMPLETE_MFA = "complete_mfa"


class Cause(StrEnum):
    """Why a step stops them."""

    CLOUD_OFF = "cloud_off"
    """Our tenant has not enabled any other Microsoft cloud, and this one does not know the tenant."""
    NOT_ADDED = "not_added"
    """A tenant of another cloud that was not added here."""
    BLOCKED = "blocked"
    """Nobody of the partner is let in. Values: `rule`, `list`, `origin`, `drifted`: whether that was approved."""
    APPLICATION_BLOCKED = "application_blocked"
    """Values: as of `BLOCKED`, and where not all applications are allowed `allowed`: their names, where they may be
    said; `templates`: those that add it; `nearest`: where none does, the one that opens it, with what it would end."""
    CLOSED = "closed"
    """Gatehouse blocked the partner. Values: `state`."""
    APPLICATION_NOT_OURS = "application_not_ours"
    """Our tenant has no application with this id. Values: `application`: the typed id."""
    NO_ACCOUNT = "no_account"
    INTERNAL_ACCOUNT = "internal_account"
    """The account of this address belongs to our own tenant, so their own account cannot sign in to it."""
    ACCOUNT_DISABLED = "account_disabled"
    """Values: `enables`: whether Gatehouse can enable it. Where Gatehouse disabled it: `request`, `at`. Where Entra's
    audit log says it: `by`, `at`. Where the log could not be read: `unread`, an UnreadableReason."""
    SEVERAL_ACCOUNTS = "several_accounts"
    """Values: `count`."""
    INVITATION_PENDING = "invitation_pending"
    """Values: `since`; None when it is not known."""
    OTHER_IDENTITY = "other_identity"
    """The guest account belongs to another identity than that of their tenant. Values: `identity`: its kind."""
    INVITATIONS_OFF = "invitations_off"
    """Nobody may invite, and there is no account yet."""
    LOCKED_OUT = "locked_out"
    """Values: `policies`: names, for admins only; `blocks`; `demands`: what they ask for; `remedies`; `accept`: what of
    theirs must be accepted, where that suffices; `templates`: those that help (see `offers`); `allows_all`: whether our
    settings allow every application now; `is_estimate`."""
    SHARING_OFF = "sharing_off"
    SHARING_DOMAIN = "sharing_domain"
    SHARING_EXISTING_ONLY = "sharing_existing_only"
    SIGN_IN_ERROR = "sign_in_error"
    """Values: `code`, `people`, `application`, `correlation`: the id of the event, `at`."""


class Change(NamedTuple):
    """Who can change a cause, and how."""

    changer: Changer
    action: Action


CHANGES: Final[Mapping[Cause, Change]] = {
    Cause.CLOUD_OFF: Change(Changer.OUR_ADMINS, Action.ENABLE_CLOUD),
    Cause.NOT_ADDED: Change(Changer.APPROVERS, Action.REQUEST_ACCESS),
    Cause.BLOCKED: Change(Changer.APPROVERS, Action.REQUEST_ACCESS),
    Cause.APPLICATION_BLOCKED: Change(Changer.APPROVERS, Action.REQUEST_ACCESS),
    Cause.CLOSED: Change(Changer.APPROVERS, Action.LIFT),
    Cause.APPLICATION_NOT_OURS: Change(Changer.OUR_ADMINS, Action.CHECK_APPLICATION),
    Cause.NO_ACCOUNT: Change(Changer.INVITERS, Action.INVITE),
    Cause.INTERNAL_ACCOUNT: Change(Changer.OUR_ADMINS, Action.CORRECT_ACCOUNT),
    Cause.ACCOUNT_DISABLED: Change(Changer.OUR_ADMINS, Action.ENABLE_ACCOUNT),
    Cause.SEVERAL_ACCOUNTS: Change(Changer.OUR_ADMINS, Action.CORRECT_ACCOUNT),
    Cause.INVITATION_PENDING: Change(Changer.PERSON, Action.ACCEPT_INVITATION),
    Cause.OTHER_IDENTITY: Change(Changer.OUR_ADMINS, Action.RESET_REDEMPTION),
    Cause.INVITATIONS_OFF: Change(Changer.OUR_ADMINS, Action.ALLOW_INVITATIONS),
    Cause.LOCKED_OUT: Change(Changer.OUR_ADMINS, Action.CHANGE_POLICY),
    Cause.SHARING_OFF: Change(Changer.SHAREPOINT_ADMINS, Action.CHANGE_SHARING),
    Cause.SHARING_DOMAIN: Change(Changer.SHAREPOINT_ADMINS, Action.CHANGE_SHARING),
    Cause.SHARING_EXISTING_ONLY: Change(Changer.SHAREPOINT_ADMINS, Action.CHANGE_SHARING),
}
"""The usual change for each cause but `SIGN_IN_ERROR`, whose code decides."""


class Note(StrEnum):
    """What a step found besides a cause."""

    UNREADABLE = "unreadable"
    """Values: `what`, `why` (an UnreadableReason)."""
    ORGANIZATION = "organization"
    """One tenant of this cloud. Values: `name`, `domain`, `tenant_id`."""
    OTHER_CLOUD = "other_cloud"
    """Values: `clouds`: those that our tenant has enabled."""
    NO_ORGANIZATION = "no_organization"
    """The domain has no tenant in this cloud: they come with a one-time passcode or an unmanaged account."""
    MAYBE_OTHER_CLOUD = "maybe_other_cloud"
    """The domain has no tenant in this cloud, and our tenant has enabled others. Values: `clouds`."""
    DOMAIN_MEANT = "domain_meant"
    """The domain has no tenant in this cloud, and partners have similar ones. Values: `domains`."""
    PERSONAL_ACCOUNT = "personal_account"
    DOES_NOT_APPLY = "does_not_apply"
    """Settings between tenants do not concern people without one."""
    TENANT_NOT_KNOWN = "tenant_not_known"
    ALLOWED = "allowed"
    """Values: `origin`, `rules`, `application`: the name of the one that was asked about; empty when none was."""
    NOT_CERTAIN = "not_certain"
    """Microsoft does not document what these settings mean. Values: `rules`."""
    PERSON_MAYBE_LISTED = "person_maybe_listed"
    """The settings name people or groups of the partner, which only the partner can look up. Values: `rule`."""
    CHANNELS_ONLY = "channels_only"
    """Guests are blocked, and direct connect is open: shared channels in Teams work."""
    ANY_APPLICATION = "any_application"
    """No application was named."""
    SOME_APPLICATIONS = "some_applications"
    """No application was found or named, and not all are allowed. Values: `names`, `count`, `is_allow_list`."""
    UNKNOWN_APPLICATION = "unknown_application"
    """There is no application of this name, so this is answered as without one. Values: `application`, `similar`."""
    SEVERAL_APPLICATIONS = "several_applications"
    """Values: `names`."""
    NOTHING_RECORDED = "nothing_recorded"
    SETUP_CONFIRMED = "setup_confirmed"
    """Somebody confirmed that the partner lets its people out to us. Values: `by`, `at`."""
    SETUP_OPEN = "setup_open"
    """Values: `confirmed`, `needed`: numbers of steps."""
    NO_PERSON = "no_person"
    """A whole organization was asked about."""
    DIRECT_CONNECT_ONLY = "direct_connect_only"
    """There is no account. Shared channels need none, and direct connect is open."""
    ACCOUNT_READY = "account_ready"
    """Values: `name`, `is_member`."""
    OTHER_IDENTITY = "other_identity"
    """The account does not belong to a tenant's identity. Values: `identity`: its kind."""
    INVITERS = "inviters"
    """Values: `who`: Graph's value of `allowInvitesFrom`."""
    DOMAIN_LISTS = "domain_lists"
    """The allow and deny lists of domains are not readable here."""
    NO_POLICY = "no_policy"
    POLICY_FOR_APPLICATIONS = "policy_for_applications"
    """Policies that may stop them at single applications, where none was named. Values: `policies`; `applications`:
    their names, or ids while they are not known; empty for a policy that leaves some applications out."""
    POLICY_MAY_APPLY = "policy_may_apply"
    """Values: `policies`."""
    ESTIMATE = "estimate"
    """Entra did not answer, or not for every sign-in."""
    MFA_HERE = "mfa_here"
    """They do MFA here although they did it at home: our tenant does not accept theirs. Values: `policies`; and
    `applications` as of `POLICY_FOR_APPLICATIONS`, where it is about single ones and none was named."""
    MFA_THERE = "mfa_there"
    """Their MFA is accepted. Values: `applications` as of `MFA_HERE`."""
    STRENGTH_THERE = "strength_there"
    """It must be MFA of a certain strength. Values: `policies`; `strengths`: their names."""
    MFA_REGISTRATION = "mfa_registration"
    """The MFA registration policy is not readable here; it can ask although theirs is accepted."""
    SHARING_ALLOWED = "sharing_allowed"
    SHARING_NOT_LISTED = "sharing_not_listed"
    """Our settings do not let them in to SharePoint, whatever it allows."""
    OTHER_APPLICATION = "other_application"
    """The application is neither SharePoint nor Teams."""
    SHARING_UNKNOWN = "sharing_unknown"
    """Values: `value`."""
    TEAMS = "teams"
    """Teams' own switches are not readable here."""
    NO_SIGN_INS = "no_sign_ins"
    SIGNED_IN = "signed_in"
    """Values: `at`, `people`, `application`: of the newest."""
    FAILED_EARLIER = "failed_earlier"
    """A refusal of the past. Values: `code`, `application`, `at`; `since`: when our settings were read back after it,
    where they do not prove that its cause is gone; None where the step that reads the cause passes now."""
    REFUSED_FOR = "refused_for"
    """A refusal of one application, where none was asked about, so that the step that reads its cause was not judged
    for it. Values: `code`, `application`, `at`."""
    UNEXPLAINED = "unexplained"
    """Values: `codes`."""
    INTERRUPTED = "interrupted"
    """They were asked for MFA and did not finish. Values: `codes`."""
    OTHER_SIGN_INS = "other_sign_ins"
    """The log has only sign-ins to other applications than the one that was asked about."""
    INCOMPLETE_LOG = "incomplete_log"


APPLICATION_NEEDED: Final = frozenset(
    {
        Note.SOME_APPLICATIONS,
        Note.UNKNOWN_APPLICATION,
        Note.SEVERAL_APPLICATIONS,
        Note.POLICY_FOR_APPLICATIONS,
    }
)
"""Notes that the answer depends on the application, and none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step with its result."""

    key: StepKey
    result: StepResult
    read_at: datetime | None
    """When its facts were read; None when nothing was."""
    notes: Facts = ()
    """What was found. Codes: `Note`."""
    cause: Fact | None = None
    """Why it stops them. Code: `Cause`. None unless the result is `STOPS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All steps, in the order of `StepKey`."""

    subject: str
    """The address or domain, normalized."""
    domain: str
    """The name of the partner for a command; a tenant id where nothing else is known."""
    application: str
    """The name of the application, as it was found or typed; empty when none was named."""
    steps: tuple[Step, ...]
    typed_application: str = ""
    """What was typed, where the application has another name; empty otherwise."""
    tenant_id: TenantId | None = None
    """None while it is not known which tenant it is, and for people without one."""
    waiting: tuple[AccessRequest, ...] = ()
    """The open requests about the partner."""
    enabling: tuple[AccessRequest, ...] = ()
    """The open requests that enable the account of the person."""

    @property
    def stopping(self) -> Iterator[Step]:
        """Yield the steps that stop them, the first cause first."""
        return (step for step in self.steps if step.result is StepResult.STOPS)

    @property
    def first(self) -> Step | None:
        """Return the first step that stops them; None when none is known to."""
        return next(self.stopping, None)

    @property
    def asks_them_first(self) -> bool:
        """Return whether the next question is for the partner: nothing here stops them, and their side is not known.

        Who got in was let out by their side, and what a refusal says is newer than any answer of the partner.
        """
        is_open = any(step.key is StepKey.THEIR_SETTINGS for step in self.open_steps)
        is_answered = self.last_sign_in is not None or self.refusal is not None
        return self.first is None and is_open and not is_answered and not self.needs_application

    @property
    def needs_application(self) -> bool:
        """Return whether the answer depends on the application, and none is known."""
        notes = {note.code for step in self.steps for note in step.notes}
        return bool(notes & APPLICATION_NEEDED)

    @property
    def meant_domains(self) -> tuple[str, ...]:
        """Return the domains of partners that may be meant, where nobody has the domain that was asked about."""
        notes = (note for step in self.steps for note in step.notes if note.code == Note.DOMAIN_MEANT)
        return tuple(domain for note in notes for domain in note.values["domains"])

    @property
    def strength(self) -> Fact | None:
        """Return the open question whether they have MFA of a certain strength at home; None where it is not open."""
        is_open = any(step.key is StepKey.CONDITIONAL_ACCESS for step in self.open_steps)
        notes = (note for step in self.steps for note in step.notes if note.code == Note.STRENGTH_THERE)
        return next(notes, None) if is_open else None

    @property
    def refusal(self) -> Fact | None:
        """Return the refusal of one application that was not asked about; None without one."""
        notes = (note for step in self.steps for note in step.notes if note.code == Note.REFUSED_FOR)
        return next(notes, None)

    @property
    def last_sign_in(self) -> Fact | None:
        """Return that the person got in, or was refused for a reason that is gone. None when the log says neither.

        Of a whole organization, one person's sign-in says nothing about the others.
        """
        found = {note.code: note for step in self.steps for note in step.notes}
        is_person = Note.NO_PERSON not in found
        return found.get(Note.FAILED_EARLIER, found.get(Note.SIGNED_IN)) if is_person else None

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """Return the steps whose result is not known here."""
        return tuple(step for step in self.steps if step.result in (StepResult.NOT_KNOWN, StepResult.NOT_READABLE))
