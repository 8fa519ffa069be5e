"""Shipped templates whose words a release changed. A boundary: only this file knows hashes of earlier files.

The hash of a template covers its title, description and hints, because requesters and approvers read them. So a release
that rewords a shipped template changes its hash, and every open request would be asked again about the same access.
Each entry says that two files differ in their words only; tests/workflows/catalog/test_rewording.py compares them. A
file with any other difference has another hash, so it is never taken for the reworded one.
"""

from collections.abc import Mapping
from typing import Final

REWORDED: Final[Mapping[str, str]] = {
    # block
    "c3f6f9af331e34fa9cfeb305a349688fdc08011dfbbb38d6a1c3b5e09c4151ec": (
        "ce30096af33d9b9eb4950b382585e6c739642396e286b765a2e5e67eca4465a1"
    ),
    # contractor-portal
    "66c8564cd6b3be1fa7bb096ea78846d3a717807c6b4df9101d74d1c543f30e3c": (
        "b3beeaa840535d263a86351903d2ad7a83147124c00858ba9dc51cba1ad1cae0"
    ),
    # guest-collaboration
    "917eb656646bff481816cc6c8b66c0120deef15fcae4d7364547388fc6f91a81": (
        "44ce9db0af5793248718265a661e0a9f3edddeb96609fc5958ac685a37f4317a"
    ),
    # merger
    "89bc97b4ec891f0cc532b442007d1bb08fee8e69082909519dff72cf1ad9aeb6": (
        "80d77751f137b0ed1e3e40865630177101345b76eb6e3cf0bec3c52bee0977c7"
    ),
    # regulated-project
    "8b53c77d8e1c85c20ce541d44a921d2d98883a6b313b38f8d588d7bde0e0c4e1": (
        "0643d6da9314f1c6e2506788aa3aaa615f6b5bbab3be491647e39d905ad2c011"
    ),
    # subsidiary-synchronization
    "bcd25626edf65724b0702825e6c63f07f7b6b1105191ea56262edafa80a039d7": (
        "28f5cf52884a43ce22c6e6fa347e039c856225362d336ea80cd21e8227c84747"
    ),
    # trusted-partner
    "bf9b828fd542166cabdb49c59cce6b39dee5fa0136a0cbde0a53c5053e3cb2c7": (
        "5f9d5424a0dc9dbf6654f3bbcfdf62981cd97833e3c1c5f8da8bf61316bbb515"
    ),
}
"""The hash of the present file, by the hash of the earlier one."""


def has_same_meaning(stored_hash: str, content_hash: str) -> bool:
    """Return whether a template means what it meant when a request stored its hash: the same file, or only reworded."""
    return content_hash in (stored_hash, REWORDED.get(stored_hash))
