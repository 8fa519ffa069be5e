"""The doctor on what is optional: named with its permission, and no fault."""

from bot.doctor import surroundings
from tests.workflows.fakes import FakeTenant
from workflows.ports import TenantRefused


async def test_a_missing_optional_permission_is_named_and_is_no_fault() -> None:
    tenant = FakeTenant()
    tenant.surroundings.script.fail("surroundings.read_sign_ins", TenantRefused(403, "", "Insufficient privileges."))
    found = {finding.subject: finding for finding in await surroundings(tenant)}
    assert all(finding.is_optional for finding in found.values())
    assert {name for name, finding in found.items() if finding.cure} == {"Entra: sign-ins of partners"}
    assert "AuditLog.Read.All" in found["Entra: sign-ins of partners"].cure
