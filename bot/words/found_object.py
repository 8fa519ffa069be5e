"""What was found in our directory for a typed name, in a few words. A boundary: forms of several flows may show it."""

from collections.abc import Mapping
from typing import Final

from workflows.core.policy.placeholders import Placeholder
from workflows.core.text import shown_name
from workflows.ports.tenant_settings import FoundObject, ObjectKind

KINDS: Final[Mapping[ObjectKind, str]] = {
    ObjectKind.MICROSOFT_365_GROUP: "Microsoft 365 group",
    ObjectKind.MAIL_ENABLED_SECURITY_GROUP: "mail-enabled security group",
    ObjectKind.DISTRIBUTION_LIST: "distribution list",
    ObjectKind.SECURITY_GROUP: "security group",
    ObjectKind.GUEST: "guest",
    ObjectKind.MEMBER: "member",
    ObjectKind.APPLICATION: "application",
}


def kind_words(one: FoundObject) -> str:
    """Return what distinguishes an object from others of the same name."""
    return f"{KINDS[one.kind]}{', disabled' if one.is_disabled else ''}"


def found_words(placeholder: Placeholder, one: FoundObject) -> str:
    """State which object was found for a name."""
    mail = f", {one.mail}" if one.mail else ""
    name = shown_name(one.name) or "(no name)"
    return f"{placeholder.label}: {placeholder.kind.value} “{name}” ({kind_words(one)}{mail}), ID {one.id}"
