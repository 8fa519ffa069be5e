"""The form: all problems at once, each at its field; what cannot be known in time is checked later."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import workflows.app.requests.people_checks
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import refusal_words
from bot.words.sentences import day
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, NOW, RILEY, SAM, TENANT
from tests.workflows.fakes import HOME
from tests.workflows.world import CATALOG, CONTOSO, World, filled_form
from workflows.app.requests.forms import Form, InvalidForm
from workflows.app.storing.identifiers import derived_request_id
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.request import RequestFields, RequestKind, RequestState
from workflows.core.settings.documents import to_document
from workflows.partner_lookup.target import CONSUMER_TENANTS
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

NO_SLACK = PeopleDirectoryUnavailable("Slack does not answer.")
NO_ANSWER = TenantUnavailable("Microsoft Graph does not answer.")


async def problems(world: World, **form: Any) -> dict[str, str]:
    """What the form answers; checks that nothing was stored."""
    with pytest.raises(InvalidForm) as caught:
        await world.file(**form)
    assert await world.store.history() == []
    assert await world.all_requests() == []
    assert await world.store.count_pending(world.clock.now()) == (0, 0, 0)
    assert world.woken == []
    return {name: fact_words(one) for name, one in caught.value.problems.items()}


async def test_a_whole_form_is_filed_as_it_was_typed(world: World) -> None:
    request_id = await world.intake.file(
        Form(
            requester=RILEY.chat_id,
            target=" HTTPS://Contoso.COM/partners ",
            template="trusted-partner",
            justification="  Joint launch \n",
            sponsor=SAM.chat_id,
            days=90,
        ),
        key="submission-1",
    )
    request = await world.request(request_id)
    assert request_id == derived_request_id("submission-1")
    assert request.fields == RequestFields(
        kind=RequestKind.ACCESS,
        requester=RILEY.chat_id,
        sponsor=SAM.chat_id,
        target="contoso.com",
        template="trusted-partner",
        justification="Joint launch",
        duration=timedelta(days=90),
    )
    assert request.observation is not None
    assert request.observation.identity == CONTOSO
    assert request.expires_at == world.clock.now() + CATALOG.templates["trusted-partner"].decide_within


async def test_one_submission_delivered_many_times_is_one_request(world: World) -> None:
    form = filled_form(days=90)
    ids = await asyncio.gather(*(world.intake.file(form, key="submission-1") for _ in range(20)))
    assert len(set(ids)) == 1
    await world.settle()
    assert len(await world.all_requests()) == 1
    assert [command for _, command, _ in await world.log()] == ["submit", "record_prepared"]


async def test_every_problem_is_named_at_once(world: World) -> None:
    found = await problems(
        world, target="gmail.com", justification=" \n\t", sponsor="U-NOBODY", days=7, template="guest-collaboration"
    )
    assert found.keys() == {"target", "justification", "duration"}
    found = await problems(world, justification="", sponsor="U-NOBODY", days=7)
    assert found.keys() == {"justification", "duration", "sponsor"}
    assert found["justification"] == "Write why this partner needs access. The approvers read it."
    assert found["duration"] == "“Trusted partner” can last 90, 180, 365 days. Choose one of these."
    assert found["sponsor"].startswith("Entra must have exactly one account with the sponsor's mail address")


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ({"justification": "x" * 2001}, "justification", "Shorten this to 2000 characters"),
        ({"justification": "\u200b\u2060 \u00ad"}, "justification", "Write why"),
        ({"template": "everything"}, "template", "no template “everything”"),
        ({"target": ""}, "target", "Type the partner's domain"),
        ({"target": "gmail.com"}, "target", "personal email provider"),
        ({"target": "nowhere.example"}, "target", "No Microsoft Entra tenant has the domain “nowhere.example”"),
        ({"target": "0" * 8 + "-1111-4222-8333-444444444444"}, "target", "has the tenant ID"),
        ({"target": "woodgrove.com"}, "target", "is our own tenant"),
        ({"target": HOME}, "target", "is our own tenant"),
        ({"target": "live.example"}, "target", "belongs to private Microsoft accounts"),
    ],
)
async def test_a_problem_stands_at_its_field(world: World, form: dict[str, Any], field: str, words: str) -> None:
    world.tenant.add_tenant(replace(CONTOSO, tenant_id=HOME, default_domain="woodgrove.com"))
    world.tenant.add_tenant(replace(CONTOSO, tenant_id=min(CONSUMER_TENANTS), default_domain="live.example"))
    found = await problems(world, **form)
    assert found.keys() == {field}
    assert words in found[field]


async def test_a_justification_of_the_whole_length_is_accepted(world: World) -> None:
    assert await world.file(justification="x" * 2000)


async def test_a_partner_that_has_these_settings_already_is_said_at_the_field(world: World) -> None:
    settings = CATALOG.templates["trusted-partner"].settings
    world.tenant.partners[TENANT] = {
        "tenantId": TENANT,
        **{name.value: to_document(setting) for name, setting in settings.items()},
    }
    found = await problems(world)
    assert "already a partner with the settings" in found["target"]
    assert "Gatehouse did not open it" in found["target"]


async def test_a_second_request_about_a_tenant_names_the_first(world: World) -> None:
    first = await world.waiting()
    with pytest.raises(InvalidForm) as caught:
        await world.file(requester=DANA, template="guest-collaboration")
    assert {name: fact_words(one) for name, one in caught.value.problems.items()} == {
        "target": f"Riley has an open access request for this partner: {first.id} (“Trusted partner”, 180 days), sent "
        f"on {day(NOW)}, waiting for approval. Wait until it ends, or ask Riley to withdraw it."
    }


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        (
            {AMARA: ""},
            "The stage “Security” needs 1 person besides the requester and the sponsor",
        ),
        (
            {CHIE: ""},
            "The stage “Data owners” needs 2 people besides the requester and the sponsor",
        ),
        ({BRUNO: "security", CHIE: "", AMARA: "data-owner"}, "“Data owners” needs 2"),
    ],
    ids=["nobody", "too few", "too few besides the requester and the sponsor"],
)
async def test_a_chain_that_nobody_could_complete_is_said_before_anything_is_stored(
    world: World, roles: dict[Any, str], words: str
) -> None:
    """Riley and Sam have every role, but cannot approve: they are requester and sponsor."""
    for person, held in roles.items():
        world.directory.assign(person, held)
    found = await problems(world)
    assert words in found["template"]
    assert "Ask an admin" in found["template"]


async def test_another_sponsor_is_asked_for_where_that_would_complete_the_chain(world: World) -> None:
    """Two data owners are left: one of them is the sponsor, who cannot approve."""
    world.directory.assign(CHIE, "")
    assert "Choose another sponsor." in (await problems(world))["template"]
    assert "“Who decides”" in (await problems(world))["template"]
    world.directory.assign(SAM, "security")
    assert "sponsor cannot approve" not in (await problems(world))["template"]
    world.directory.assign(SAM, "data-owner")
    world.directory.assign(BRUNO, "")
    assert "Choose another sponsor." not in (await problems(world))["template"], "one more person is too few"


async def test_whom_the_directory_refuses_cannot_file(world: World) -> None:
    refused = Refused(RefusalCode.WORKSPACE_GUEST)
    world.directory.refusals[MALLORY.chat_id] = refused
    found = await problems(world, requester=MALLORY)
    assert found == {"target": refusal_words(refused)}


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("tenant.find", NO_ANSWER),
        ("tenant.read_partner", NO_ANSWER),
        ("directory.identify", NO_ANSWER),
        ("directory.identify", NO_SLACK),
        ("directory.holders", NO_ANSWER),
        ("directory.holders", NO_SLACK),
    ],
)
async def test_what_does_not_answer_does_not_stop_the_form(world: World, method: str, error: Exception) -> None:
    """The request is filed and waits: losing it would be worse."""
    world.script.fail(method, error)
    request = await world.settled(await world.file())
    assert request.state is RequestState.AWAITING_APPROVAL


async def test_who_does_not_answer_in_time_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's patience is three seconds for everything; here ours is cut to a hundredth of one."""
    monkeypatch.setattr(workflows.app.requests.people_checks, "TIMEOUT_SECONDS", 0.01)
    never = asyncio.Event()

    async def hangs(*_: object, **__: object) -> Any:
        await never.wait()

    monkeypatch.setattr(type(world.tenant), "find", hangs)
    monkeypatch.setattr(type(world.directory), "identify", hangs)
    async with asyncio.timeout(LONGEST_WAIT):
        request_id = await world.file()
    request = await world.request(request_id)
    assert (request.state, request.observation) == (RequestState.PREPARING, None)


