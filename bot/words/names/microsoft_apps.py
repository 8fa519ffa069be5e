"""The names of Microsoft's own applications, whose IDs are the same in every tenant.

Source: Microsoft, "Verify first-party Microsoft applications in sign-in reports". Rights management: "Overview:
Cross-tenant access with Microsoft Entra External ID". Only applications that settings of partners usually name.
"""

from collections.abc import Mapping
from typing import Final

from workflows.core.settings.model import Target, TargetType

MICROSOFT_APPS: Final[Mapping[str, str]] = {
    "00000002-0000-0000-c000-000000000000": "Windows Azure Active Directory",
    "00000002-0000-0ff1-ce00-000000000000": "Office 365 Exchange Online",
    "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    "00000004-0000-0ff1-ce00-000000000000": "Skype for Business Online",
    "00000005-0000-0ff1-ce00-000000000000": "Viva Engage",
    "00000006-0000-0ff1-ce00-000000000000": "Microsoft Office 365 Portal",
    "00000007-0000-0000-c000-000000000000": "Dataverse",
    "00000009-0000-0000-c000-000000000000": "Power BI Service",
    "00000012-0000-0000-c000-000000000000": "Microsoft Rights Management Services",
    "00000015-0000-0000-c000-000000000000": "Microsoft Dynamics ERP",
    "0000000c-0000-0000-c000-000000000000": "Microsoft App Access Panel",
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264": "Microsoft Teams",
    "4765445b-32c6-49b0-83e6-1d93765276ca": "OfficeHome",
    "5e3ce6c0-2b1f-4285-8d4b-75ee78787346": "Microsoft Teams Web Client",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Windows Azure Service Management API",
    "871c010f-5e61-4fb1-83ac-98610a7e9110": "Microsoft Power BI",
    "95de633a-083e-42f5-b444-a4295d8e9314": "Microsoft Whiteboard Services",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure Portal",
    "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87": "Microsoft Forms",
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": "Microsoft Teams Services",
    "d3590ed6-52b3-4102-aeff-aad2292ab01c": "Microsoft Office",
}


def microsoft_app_name(target: Target) -> str | None:
    """Return the name of an application of Microsoft; None for every other target."""
    return MICROSOFT_APPS.get(target.id.lower()) if target.type is TargetType.APPLICATION else None
