"""The guests of a partner: an admin lists them, the sponsor counts them, and a review names who was long not there."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.scenarios.stage import DAY, Stage, words
from tests.scenarios.test_posture import gatehouse
from tests.scenarios.test_review_answers import window

pytestmark = pytest.mark.story

MAIL: Final = {"maria": "maria@contoso.com", "jon": "jon@contoso.com"}


async def guests(stage: Stage, changes: dict[str, dict[str, Any]]) -> None:
    """Change guests of the tenant, each found by its address."""
    users = (await stage.see("graph/state"))["state"]["users"].values()
    by_mail = {one["mail"]: one["id"] for one in users if one["mail"]}
    patch = {by_mail[mail]: change for mail, change in changes.items()}
    await stage.call("PATCH", "graph/state", {"users": patch, "signIns": []})


async def typed(stage: Stage, user: str, text: str = "/partner guests contoso.com") -> str:
    """What the command answers to one person."""
    await stage.do("command", user=user, text=text)
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user=user))["messages"]
    return " ".join(words([one for one in found if one.get("is_ephemeral")][-1]).split())


async def test_guests_are_listed_counted_and_named_in_the_review(stage: Stage) -> None:
    """One signed in last year, one never accepted the invitation, and one was invited and counts as a member."""
    await stage.open_access()
    now = datetime.fromisoformat((await stage.see("clock"))["now"])
    long_ago = f"{now - timedelta(days=200):%Y-%m-%dT%H:%M:%SZ}"
    recent = f"{now - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    await guests(
        stage,
        {
            MAIL["maria"]: {
                "createdDateTime": long_ago,
                "signInActivity": {"lastSignInDateTime": long_ago, "lastSuccessfulSignInDateTime": long_ago},
            },
            MAIL["jon"]: {
                "externalUserState": "PendingAcceptance",
                "externalUserStateChangeDateTime": long_ago,
                "signInActivity": None,
            },
            "yuki@fabrikam.com": {"mail": "Yuki+Test@CONTOSO.com", "userType": "Member", "createdDateTime": recent},
        },
    )
    people = await typed(stage, "admin")
    assert "no sign-in for 90 days; found by mail domain" in people
    assert "invitation older than 30 days" in people
    assert "a member here, perhaps also an employee" in people
    counts = await typed(stage, "requester")
    assert "1 without a sign-in for 90 days" in counts
    assert "Maria" not in counts

    stranger = {await typed(stage, "approver1", f"/partner guests {name}") for name in ("contoso.com", "nobody.com")}
    assert len(stranger) == 1, "the same answer about a partner and about nobody"
    assert "Maria" not in stranger.pop()

    status, out, err = await gatehouse(stage, "guests", "contoso.com", "--json")
    document = json.loads(out)
    assert (status, err, document["count"], document["is_complete"]) == (0, "", 3, True)
    assert document["findings"] == {"unused": 1, "old_invitation": 1}
    status, out, err = await gatehouse(stage, "guests", "contoso.com", "--csv")
    assert (status, len(out.splitlines())) == (0, 4)
    assert "3 guests" in err
    status, out, _ = await gatehouse(stage, "guests", "contoso.com")
    assert "Jon Abara <jon@contoso.com>: invitation not accepted since" in out
    assert (await gatehouse(stage, "guests", "no name"))[0] == 1

    await stage.later(31 * DAY)

    async def is_asked() -> bool:
        return any("without a sign-in" in words(message) for message in await stage.direct("requester"))

    await stage.until(is_asked, "the evidence on the review card")
    card = next(one for one in await stage.direct("requester") if "without a sign-in" in words(one))
    assert "1 invitation older than 30 days" in " ".join(words(card).split())
    details = words(await window(stage, "requester", "review_details", card))
    assert "Names are shown to admins only" in details
