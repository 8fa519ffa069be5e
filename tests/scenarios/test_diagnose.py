"""Why can't they get in? The command line and Slack answer for a person, in steps, with the first cause."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage, actions, running_stage, words
from tests.scenarios.test_posture import gatehouse
from tests.workflows.fakes import FixedClock
from workflows.catalog.catalog import SHIPPED

pytestmark = pytest.mark.story

BLOCKED: dict[str, Any] = {
    "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
STEPS = [
    *("home", "our_settings", "their_settings", "account", "invitations"),
    *("conditional_access", "sharing", "sign_ins"),
]


async def asked(stage: Stage, *words: str) -> tuple[int | None, dict[str, Any]]:
    """Ask the command line, as JSON."""
    status, out, err = await gatehouse(stage, "diagnose", *words, "--json")
    assert out, err
    document: dict[str, Any] = json.loads(out)
    assert [step["step"] for step in document["steps"]] == STEPS, "always the same steps in the same order"
    return status, document


def results(document: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["result"] for step in document["steps"]}


async def plant(stage: Stage, **objects: Any) -> None:
    """Change the tenant from outside."""
    await stage.call("PATCH", "graph/state", objects)


async def answered(stage: Stage, user: str, words_: str) -> dict[str, Any]:
    """The message with which `/partner diagnose` answers one person, and nobody else."""
    answer = await stage.do("command", user=user, text=f"/partner diagnose {words_}")
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user=user))["messages"]
    return [*answer["ephemeral"], *(one for one in found if one.get("is_ephemeral"))][-1]  # type: ignore[no-any-return]


async def asked_in_slack(stage: Stage, user: str, words_: str) -> str:
    """What `/partner diagnose` answers to one person."""
    return " ".join(words(await answered(stage, user, words_)).split())


async def test_the_command_line_names_the_first_cause_and_who_can_change_it(stage: Stage) -> None:
    """Nothing is known to stop Maria. Then two causes are planted, and one is taken away after the other."""
    status, document = await asked(stage, "Maria@CONTOSO.com")
    assert (status, document["first"]) == (4, None)
    assert results(document)["their_settings"] == "not_known"
    assert "mfa_here" in json.dumps(document), "the same page says why they are asked for MFA twice"

    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": BLOCKED}})
    await plant(stage, sharepointSettings={"sharingCapability": "disabled"})
    status, document = await asked(stage, "maria@contoso.com")
    assert (status, document["first"]["cause"]["code"], document["first"]["action"]) == (3, "blocked", "request_access")
    assert results(document)["sharing"] == "stops", "the steps after it still run"

    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": None}})
    _, document = await asked(stage, "maria@contoso.com")
    assert document["first"]["cause"]["code"] == "sharing_off"

    _, document = await asked(stage, "nobody+new@contoso.com", "Contractor portal")
    assert (document["first"]["cause"]["code"], document["application"]) == ("no_account", "Contractor portal")
    assert results(document)["invitations"] == "not_readable"
    _, document = await asked(stage, "maria@contoso.com", "No such application")
    assert document["first"]["cause"]["code"] == "sharing_off", "a name that nobody knows is not what stops them"

    for columns in (80, 160):
        status, out, err = await gatehouse(stage, "diagnose", "maria@contoso.com", columns=columns)
        assert (status, err) == (3, "")
        assert max(map(len, out.splitlines())) <= columns
        assert "Can change it: A SharePoint admin of our tenant." in out


async def test_logs_that_are_refused_or_empty_stay_unknown(stage: Stage) -> None:
    """An error of the person is explained with Microsoft's code; without the log, the step says where to look."""
    state = (await stage.see("graph/state"))["state"]
    first = next(one for one in state["signIns"] if one["userPrincipalName"] == "maria@contoso.com")
    failed = {**first, "id": "failed"}
    failed["status"] = {"errorCode": 65001, "failureReason": "Other.", "additionalDetails": None}
    await plant(stage, signIns=[failed])
    _, document = await asked(stage, "maria@contoso.com")
    assert document["first"]["cause"]["values"]["code"] == 65001
    await plant(stage, signIns=[])
    _, document = await asked(stage, "maria@contoso.com")
    assert (document["first"], results(document)["sign_ins"]) == (None, "not_known"), document["steps"][-1]["notes"]
    await stage.do("faults", target="graph", match="auditLogs/signIns", times=100, status=403)
    _, document = await asked(stage, "maria@contoso.com")
    assert (document["first"], results(document)["sign_ins"]) == (None, "not_readable")


