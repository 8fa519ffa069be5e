"""Every problem with Entra in words: no code without a sentence, and one sentence of each to compare with."""

from typing import Any, Final

import pytest

from bot.words.refusals.sentences import SENTENCES as REFUSALS
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words, refusal_words
from bot.words.unavailable.entra import ASKED, MEANINGS, SENTENCES, entra_words
from tests.workflows.core.builders import TENANT
from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import KnownRefusal, Purpose, TenantCode
from workflows.core.policy.approval import NotCountedReason
from workflows.core.requests.notes import NoteCode
from workflows.ports.tenant import TenantRefused, TenantUnavailable

C = TenantCode


def call(purpose: str, of: str = "", kind: str = "") -> dict[str, str]:
    """Return the values of a call, as a fact about Entra contains them."""
    return {"purpose": purpose, "of": of, "kind": kind}


LOOK_UP: Final = call("find_tenant", of="contoso.example")
CHANGE: Final = call("change_partner")
DENIED: Final[dict[str, Any]] = {
    "call": LOOK_UP,
    "status": 400,
    "code": "BadRequest",
    "says": "No",
    "request_id": "r-1",
    "permission": "Policy.Read.All",
    "meaning": None,
}
GOLDEN: Final[list[tuple[TenantCode, dict[str, Any], str]]] = [
    (
        C.GUEST_ACCOUNTS_NOT_SET_UP,
        {},
        "Gatehouse cannot disable or enable guest accounts: GUESTS_AZURE_CLIENT_ID is not set. Nothing was sent.",
    ),
    (
        C.GUEST_CREDENTIALS_REFUSED,
        {"says": "AADSTS7000215"},
        "Entra refused the credentials for guest accounts: AADSTS7000215. Check the credentials for guest accounts "
        "(GUESTS_AZURE_CLIENT_ID and its secret or certificate).",
    ),
    (
        C.REFUSED_BY_ENTRA,
        {**DENIED, "call": call("read_guest_account", of="0c01"), "status": 401},
        "Entra refused to show the account 0c01: No (401 BadRequest, request id r-1). Check the credentials for guest "
        "accounts (GUESTS_AZURE_CLIENT_ID and its secret or certificate).",
    ),
    (
        C.REFUSED_BY_ENTRA,
        {
            **DENIED,
            "call": call("change_guest_account"),
            "status": 403,
            "permission": "User.EnableDisableAccount.All",
        },
        "Entra refused to disable or enable the account: No (403 BadRequest, request id r-1). The application for "
        "guest accounts needs the permission User.EnableDisableAccount.All with admin consent.",
    ),
    (
        C.REFUSED_BY_ENTRA,
        DENIED,
        "Entra refused to look up the tenant contoso.example: No (400 BadRequest, request id r-1).",
    ),
    (
        C.REFUSED_BY_ENTRA,
        {**DENIED, "code": "", "says": "", "request_id": ""},
        "Entra refused to look up the tenant contoso.example: no reason given (400).",
    ),
    (
        C.REFUSED_BY_ENTRA,
        {**DENIED, "status": 401, "code": "InvalidAuthenticationToken"},
        "Entra refused to look up the tenant contoso.example: No (401 InvalidAuthenticationToken, request id r-1). "
        "Check the bot's credentials (AZURE_TENANT_ID, AZURE_CLIENT_ID and its secret or certificate).",
    ),
    (
        C.REFUSED_BY_ENTRA,
        {**DENIED, "status": 403, "code": "Forbidden"},
        "Entra refused to look up the tenant contoso.example: No (403 Forbidden, request id r-1). The application "
        "needs the permission Policy.Read.All with admin consent.",
    ),
    (
        C.REFUSED_BY_ENTRA,
        {**DENIED, "meaning": "object_limit"},
        "Entra refused to look up the tenant contoso.example: No (400 BadRequest, request id r-1). "
        f"{MEANINGS[KnownRefusal.OBJECT_LIMIT]}",
    ),
    (
        C.CREDENTIALS_REFUSED,
        {"says": "AADSTS7000215"},
        "Entra refused the bot's credentials: AADSTS7000215. Check the bot's credentials (AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and its secret or certificate).",
    ),
    (C.NO_SUCH_GROUP, {"group": "it"}, "'it' is not a group. Give the object ID of an Entra group."),
    (
        C.THROTTLED,
        {"call": CHANGE, "request_id": "r-1", "seconds": 60.0},
        "Entra limits the bot's requests now and did not change the partner configuration "
        "(request id r-1). It asks the bot to wait 60 seconds.",
    ),
    (
        C.THROTTLED,
        {"call": CHANGE, "request_id": "", "seconds": None},
        "Entra limits the bot's requests now and did not change the partner configuration.",
    ),
    (
        C.ANSWERED_OTHERWISE,
        {"call": CHANGE, "status": 503, "request_id": "r-1", "is_write": True},
        "Entra answered 503 when asked to change the partner configuration (request id r-1). The "
        "result is unknown until it is read back.",
    ),
    (
        C.ANSWERED_OTHERWISE,
        {"call": LOOK_UP, "status": 503, "request_id": "", "is_write": False},
        "Entra answered 503 when asked to look up the tenant contoso.example.",
    ),
    (C.NO_TOKEN, {"says": "timed out"}, "Entra gives no token now: timed out. Nothing was sent."),
    (
        C.NO_CREDENTIALS,
        {"says": ""},
        "The bot has no credentials for Entra. Nothing was sent. Set AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, or run it "
        "where it has a workload or managed identity.",
    ),
    (
        C.NO_CREDENTIALS,
        {"says": "no identity here"},
        "The bot has no credentials for Entra. Nothing was sent. Set AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, or run it "
        "where it has a workload or managed identity. The last one tried says: no identity here.",
    ),
    (
        C.TOO_LATE,
        {"call": CHANGE, "is_sent": True, "is_write": True},
        "Entra took too long to change the partner configuration. The result is unknown until it is read back.",
    ),
    (
        C.TOO_LATE,
        {"call": CHANGE, "is_sent": False, "is_write": True},
        "Entra took too long to change the partner configuration. Nothing was sent.",
    ),
    (
        C.TOO_LATE,
        {"call": LOOK_UP, "is_sent": True, "is_write": False},
        "Entra took too long to look up the tenant contoso.example.",
    ),
    (
        C.UNREACHABLE,
        {"call": LOOK_UP},
        "Entra could not be reached to look up the tenant contoso.example. Nothing was sent.",
    ),
    (
        C.BROKEN_OFF,
        {"call": CHANGE, "is_write": True},
        "The connection to Entra broke while Gatehouse asked it to change the partner "
        "configuration. The result is unknown until it is read back.",
    ),
    (C.OUT_OF_TURN, {}, "Entra accepts no more requests of this kind now."),
    (C.NOT_CALLED, {}, "Entra did not answer the last requests, so Gatehouse waits before it asks again."),
    (
        C.TOKEN_REFUSED_TWICE,
        {"call": CHANGE, "status": 401, "code": "x", "says": "expired", "request_id": "r-1"},
        "Entra refused the token twice when asked to change the partner configuration: expired (401 x, request id "
        "r-1). Check the bot's credentials (AZURE_TENANT_ID, AZURE_CLIENT_ID and its secret or certificate).",
    ),
    (
        C.TOKEN_REFUSED_TWICE,
        {"call": call("change_guest_account", of="7"), "status": 401, "code": "", "says": "", "request_id": ""},
        "Entra refused the token twice when asked to disable or enable the account: no reason given (401). Check the "
        "credentials for guest accounts (GUESTS_AZURE_CLIENT_ID and its secret or certificate).",
    ),
    (
        C.SURPLUS_PERMISSIONS,
        {"permissions": "Mail.Send", "is_for_guests": False},
        "The bot's application has permissions that it does not need: Mail.Send. Nothing that opens access is written. "
        "Remove them in Entra, or name them in GATEHOUSE_ALLOWED_PERMISSIONS.",
    ),
    (
        C.HOME_NOT_KNOWN,
        {},
        "Microsoft Graph has not said yet which tenant it answers for. Nothing was sent.",
    ),
    (
        C.WRONG_TENANT,
        {"found": "a", "expected": "b"},
        "Microsoft Graph answers for the tenant a, not for b (AZURE_TENANT_ID). Nothing was sent.",
    ),
    (
        C.UNREADABLE_ANSWER,
        {"call": LOOK_UP, "request_id": "r-1"},
        "Entra's answer could not be read when asked to look up the tenant contoso.example (request id r-1).",
    ),
    (
        C.UNREADABLE_LIST,
        {"call": call("list_partners"), "request_id": ""},
        "Entra's list could not be read when asked to list the partners.",
    ),
    (
        C.ENDLESS_LIST,
        {"call": call("list_partners")},
        "Entra's list did not end, or continued at another address, when asked to list the partners.",
    ),
    (
        C.PARTIAL_LIST,
        {"call": call("evaluate_access")},
        "Entra's answer was incomplete when asked to evaluate Conditional Access policies.",
    ),
    (
        C.REPEATED_POLICY,
        {"call": call("evaluate_access")},
        "Entra's answer names a policy twice when asked to evaluate Conditional Access policies.",
    ),
    (
        C.NAMES_NOTHING,
        {"call": call("name_object", of="7", kind="group")},
        "Entra's answer names nothing when asked to name the group 7.",
    ),
    (
        C.NAMES_NO_TENANT,
        {"call": call("show_partner", of=TENANT)},
        f"Entra's answer does not name the tenant when asked to show the partner configuration of {TENANT}.",
    ),
    (
        C.NOT_ONE_ORGANIZATION,
        {},
        "Entra did not name this tenant: exactly one organization was expected.",
    ),
    (C.NO_OWN_DOMAINS, {}, "Entra did not name this tenant's own domains."),
    (C.PARTNER_IS_NO_TENANT, {}, "Entra's list of partners names something that is no tenant."),
    (C.PARTNERS_CHANGED, {}, "Entra's list of partners changed while it was read. Try again."),
    (
        C.NO_DEFAULT,
        {"call": call("show_default")},
        "Entra's answer is no default configuration when asked to show the default configuration.",
    ),
    (
        C.MEMBERS_WITHOUT_KIND,
        {"call": call("list_members", of="7")},
        "Entra did not say which are people when asked to list the members of the group 7.",
    ),
    (C.TOO_MANY_CHANGES, {}, "Entra's audit log holds too many changes since then to be read."),
]


