"""Sentences for settings that this version cannot read. They are never treated as open, closed or absent."""

from typing import Final

from bot.words.sentences import Sentences
from bot.words.settings import title
from workflows.core.errors.refusal_codes import RefusalCode as R

UNREADABLE: Final[Sentences] = {
    R.SETTING_NO_OBJECT: "{setting}: expected an object, got {found}. "
    "Ask an admin to look at it in the Entra admin center.",
    R.SETTING_NO_TARGETS: "{setting}: expected an object with accessType and targets, got {document!r}. "
    "Ask an admin to look at it in the Entra admin center.",
    R.TARGETS_UNKNOWN: "{setting}: this version cannot read the targets {document!r}. "
    "Ask an admin to look at it in the Entra admin center.",
    R.SYNCHRONIZATION_UNKNOWN: "identitySynchronization: expected isSyncAllowed true, false or null. "
    "Ask an admin to look at it in the Entra admin center.",
    R.FLAG_UNKNOWN: "{setting}.{flag}: expected true, false or null, got {value!r}. "
    "Ask an admin to look at it in the Entra admin center.",
    R.NO_JSON_FORM: lambda values: (
        f"A value read from the tenant has no exact JSON form: {str(values['problem']).rstrip('.')}. "
        "Ask an admin to look at it in the Entra admin center."
    ),
    R.VALUE_NOT_RESTORABLE: lambda values: (
        f"{title(values['setting'])} cannot be put back: it held a value that this version of Gatehouse does not know. "
        "Ask an admin to look at it in the Entra admin center."
    ),
}