async def test_what_graph_refuses_to_look_up_is_said(world: World) -> None:
    world.script.fail("tenant.find", TenantRefused(403, "x", "Insufficient privileges."), times=2)
    found = await problems(world)
    assert found == {"target": "Microsoft Graph refused to look this up: Insufficient privileges. Tell an admin."}


# --- what the form shows ---


async def test_what_the_form_showed_a_moment_ago_is_used_once(world: World) -> None:
    shown = await world.intake.look_up("Contoso.com")
    calls = world.script.calls.count("tenant.find")
    request = await world.request(await world.file())
    assert request.observation == shown
    assert world.script.calls.count("tenant.find") == calls
    with pytest.raises(InvalidForm):
        await world.file(target="contoso.com", justification="")
    assert world.script.calls.count("tenant.find") == calls + 1


async def test_what_the_form_showed_long_ago_is_asked_again(world: World) -> None:
    await world.intake.look_up("contoso.com")
    calls = world.script.calls.count("tenant.find")
    world.clock.advance(minutes=1)
    request = await world.request(await world.file())
    assert request.observation is not None
    assert request.observation.at == world.clock.now()
    assert world.script.calls.count("tenant.find") == calls + 1


async def test_what_the_form_showed_is_not_kept_without_end(world: World) -> None:
    for number in range(1100):
        domain = f"partner{number}.example"
        world.tenant.add_tenant(replace(CONTOSO, default_domain=domain))
        await world.intake.look_up(domain)
    assert len(world.intake._looked_up) <= 1000