def test_every_code_has_words_and_a_sentence_to_compare_with() -> None:
    assert set(SENTENCES) == set(TenantCode)
    assert {code for code, _, _ in GOLDEN} == set(TenantCode)
    assert set(ASKED) == set(Purpose)
    assert set(MEANINGS) == set(KnownRefusal)


@pytest.mark.parametrize(("code", "values", "sentence"), GOLDEN)
def test_a_problem_in_words(code: TenantCode, values: dict[str, Any], sentence: str) -> None:
    fact = Fact(code, values)
    assert entra_words(fact) == fact_words(fact) == sentence
    assert note_words([fact, Fact(NoteCode.KEEPS_TRYING)]) == f"{sentence} Gatehouse keeps trying."
    for error in (TenantUnavailable((fact,)), TenantRefused(403, "", (fact,))):
        assert refusal_words(error) == sentence


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_completes_the_sentence(purpose: Purpose) -> None:
    said = entra_words(Fact(C.UNREACHABLE, {"call": {"purpose": purpose.value, "of": "contoso", "kind": "group"}}))
    assert said.startswith("Entra could not be reached to ")
    assert "{" not in said


def test_no_code_is_that_of_another_subject_that_a_note_tells() -> None:
    """A note looks its words up by the code alone."""
    subjects = (set(TenantCode), set(NoteCode) | set(NotCountedReason), set(REFUSALS))
    for one in subjects:
        for other in subjects:
            assert one is other or {str(code) for code in one}.isdisjoint({str(code) for code in other} - {"text"})
