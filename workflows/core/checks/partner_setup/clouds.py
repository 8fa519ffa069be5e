"""Microsoft's clouds, with their names in Graph, in the portal and in PowerShell.

Sources: Graph "National cloud deployments", "Update crossTenantAccessPolicy"; PowerShell "Get-MgEnvironment"; Entra
"Configure Microsoft cloud settings for B2B collaboration".
"""

from typing import Final, NamedTuple
from urllib.parse import urlsplit


class Cloud(NamedTuple):
    """One Microsoft cloud, or one of the two Graph services of US Government."""

    graph: str
    """The root address of Graph in this cloud."""
    endpoint: str
    """Its name in `allowedCloudEndpoints`."""
    portal: str
    """Its name in another cloud's Microsoft cloud settings."""
    environment: str
    """Its name for `Connect-MgGraph -Environment`."""


GLOBAL: Final = Cloud("https://graph.microsoft.com", "microsoftonline.com", "Microsoft Azure Commercial", "Global")
CLOUDS: Final = (
    GLOBAL,
    Cloud("https://graph.microsoft.us", "microsoftonline.us", "Microsoft Azure Government", "USGov"),
    Cloud("https://dod-graph.microsoft.us", "microsoftonline.us", "Microsoft Azure Government", "USGovDoD"),
    Cloud(
        "https://microsoftgraph.chinacloudapi.cn",
        "partner.microsoftonline.cn",
        "Microsoft Azure China (operated by 21Vianet)",
        "China",
    ),
)


def cloud_of(graph_url: str) -> Cloud:
    """Return the cloud of a Graph address.

    An address of no known cloud (a test server on loopback) counts as global.
    """
    host = urlsplit(graph_url).hostname
    return next((cloud for cloud in CLOUDS if urlsplit(cloud.graph).hostname == host), GLOBAL)
