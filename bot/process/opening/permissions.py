"""Which permissions the two applications may have: those that they need, and those that a setting allows by name."""

from bot.process.settings import TenantSettings
from workflows.core.policy.stops.permissions import FOR_GUESTS, OPTIONAL, REQUIRED


def is_one_application(settings: TenantSettings) -> bool:
    """Return whether the bot's own application changes guest accounts, too."""
    return settings.guests_azure_client_id == settings.azure_client_id


def needed_by_bot(settings: TenantSettings) -> frozenset[str]:
    """Return what the bot's application may need, optional permissions included."""
    return REQUIRED | OPTIONAL | (FOR_GUESTS if is_one_application(settings) else frozenset())


def needed_for_guests(settings: TenantSettings) -> frozenset[str]:
    """Return what the application for guest accounts may need."""
    return needed_by_bot(settings) if is_one_application(settings) else FOR_GUESTS


def permitted_to_bot(settings: TenantSettings) -> frozenset[str]:
    """Return what the bot's application may have."""
    return needed_by_bot(settings) | settings.allowed_permissions


def permitted_for_guests(settings: TenantSettings) -> frozenset[str]:
    """Return what the application for guest accounts may have."""
    return needed_for_guests(settings) | settings.allowed_permissions
