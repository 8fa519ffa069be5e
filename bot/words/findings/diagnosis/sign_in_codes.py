"""The words for Microsoft's codes of sign-in errors. docs/troubleshooting.md is generated from them.

`uv run poe codes` writes the page's table.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES


class CodeWords(NamedTuple):
    """What a code means, and what to do."""

    meaning: str
    cure: str


_DEVICE: Final = CodeWords(
    "Conditional Access asks for a managed device.",
    "Trust the partner's devices if you rely on them, or exclude these guests from the policy. A device is managed by "
    "one tenant only.",
)
_NOT_INVITED: Final = CodeWords(
    "The account does not exist in the tenant as a guest. Or it signed in with another identity than the invited one.",
    "Invite the person, or ask them to sign in with the invited account. Settings alone create no guest account.",
)
_MFA_WANTED: Final = CodeWords(
    "The person was asked for MFA and did not finish it. Alone this is no fault.",
    "Ask the person to finish it. If they did MFA at home already, trust the partner's MFA.",
)

CODE_WORDS: Final[Mapping[int, CodeWords]] = {
    500212: CodeWords(
        "The home tenant's outbound settings do not let this person go to the other tenant.",
        "The home tenant opens B2B collaboration or direct connect outbound. If that is your tenant: `/partner show`, "
        "then ask for a template that opens outbound.",
    ),
    500213: CodeWords(
        "The resource tenant's inbound settings do not let this person in.",
        "The resource tenant opens inbound for this person *and* this application. If that is your tenant: "
        "`/partner show`. If groups are listed, check the group together with the partner.",
    ),
    90071: CodeWords(
        "A person signed in by B2B direct connect, and Conditional Access asks for MFA. The resource tenant does not "
        "trust the MFA of the partner.",
        "The tenant that owns the shared channel trusts the partner's MFA: the template "
        "[teams-shared-channels](templates/teams-shared-channels.md).",
    ),
    50020: _NOT_INVITED,
    50034: CodeWords(
        "The account does not exist in the tenant that was asked.",
        "Check the address. Invite the person, or ask them to sign in with the invited account.",
    ),
    50057: CodeWords(
        "The account is disabled.",
        "Enable the account here, or ask the home tenant to enable theirs.",
    ),
    90072: CodeWords(
        "The account of another tenant must be added here as a guest first.",
        "Invite the person, or ask them to sign in with the invited account.",
    ),
    50105: CodeWords(
        "The application requires an assignment that this person lacks.",
        "Assign the person or their group to the application. No cross-tenant setting does that.",
    ),
    53000: _DEVICE,
    53001: _DEVICE,
    53003: CodeWords(
        "A Conditional Access policy blocks, although cross-tenant access allows.",
        "`/partner diagnose`, `gatehouse posture` and the approval card name the policy, and what would change it.",
    ),
    50074: _MFA_WANTED,
    50076: _MFA_WANTED,
    50079: CodeWords(
        "The person must register MFA in the tenant first. Alone this is no fault.",
        "Ask the person to register. If their MFA is trusted, look at the MFA registration policy.",
    ),
    500121: CodeWords(
        "The person was asked for MFA, and it failed.",
        "Ask the person to try again. If they changed their phone, an admin of that tenant resets the method.",
    ),
    65001: CodeWords(
        "Nobody has consented to the permissions of this application.",
        "An admin grants consent to the application (Entra admin center, Enterprise applications, Permissions).",
    ),
    1000104: CodeWords(
        "The home tenant has not enabled the resource tenant's cloud.",
        "Both tenants enable each other's cloud in Microsoft cloud settings and add each other by tenant ID.",
    ),
}

GONE: Final[Mapping[int, str]] = {
    500213: "our settings did not let them in then",
    90071: "their MFA was not accepted then",
    50020: "the account was missing then",
    50034: "the account was missing then",
    50057: "the account was disabled then",
    90072: "the account was missing then",
    53000: "Conditional Access asked for a managed device then",
    53001: "Conditional Access asked for a managed device then",
    53003: "Conditional Access blocked them then",
}
"""What a refusal was about whose step passes now. Each code has one that its step reads."""


def code_name(number: int) -> str:
    """Return a code as Microsoft writes it: "AADSTS50020 UserUnauthorized"."""
    code = SIGN_IN_CODES.get(number)
    return f"AADSTS{number} {'' if code is None else code.name}".strip()


def meaning_of(code: str) -> str:
    """Return what a code means, such as AADSTS50020; empty for one that Gatehouse does not explain."""
    number = code.removeprefix("AADSTS")
    words = CODE_WORDS.get(int(number)) if number.isascii() and number.isdecimal() else None
    return "" if words is None else words.meaning


def code_rows() -> tuple[str, ...]:
    """Return the rows of the table in docs/troubleshooting.md. Codes with the same words share a row."""
    numbers_by_words: dict[CodeWords, list[int]] = {}
    for number in SIGN_IN_CODES:
        numbers_by_words.setdefault(CODE_WORDS[number], []).append(number)
    return tuple(
        f"| {', '.join(map(code_name, numbers))} | {words.meaning} | {words.cure} |"
        for words, numbers in numbers_by_words.items()
    )
