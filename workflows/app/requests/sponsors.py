"""Explain to the person who named a sponsor why that sponsor is refused.

A refusal itself addresses the refused person.
"""

from collections.abc import Mapping
from typing import Final

from workflows.core.errors import Refused

_WORDS: Final[Mapping[str, str]] = {
    "not_one_account": (
        "Entra has no account, or several, with the sponsor's mail address; it has to be exactly one. Choose "
        "somebody else, or ask an admin to correct the address here or in Entra."
    ),
    "not_a_member": "The sponsor's Entra account is disabled or a guest account. Choose an enabled member.",
    "unknown_user": "The sponsor is not in this workspace any more. Choose somebody else.",
    "deactivated": "The sponsor's user is deactivated in this workspace. Choose somebody else.",
    "not_human": "The sponsor is a bot or a workflow. Choose a person.",
    "outsider": "The sponsor belongs to another workspace. Choose a member of this one.",
    "workspace_guest": "The sponsor is a guest in this workspace. Choose a full member.",
    "no_mail": (
        "No mail address of the sponsor is shown here, so Gatehouse cannot tell who that is in Entra. Choose somebody "
        "else, or ask an admin."
    ),
}


def sponsor_words(refused: Refused) -> str:
    """Reword a refusal of the sponsor for another reader."""
    return _WORDS.get(refused.code, f"The sponsor cannot be used: {refused.reason}")
