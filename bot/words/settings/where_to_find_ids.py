"""Where a person finds the ID of an object of our own directory. A boundary: refusals and findings share it."""

from typing import Final

from workflows.core.settings.model import TargetType

FOUND_AT: Final = {
    TargetType.GROUP: "Copy the Object ID from Entra admin center, Groups, the group.",
    TargetType.USER: "Copy the Object ID from Entra admin center, Users, the user.",
    TargetType.APPLICATION: (
        "Copy the Application ID, not the Object ID, from Entra admin center, Enterprise applications, the application."
    ),
}


def where_to_find(kind: TargetType) -> str:
    """State where the ID of one of our own objects is found."""
    return FOUND_AT[kind]
