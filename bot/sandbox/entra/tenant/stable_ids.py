"""The initial objects have the same ids in every sandbox."""

import uuid

from bot.sandbox import seed


def stable_id(name: str) -> str:
    """Return the same GUID for the same name, so that screenshots and tests can rely on it."""
    return str(uuid.uuid5(uuid.UUID(seed.HOME_TENANT_ID), name))