async def test_a_refusal_from_before_the_access_was_opened_is_no_cause(stage: Stage) -> None:
    """The access opens Office 365. Whether SharePoint is among it is not known, and the refusal is older."""
    state = (await stage.see("graph/state"))["state"]
    first = next(one for one in state["signIns"] if one["userPrincipalName"] == "maria@contoso.com")
    refused = {**first, "id": "refused", "status": {**first["status"], "errorCode": 500213}}
    await plant(stage, signIns=[refused])
    await stage.open_access()
    for named in ((), ("SharePoint Online",)):
        _, document = await asked(stage, "maria@contoso.com", *named)
        assert document["first"] is None, named
        assert document["steps"][-1]["notes"][0]["code"] == "failed_earlier"
    assert "Ask them to try again: the refusal is older" in await asked_in_slack(stage, "admin", "maria@contoso.com")


async def test_the_command_line_records_who_asked_about_whom(stage: Stage) -> None:
    """As in Slack, the question is in the audit log, also while the bot runs beside."""
    await asked(stage, "Maria@CONTOSO.com", "Contractor portal")
    store = await stage.database.location.open_shared(FixedClock())
    try:
        (entry,) = [one for one in await store.history() if one.command == "look_up"]
    finally:
        await store.close()
    assert entry.actor.startswith("os:")
    assert entry.details == {"target": "Maria@CONTOSO.com Contractor portal", "by": "gatehouse diagnose"}


async def test_in_slack_an_admin_sees_the_steps_and_requests_access_with_one_click(stage: Stage) -> None:
    """The button opens the form about this partner. Then the request that waits is named, with its Details."""
    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": BLOCKED}})
    said = await asked_in_slack(stage, "admin", "maria@contoso.com")
    assert "Our settings do not let in people of this partner" in said
    assert "/partner request contoso.com" in said
    assert "Sign-ins:" in said

    message = await answered(stage, "admin", "maria@contoso.com")
    assert actions(message) == ["request_named"]
    clicked = {"user": "admin", "channel": "partner-access", "ts": message["ts"]}
    opened = await stage.do("click", action_id="request_named", **clicked)
    await stage.rest()
    view = next(one for one in (await stage.see("views", user="admin"))["views"] if one["id"] == opened["opened"])
    assert "contoso.com" in json.dumps(view)
    await stage.do("close", user="admin", view_id=view["id"])

    await stage.ask()
    message = await answered(stage, "admin", "maria@contoso.com")
    assert actions(message) == ["review_request"]
    assert "for this partner is open: waiting for approval" in words(message)
    clicked["ts"] = message["ts"]
    opened = await stage.do("click", action_id="review_request", **clicked)
    await stage.rest()
    assert opened["opened"]


