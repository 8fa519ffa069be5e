"""An object that was found in our directory, in a few words. A boundary: forms of several flows may show it."""

from collections.abc import Mapping
from typing import Final

from workflows.core.checks.target_checks import shown_name
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


def kind_words(found_object: FoundObject) -> str:
    """Return the words that distinguish an object from other objects with the same name."""
    return f"{KINDS[found_object.kind]}{', disabled' if found_object.is_disabled else ''}"


def object_name(name: str) -> str:
    """Return the name of a user, group or application of our tenant; "(no name)" when it has none."""
    return shown_name(name) or "(no name)"


def found_name(found_object: FoundObject) -> str:
    """Return the name of an object as a choice."""
    return object_name(found_object.name)


def found_words(found_object: FoundObject) -> str:
    """Return the words that distinguish a found object: its kind, its address, and the end of its ID."""
    mail = f", {found_object.mail}" if found_object.mail else ""
    kind = kind_words(found_object)
    return f"{kind[0].upper()}{kind[1:]}{mail}, ID ends in {found_object.id[-4:]}"
