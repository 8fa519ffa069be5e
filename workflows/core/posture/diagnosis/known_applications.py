"""The names by which people and Microsoft's sign-in log call Microsoft's own applications. Data only."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class KnownApplication(NamedTuple):
    """One of Microsoft's own applications."""

    id: str
    name: str
    """As the sign-in log writes it."""


_SHAREPOINT: Final = KnownApplication("00000003-0000-0ff1-ce00-000000000000", "SharePoint Online")
_TEAMS: Final = KnownApplication("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams")
_EXCHANGE: Final = KnownApplication("00000002-0000-0ff1-ce00-000000000000", "Exchange Online")
KNOWN_APPLICATIONS: Final[Mapping[str, KnownApplication]] = {
    "sharepoint": _SHAREPOINT,
    "sharepoint online": _SHAREPOINT,
    "office 365 sharepoint online": _SHAREPOINT,
    "onedrive": _SHAREPOINT,
    "onedrive for business": _SHAREPOINT,
    "teams": _TEAMS,
    "ms teams": _TEAMS,
    "microsoft teams": _TEAMS,
    "microsoft teams web client": KnownApplication(
        "5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "Microsoft Teams Web Client"
    ),
    "microsoft teams services": KnownApplication("cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services"),
    "exchange": _EXCHANGE,
    "exchange online": _EXCHANGE,
    "office 365 exchange online": _EXCHANGE,
    "microsoft graph": KnownApplication("00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
    "azure portal": KnownApplication("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal"),
}
"""By name, in lower case (Microsoft: "Verify first-party Microsoft applications in sign-in reports").

OneDrive's files are read through SharePoint, which decides.
"""