async def test_the_help_desk_sees_every_step_and_no_name_of_a_policy(tmp_path: Path) -> None:
    templates = shutil.copytree(SHIPPED, tmp_path / "templates")
    roles = templates / "roles.toml"
    roles.write_text(f'{roles.read_text()}\n[helpdesk]\ntitle = "Help desk"\npeople = ["approver3@woodgrove.com"]\n')
    environment = {"GATEHOUSE_TEMPLATES": str(templates)}
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=environment)) as stage:
        users = (await stage.see("graph/state"))["state"]["users"].values()
        maria = next(one for one in users if one["mail"] == "maria@contoso.com")
        await plant(stage, users={maria["id"]: {"accountEnabled": False}})
        for user, knows_names in (("approver3", False), ("admin", True)):
            message = await answered(stage, user, "maria@contoso.com")
            said = words(message)
            assert "The account is disabled here." in said
            assert ("Require MFA for guests" in said) is knows_names
            assert ("a policy (admins see its name)" in said) is not knows_names
            assert ("user_id" in json.dumps(message["blocks"])) is knows_names, "the admins by name"
            offered = ["accounts_enable", "guests_page"] if knows_names else []
            assert actions(message) == offered, "guests are for admins"
        clicked = {"user": "admin", "channel": "partner-access", "ts": message["ts"]}
        opened = await stage.do("click", action_id="accounts_enable", **clicked)
        await stage.rest()
        view = next(one for one in (await stage.see("views", user="admin"))["views"] if one["id"] == opened["opened"])
        fields = {block.get("block_id"): block.get("element", {}) for block in view["blocks"]}
        assert fields["accounts_which"]["initial_option"]["value"] == "listed", "nobody else is enabled"
        assert fields["accounts_list"]["initial_value"] == "maria@contoso.com"
        await stage.do("close", user="admin", view_id=view["id"])
        assert "No application of this name: “Contr”." in await asked_in_slack(
            stage, "approver3", "maria@contoso.com Contr"
        )
        assert "Contractor portal" in await asked_in_slack(stage, "admin", "maria@contoso.com Contr")


async def test_a_sponsor_hears_the_side_of_the_partner_and_nothing_about_a_person(stage: Stage) -> None:
    await stage.open_access()
    unknown = await asked_in_slack(stage, "requester", "contoso.com")
    assert "contoso.com : Not known." in unknown
    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": BLOCKED}})
    about = {await asked_in_slack(stage, "requester", name) for name in ("maria@contoso.com", "nobody@contoso.com")}
    assert about == {await asked_in_slack(stage, "requester", "contoso.com")}, "the same with and without an account"
    assert "contoso.com : Our side." in about.pop()
    refused = await asked_in_slack(stage, "requester", "fabrikam.com")
    assert "Only admins and the help desk can ask this" in refused, "they sponsor another partner"


async def test_a_person_who_may_not_ask_learns_nothing_in_any_of_twenty_tries(stage: Stage) -> None:
    """The same bytes, after the same reads of Graph, and no message to anybody else, whatever is asked about."""
    await stage.open_access()
    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": BLOCKED}})
    tries = (
        *("contoso.com", "maria@contoso.com", "jon@contoso.com", "nobody@contoso.com", CONTOSO),
        *("fabrikam.com", "yuki@fabrikam.com", "nowhere.example.com", "a@nowhere.example.com", "gmail.com"),
        *("maria@outlook.com", "woodgrove.com", "admin@woodgrove.com", "Maria+x@CONTOSO.com", "a@b@c"),
        *("not-a-name", "<@U0ADMIN0001>", "9188040d-6c67-4c5b-b112-36a304b66dad", "*", "contoso.com Contractor portal"),
    )
    assert len(tries) == 20
    await answered(stage, "approver2", "contoso.com")  # the first question reads who this is
    before = await others_see(stage)
    answers, reads = set(), set()
    for text in tries:
        await stage.forget_slack_calls()  # nobody asks so often in a minute that Slack answers no more
        read = len(await stage.graph())
        message = await answered(stage, "approver2", text)
        # Slack gives each block an id of its own.
        blocks = [{name: value for name, value in block.items() if name != "block_id"} for block in message["blocks"]]
        answers.add(json.dumps([message["text"], blocks]))
        reads.add(len(await stage.graph()) - read)
    assert len(answers) == 1
    assert "Only admins and the help desk can ask this" in answers.pop()
    assert len(reads) == 1, reads
    assert await others_see(stage) == before


async def others_see(stage: Stage) -> dict[str, list[str]]:
    """What everybody was told, in the channel and in their own messages."""
    people = ("requester", "approver1", "approver2", "approver3", "admin")
    own = {user: [words(one) for one in await stage.direct(user)] for user in people}
    return {**own, "channel": [words(one) for one in await stage.messages()]}
