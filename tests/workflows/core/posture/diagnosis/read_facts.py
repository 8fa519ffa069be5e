"""Facts of a diagnosis in which every step but theirs passes; a test changes one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.workflows.core.builders import NOW, identity
from workflows.core.checks.conditional_access.controls import InboundTrustFlags
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.tenant_facts import (
    AddressAccount,
    LoggedSignIn,
    SignInLog,
    UnreadableFact,
    UnreadableReason,
)
from workflows.core.people import PersonId
from workflows.core.posture.diagnosis.facts import DiagnosisFacts, Home, HomeKind, NamedApplication, Read
from workflows.core.posture.diagnosis.steps import Diagnosis, Step, StepKey

UNREAD = UnreadableFact(reason=UnreadableReason.FORBIDDEN)
PORTAL = "5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6"
MARIA = AddressAccount(
    id=PersonId("m1"), name="Maria", principal_name="maria_contoso.com#EXT#@woodgrove.com", state="Accepted"
)
NO_TRUST = InboundTrustFlags(mfa=False, compliant_device=False, hybrid_joined_device=False)


def read(value: Any) -> Read[Any]:
    """Return a fact as it was read."""
    return Read(value=value, at=NOW)


def both(access: str, people: str = "AllUsers", application: str = "AllApplications") -> dict[str, Any]:
    """Return a setting of one user or group, and one application."""
    kind = "user" if people == "AllUsers" else "group"
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": people, "targetType": kind}]},
        "applications": {"accessType": access, "targets": [{"target": application, "targetType": "application"}]},
    }


DEFAULT: dict[str, Any] = {
    "isServiceDefault": True,
    "b2bCollaborationInbound": both("allowed"),
    "b2bCollaborationOutbound": both("allowed"),
    "b2bDirectConnectInbound": both("blocked"),
    "b2bDirectConnectOutbound": both("blocked"),
}


def facts(**changes: Any) -> DiagnosisFacts:
    """Return the facts about Maria, with some of them changed."""
    usual = DiagnosisFacts(
        subject="maria@contoso.com",
        domain="contoso.com",
        is_person=True,
        home=read(Home(kind=HomeKind.ORGANIZATION, identity=identity())),
        configuration=read(None),
        default=read(DEFAULT),
        application=None,
        record=None,
        accounts=read((MARIA,)),
        authorization=read({"allowInvitesFrom": "everyone"}),
        access=read(AccessReport(trust=NO_TRUST)),
        sharepoint=read({"sharingCapability": "externalUserSharingOnly"}),
        sign_ins=read(log(signed_in(0))),
    )
    return replace(usual, **changes)


def signed_in(
    code: int | None, *, minutes: int = 0, user: str = "m1", address: str = "maria@contoso.com"
) -> LoggedSignIn:
    """Return a sign-in so many minutes ago."""
    return LoggedSignIn(
        user_id=PersonId(user), address=address, at=NOW - timedelta(minutes=minutes), code=code, application="Portal"
    )


def log(*entries: LoggedSignIn, is_complete: bool = True) -> SignInLog:
    """Return a log."""
    return SignInLog(entries=entries, is_complete=is_complete)


def application(app_id: str = PORTAL, **values: Any) -> Read[Any]:
    """Return the named application."""
    return read(NamedApplication(**{"typed": "Portal", "id": app_id, "name": "Portal", **values}))


def step(diagnosis: Diagnosis, key: StepKey) -> Step:
    """Return one step."""
    return next(one for one in diagnosis.steps if one.key is key)


def codes(one: Step) -> list[str]:
    """Return the codes of what a step found."""
    return [note.code for note in one.notes]
