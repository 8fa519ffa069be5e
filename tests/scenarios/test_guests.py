"""The guests of a partner: an admin lists them, the sponsor counts them, and a review names who was long not there."""

import json
import re
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.scenarios.stage import DAY, Stage, words
from tests.scenarios.test_posture import gatehouse
from tests.scenarios.test_review_answers import window
from tests.stores.choice import is_postgres

pytestmark = pytest.mark.story

OWN: Final = "0a6f7d10-0009-4e1b-9b51-000000000001"
"""An account of our own with an address of the partner."""
MAIL: Final = {"maria": "maria@contoso.com", "jon": "jon@contoso.com"}


async def guests(stage: Stage, changes: dict[str, dict[str, Any]]) -> None:
    """Change guests of the tenant, each found by its address."""
    users = (await stage.see("graph/state"))["state"]["users"].values()
    by_mail = {one["mail"]: one["id"] for one in users if one["mail"]}
    patch = {by_mail.get(mail, mail): change for mail, change in changes.items()}
    await stage.call("PATCH", "graph/state", {"users": patch, "signIns": []})


async def many(stage: Stage, count: int) -> None:
    """Let the tenant have so many more guests of the partner, and Graph small pages."""
    users = (await stage.see("graph/state"))["state"]["users"].values()
    pattern = next(one for one in users if one["mail"] == MAIL["jon"])
    more = {}
    for number in range(count):
        key, mail = f"0a6f7d10-0009-4e1b-9b51-{number + 100:012}", f"person{number:03}@contoso.com"
        name = {"displayName": f"Person {number:03}", "userPrincipalName": f"p{number}_contoso.com#EXT#@woodgrove.com"}
        more[key] = pattern | {"id": key, "mail": mail, **name}
    await stage.call("PATCH", "graph/state", {"users": more, "pageSize": 10})


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
            OWN: {
                "id": OWN,
                "displayName": "Noor Haddad",
                "mail": "noor@Contoso.com",
                "userPrincipalName": "noor@woodgrove.com",
                "userType": "Member",
                "accountEnabled": True,
            },
            "yuki@fabrikam.com": {"mail": "Yuki+Test@CONTOSO.com", "userType": "Member", "createdDateTime": recent},
        },
    )
    people = await typed(stage, "admin")
    assert "no sign-in for 90 days; found by mail domain" in people
    assert "invitation older than 30 days" in people
    assert "a member here, perhaps also an employee" in people
    assert "Noor Haddad (noor@Contoso.com): an account of your own, never invited, not a guest" in people
    assert "3 guests:" in people
    counts = await typed(stage, "requester")
    assert "1 without a sign-in for 90 days" in counts
    assert "Maria" not in counts

    stranger = {await typed(stage, "approver1", f"/partner guests {name}") for name in ("contoso.com", "nobody.com")}
    assert len(stranger) == 1, "the same answer about a partner and about nobody"
    assert "Maria" not in stranger.pop()

    status, out, err = await gatehouse(stage, "guests", "contoso.com", "--json")
    document = json.loads(out)
    assert (status, err, document["count"], document["is_complete"]) == (0, "", 3, True)
    assert (document["own_accounts"], [one["kind"] for one in document["guests"]].count("own_account")) == (1, 1)
    assert document["findings"] == {"unused": 1, "old_invitation": 1}
    status, out, err = await gatehouse(stage, "guests", "contoso.com", "--csv")
    assert (status, len(out.splitlines())) == (0, 5)
    assert "3 guests" in err
    status, out, _ = await gatehouse(stage, "guests", "contoso.com", "--only", "invitations")
    assert "Jon Abara <jon@contoso.com>: invitation not accepted since" in out
    assert "Maria" not in out
    status, out, _ = await gatehouse(stage, "guests", "contoso.com", "--only", "unused", "--json")
    assert [one["address"] for one in json.loads(out)["guests"]] == [MAIL["maria"]]
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


async def test_a_long_list_goes_on_page_by_page_until_its_place_is_lost(stage: Stage) -> None:
    """An admin pages through 40 guests, back, to the open invitations alone, and again after the bot was restarted."""
    await stage.open_access()
    await many(stage, 40)
    assert "Guests of contoso.com, 1–15" in await typed(stage, "admin")

    async def use(action_id: str, **chosen: Any) -> str:
        found = (await stage.see("messages", channel="partner-access", user="admin"))["messages"]
        answer = [one for one in found if one.get("is_ephemeral")][-1]
        place = {"channel": "partner-access", "ts": answer["ts"], "user": "admin"}
        await stage.do("click", action_id=action_id, **place, **chosen)
        await stage.rest()
        found = (await stage.see("messages", channel="partner-access", user="admin"))["messages"]
        return " ".join(words(next(one for one in found if one["ts"] == answer["ts"])).split())

    seen: list[list[str]] = []
    for title in ("16–30", "31–42"):
        page = await use("guests_next")
        assert f"Guests of contoso.com, {title}" in page
        seen.append(re.findall(r"Person \d{3}", page))
    assert len(set(seen[0] + seen[1])) == len(seen[0] + seen[1])
    assert "16–30" in await use("guests_page")
    counted = await use("guests_count")
    assert "42 guests" in counted

    pages = await use("guests_page")
    assert "Guests of contoso.com, 1–15" in pages
    await stage.kill_the_bot()
    page = await use("guests_next")
    if is_postgres():  # each of several bots shows every list: it reads the pages before again
        assert "The list begins again." not in page
    else:
        assert "The list begins again." in page
        page = await use("guests_next")
    assert "16–30" in page
    assert re.findall(r"Person \d{3}", page) == seen[0]

    error = {"error": {"code": "Directory_ExpiredPageToken", "message": "The specified page token value is invalid."}}
    fault = {"target": "graph", "method": "GET", "match": "skiptoken", "status": 400, "body": error}
    await stage.do("faults", **fault, times=2 if is_postgres() else 1)
    page = await use("guests_next")
    assert "The list begins again." in page
    assert "1–15" in page
