"""Current settings are shown correctly and can be blocked, whatever the records and the look-up say."""

import pytest

from tests.scenarios.stage import CONTOSO, Stage, words

pytestmark = pytest.mark.story

STRAY = "5717a7e0-2222-4aaa-8bbb-0123456789a2"
OPEN = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}


async def shown(stage: Stage, named: str, user: str = "admin") -> str:
    """What `/partner show` answers."""
    await stage.do("command", user=user, text=f"/partner show {named}")
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user=user))["messages"]
    return words([one for one in found if one.get("is_ephemeral")][-1])


async def test_a_revoked_partner_that_is_open_again_and_one_that_nobody_knows(stage: Stage) -> None:
    """Both were opened from outside: the answer begins with that, and both can be blocked."""
    await stage.open_access()
    assert (await stage.revoke())["errors"] == {}
    assert "Alert" not in await shown(stage, "contoso.com")
    partners = {CONTOSO: {"b2bCollaborationInbound": OPEN}, STRAY: {"tenantId": STRAY, "b2bCollaborationInbound": OPEN}}
    await stage.call("PATCH", "graph/state", {"partners": partners})

    answer = await shown(stage, "contoso.com")
    alert = "Revoked earlier, but open now: B2B collaboration, inbound (open). Revoke it again."
    assert answer.index(alert) < answer.index("Settings, read just now")
    assert "Recorded as revoked." in answer
    assert "Also set, and not managed" not in answer

    answer = await shown(stage, STRAY)
    assert f"Partner: {STRAY}" in " ".join(answer.split())
    assert "neither opened nor closed this partner" in answer
    assert (await stage.revoke(typed=STRAY, domain=STRAY))["errors"] == {}
    stands = await stage.partner(STRAY)
    assert stands is not None
    assert stands["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"
    assert "Alert" not in await shown(stage, STRAY)
