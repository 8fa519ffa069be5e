"""Sentences for ids that a form or a file asks for, for names typed in their place, and for unreadable settings."""

from typing import Any, Final

from bot.words.found_object import kind_words
from bot.words.sentences import Sentences, listed
from bot.words.settings.values import title
from bot.words.settings.where import where_to_find
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import TargetType
from workflows.core.text import shown_name
from workflows.ports.tenant_settings import FoundObject, ObjectKind

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


def _placeholder_missing(values: Values) -> str:
    return f"Fill this in. {wanted_words(values['kind'], values['owner'])}"


def _placeholder_word(values: Values) -> str:
    return (
        f"“{values['word']}” means all or many, but this template needs one ID here. Type one. "
        f"{wanted_words(values['kind'], values['owner'])}"
    )


def _placeholder_no_id(values: Values) -> str:
    sentence = (
        "This is not an ID such as 1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03. Type one. "
        f"{wanted_words(values['kind'], values['owner'])}"
    )
    if values["owner"] != Owner.THEIRS:
        return sentence
    return f"{sentence} Ask them: “Please send us {_ASKED[TargetType(values['kind'])]}, for: {values['label']}.”"


def _placeholder_unknown(values: Values) -> str:
    there = f"It has: {listed(values['known'])}." if values["known"] else "It has none."
    return f"“{values['template']}” does not have this placeholder, so remove it. {there}"


def _id_is_ours(values: Values) -> str:
    kind, name = values["kind"], shown_name(values["name"])
    return f"This is our own {kind} “{name}”. Ask the partner for the ID of their {kind}."


def _found_at(values: Values) -> str:
    return where_to_find(TargetType(values["kind"]))


def _name_ambiguous(values: Values) -> str:
    offered, more = "; ".join(map(_told_apart, values["found"])), "; and more" if values["has_more"] else ""
    return (
        f"More than one {values['kind']} has such a name: {offered}{more}. Type more of the name, or the ID. "
        f"{_found_at(values)}"
    )


def _told_apart(values: dict[str, Any]) -> str:
    one = FoundObject(**{**values, "kind": ObjectKind(values["kind"])})
    mail = f", {one.mail}" if one.mail else ""
    return f"“{shown_name(one.name)}” ({kind_words(one)}{mail}, ID ends in {one.id[-4:]})"


IDS: Final[Sentences] = {
    R.PLACEHOLDER_MISSING: _placeholder_missing,
    R.PLACEHOLDER_WORD: _placeholder_word,
    R.PLACEHOLDER_NO_ID: _placeholder_no_id,
    R.PLACEHOLDER_UNKNOWN: _placeholder_unknown,
    R.ID_NOT_OURS: lambda values: f"There is no {values['kind']} with this ID in this tenant. {_found_at(values)}",
    R.ID_IS_OURS: _id_is_ours,
    R.NAME_TOO_SHORT: lambda values: (
        f"Type at least {values['least']} characters of the name, or the ID. {_found_at(values)}"
    ),
    R.NAMES_TOO_MANY: lambda values: (
        f"Only {values['most']} names can be searched in one form. Type the ID here. {_found_at(values)}"
    ),
    R.NAMES_REFUSED: lambda values: (
        f"{values['kind'].capitalize()}s cannot be searched by name: {values['answer']} Type the ID. "
        f"{_found_at(values)}"
    ),
    R.NAMES_UNANSWERED: lambda values: (
        f"Microsoft Entra does not answer now. Try again, or type the ID. {_found_at(values)}"
    ),
    R.NAME_UNKNOWN: lambda values: (
        f"Our directory has no {values['kind']} whose name is or begins with “{shown_name(values['name'])}”. "
        f"{_found_at(values)}"
    ),
    R.NAME_AMBIGUOUS: _name_ambiguous,
}
UNREADABLE: Final[Sentences] = {
    R.SETTING_NO_OBJECT: "{setting}: expected an object, got {found}. Ask an admin to check it in the Entra admin "
    "center.",
    R.SETTING_NO_TARGETS: "{setting}: expected an object with accessType and targets, got {document!r}. Ask an admin "
    "to check it in the Entra admin center.",
    R.TARGETS_UNKNOWN: "{setting}: this version of Gatehouse cannot read the targets {document!r}. Ask an admin to "
    "check it in the Entra admin center.",
    R.SYNCHRONIZATION_UNKNOWN: "identitySynchronization: expected isSyncAllowed true, false or null. Ask an admin to "
    "check it in the Entra admin center.",
    R.FLAG_UNKNOWN: "{setting}.{flag}: expected true, false or null, got {value!r}. Ask an admin to check it in the "
    "Entra admin center.",
    R.NO_JSON_FORM: lambda values: (
        f"A value read from the tenant has no exact JSON form: {str(values['problem']).rstrip('.')}. Ask an admin to "
        "check it in the Entra admin center."
    ),
    R.VALUE_NOT_RESTORABLE: lambda values: (
        f"{title(values['setting'])} cannot be restored, because this version of Gatehouse does not know its previous "
        "value. Ask an admin to check it in the Entra admin center."
    ),
}
"""Settings that this version cannot read. They are never treated as open, closed or absent."""
