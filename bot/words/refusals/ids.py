"""Sentences for ids that a form or a request file needs, for names typed instead, and for unreadable settings."""

from typing import Final

from bot.words.names.found_object import object_name
from bot.words.sentences import Sentences, comma_list
from bot.words.settings.values import title
from bot.words.settings.where_to_find_ids import where_to_find
from workflows.core.checks.target_checks import shown_name
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import TargetType

_WANTED: Final = {
    (TargetType.GROUP, Owner.OURS): "The object ID of a group in our own directory.",
    (TargetType.USER, Owner.OURS): "The object ID of a user in our own directory.",
    (TargetType.APPLICATION, Owner.OURS): (
        "The application (client) ID of an application, not its object ID, in our own directory."
    ),
    (TargetType.GROUP, Owner.THEIRS): (
        "The object ID of a group in the partner's directory. Only the partner can tell you."
    ),
    (TargetType.USER, Owner.THEIRS): (
        "The object ID of a user in the partner's directory. Only the partner can tell you."
    ),
    (TargetType.APPLICATION, Owner.THEIRS): (
        "The application (client) ID of an application, not its object ID, in the partner's directory. Only the "
        "partner can tell you."
    ),
}
_ASKED: Final = {
    TargetType.GROUP: "the Object ID of your group (Entra admin center, Groups, the group, Overview)",
    TargetType.USER: "the Object ID of your user (Entra admin center, Users, the user, Overview)",
    TargetType.APPLICATION: (
        "the Application ID of your application (Entra admin center, Enterprise applications, the application, "
        "Overview)"
    ),
}


def wanted_words(kind: str, owner: str) -> str:
    """State which id a field needs, and who can provide it."""
    return _WANTED[TargetType(kind), Owner(owner)]


def id_request_words(kind: str, label: str) -> str:
    """Return which id the partner's administrator has to send, where to find it, and what for."""
    return f"{_ASKED[TargetType(kind)]}, for: {label}"


def _placeholder_missing(values: Values) -> str:
    return f"Fill this in. {wanted_words(values['kind'], values['owner'])}"


def _placeholder_reserved_word(values: Values) -> str:
    return (
        f"“{values['word']}” means all or many, but this template needs one ID here. Type one. "
        f"{wanted_words(values['kind'], values['owner'])}"
    )


def _placeholder_not_an_id(values: Values) -> str:
    sentence = (
        "This is not an ID such as 1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03. Type one. "
        f"{wanted_words(values['kind'], values['owner'])}"
    )
    if values["owner"] != Owner.THEIRS:
        return sentence
    return f"{sentence} Ask them: “Please send us {id_request_words(values['kind'], values['label'])}.”"


def _placeholder_unknown(values: Values) -> str:
    existing_ids = f"It has: {comma_list(values['known'])}." if values["known"] else "It has none."
    return f"“{values['template']}” does not have this placeholder, so remove it. {existing_ids}"


def _id_is_ours(values: Values) -> str:
    kind, name = values["kind"], object_name(values["name"])
    return f"This is our own {kind} “{name}”. Ask the partner for the ID of their {kind}."


def _where_words(values: Values) -> str:
    return where_to_find(TargetType(values["kind"]))


IDS: Final[Sentences] = {
    R.PLACEHOLDER_MISSING: _placeholder_missing,
    R.PLACEHOLDER_RESERVED_WORD: _placeholder_reserved_word,
    R.PLACEHOLDER_NOT_AN_ID: _placeholder_not_an_id,
    R.PLACEHOLDER_UNKNOWN: _placeholder_unknown,
    R.ID_NOT_OURS: lambda values: f"There is no {values['kind']} with this ID in this tenant. {_where_words(values)}",
    R.ID_IS_OURS: _id_is_ours,
    R.NAME_SEARCH_REFUSED: lambda values: (
        f"{values['kind'].capitalize()}s cannot be searched by name: {values['answer']} Type the ID. "
        f"{_where_words(values)}"
    ),
    R.NAME_OUTSIDE_PREFIX: lambda values: (
        f"This template takes only a {values['kind']} whose name begins with “{shown_name(values['prefix'])}”. "
        "Choose one that does, or another template."
    ),
    R.NAME_UNREADABLE: lambda values: (
        f"This template takes only a {values['kind']} whose name begins with “{shown_name(values['prefix'])}”, and its "
        f"name cannot be read now. {values['answer']} Wait a minute and send it again, or ask an admin."
    ),
}
UNREADABLE: Final[Sentences] = {
    R.SETTING_NOT_AN_OBJECT: "{setting}: expected an object, got {found}. Ask an admin to check it in the Entra admin "
    "center.",
    R.SETTING_NOT_A_LIST: "{setting}: expected a list, got {found}. Ask an admin to check it in the Entra admin "
    "center.",
    R.SETTING_WITHOUT_TARGETS: "{setting}: expected an object with accessType and targets, got {document!r}. Ask an "
    "admin to check it in the Entra admin center.",
    R.TARGETS_UNKNOWN: "{setting}: this version of Gatehouse cannot read the targets {document!r}. Ask an admin to "
    "check it in the Entra admin center.",
    R.SYNCHRONIZATION_UNKNOWN: "identitySynchronization: expected isSyncAllowed true, false or null. Ask an admin to "
    "check it in the Entra admin center.",
    R.FLAG_UNKNOWN: "{setting}.{flag}: expected true, false or null, got {value!r}. Ask an admin to check it in the "
    "Entra admin center.",
    R.NOT_WRITABLE_AS_JSON: lambda values: (
        f"A value read from the tenant has no exact JSON form: {str(values['problem']).rstrip('.')}. Ask an admin to "
        "check it in the Entra admin center."
    ),
    R.VALUE_NOT_RESTORABLE: lambda values: (
        f"{title(values['setting'])} cannot be restored, because this version of Gatehouse does not know its previous "
        "value. Ask an admin to check it in the Entra admin center."
    ),
}
"""Settings that this version cannot read. They are never treated as open, closed or absent."""