@pytest.mark.parametrize("typed", ["", "gmail.com", "nowhere.example"])
async def test_looking_up_says_what_is_wrong_at_the_field(world: World, typed: str) -> None:
    with pytest.raises(InvalidField) as caught:
        await world.intake.look_up(typed)
    assert caught.value.field == "target"


async def test_looking_up_raises_what_entra_cannot_tell(world: World) -> None:
    world.script.fail("tenant.find", NO_ANSWER)
    with pytest.raises(TenantUnavailable):
        await world.intake.look_up("contoso.com")


# --- placeholders ---

GROUP, OURS, THEIRS = (f"1b4f7c2e-0a5d-4f3b-9c61-00000000000{number}" for number in (1, 2, 3))


async def test_the_ids_of_a_template_are_filed_as_guids(world: World) -> None:
    world.tenant.tenant_settings.names = {GROUP: None}
    placeholders = {"pilot_group": f" {GROUP.upper()} ", "project_group": OURS, "partner_application": f"{{{THEIRS}}}"}
    request_id = await world.file(
        template="regulated-project", days=90, placeholders={**placeholders, "of_another_template": "x"}
    )
    request = await world.request(request_id)
    assert request.fields.placeholders == {
        "pilot_group": GROUP,
        "project_group": OURS,
        "partner_application": THEIRS,
    }
    request = await world.settled(request_id)
    sent = request.plan.operations[0].body
    assert sent["b2bCollaborationInbound"]["usersAndGroups"]["targets"] == [{"target": GROUP, "targetType": "group"}]
    assert sent["b2bCollaborationOutbound"]["applications"]["targets"] == [
        {"target": THEIRS, "targetType": "application"}
    ]


async def test_what_is_wrong_with_an_id_is_said_at_its_field(world: World) -> None:
    placeholders = {"pilot_group": "the pilots", "project_group": "", "partner_application": THEIRS}
    found = await problems(world, template="regulated-project", days=90, placeholders=placeholders)
    assert set(found) == {"hole_pilot_group", "hole_project_group"}
    assert "Only the partner can tell you" in found["hole_pilot_group"]
    assert "Fill this in. The object ID of a group in our own directory." in found["hole_project_group"]


async def test_a_field_that_is_not_shown_carries_no_error(world: World) -> None:
    """A script that submits at once, or a form that shows another template's fields: said at the template."""
    found = await problems(world, template="contractor-portal", days=90, placeholders={"pilot_group": GROUP})
    assert set(found) == {"template"}
    assert "also needs “Portal application”. Choose the template in the list" in found["template"]


# --- narrowing ---


async def test_a_block_needs_nobody_but_one_approver(world: World) -> None:
    """Not even where the whole chain of the template could not be completed."""
    world.directory.assign(CHIE, "")
    strict = replace(CATALOG.templates["block"], stages=CATALOG.templates["trusted-partner"].stages)
    intake = replace(world.intake, catalog=replace(CATALOG, templates={**CATALOG.templates, "block": strict}))
    form = filled_form(justification="They compete now", days=90)
    with pytest.raises(InvalidForm) as caught:
        await intake.file(form, key="trust")
    assert "Data owners" in fact_words(caught.value.problems["template"])
    await intake.file(replace(form, template="block", days=365), key="block")
