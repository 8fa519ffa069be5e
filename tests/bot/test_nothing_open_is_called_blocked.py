"""No text says "blocked" or "nothing trusted" about access that is open or not known.

Random configurations of a partner and of the default are shown on every surface, in this cloud and another. Some have
unknown members and values of the wrong type. A failure prints the input that reproduces it.
"""

import io
import json
import re
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from rich.console import Console

from bot.slack.cards.partner_setup.setup_card import setup_card
from bot.slack.cards.review_card import review_card
from bot.slack.flows.revoke.views import revoke_view_or_nothing, revoke_without_preview_view
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.flows.show.partner_list import partner_list
from bot.slack.flows.show.posture import posture_message
from bot.terminal.posture.posture_json import posture_json
from bot.terminal.posture.posture_table import print_posture
from bot.words.posture.summary import trust_words
from bot.words.requests.messages import message_words
from bot.words.settings.open_access import access_kind_title, is_known_setting, unknown_settings_words
from tests.bot.surfaces import all_of, details, shown
from tests.workflows.core.builders import NOW, TENANT, closed_document, identity, noted, partnership, prepared, request
from tests.workflows.core.strategies import JSON, PROPERTY, setting_of
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.partnership import PartnershipState
from workflows.core.partners.records import Records
from workflows.core.plans.plan import is_confirmed
from workflows.core.plans.planning import plan_revocation
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.posture.default_posture import default_posture
from workflows.core.posture.model import Posture
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.requests.commands.automatic import RecordApplied
from workflows.core.requests.effects import SendMessage
from workflows.core.requests.request import ObservedPartner, RequestKind, RequestState
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import FLAGS, Property
from workflows.core.settings.open_access import AccessKind, access_kinds, possibly_open

WHOLE: Final = re.compile(
    r"in every respect|every direction|is blocked(?! until)|already blocked|blocked \(verified|recorded as blocked"
    r"|verified as blocked|blocked, nothing|blocks the partner instead|nothing else is open"
    r"|every way in and out is closed|is closed today",
    re.IGNORECASE,
)
"""What is said only of a partner with no way left open."""
NO_TRUST: Final = re.compile(r"nothing trusted|trusts nothing|trusted: nothing", re.IGNORECASE)
CONSOLES: Final = (80, 200)

_NESTED: Final = st.sampled_from(["isPasskeyAccepted", "groupSyncInbound", "guests", "newer"])
_UNKNOWN: Final = st.sampled_from(["crossCloudMeetingConfiguration", "protectedContentSharing", "places"])
_SAYS: Final = st.sampled_from([None, False, True, {"inboundAllowed": True}, {"isSyncAllowed": True}, {"x": None}, 0])


@st.composite
def settings_of(draw: st.DrawFn, name: Property) -> Any:
    """Return a setting as Graph returns it, with an unknown member, or of a wrong type."""
    kind = draw(st.sampled_from(["usual", "usual", "nested", "wrong"]))
    if kind == "wrong":
        return draw(JSON)
    document = to_document(draw(setting_of(name)))
    if kind != "nested":
        return document
    more = {draw(_NESTED): draw(_SAYS)}
    if isinstance(document, list):  # the capabilities: an entry with another member, or without a known type
        return [*document[1:], {**(document[0] if document else {}), **more}]
    return {**(document or {}), **more}


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """A configuration, mostly close to a closed one."""
    base = draw(st.sampled_from([closed_document(), closed_document(), {"tenantId": TENANT}]))
    names = draw(st.lists(st.sampled_from(Property), max_size=3, unique=True))
    changed = {name.value: draw(settings_of(name)) for name in names}
    return {**base, **changed, **draw(st.dictionaries(_UNKNOWN, _SAYS, max_size=2))}


OWN: Final = st.none() | configurations()


def is_trust(kind: AccessKind) -> bool:
    """Return whether a kind of access is about trusted MFA or devices."""
    return kind.setting == Property.INBOUND_TRUST


def assert_true(text: str, found: tuple[AccessKind, ...], where: str) -> None:
    """Compare a text with the kinds of access that it describes."""
    left = possibly_open(found)
    if left:
        assert (match := WHOLE.search(text)) is None, (where, match and match.group(), left, text)
    if any(map(is_trust, left)):
        assert NO_TRUST.search(text) is None, (where, left, text)


@pytest.mark.load
@PROPERTY
@given(own=OWN, default=OWN, is_cross_cloud=st.booleans(), is_revoked=st.booleans())
def test_a_window_a_listing_and_a_posture_call_nothing_blocked_that_is_not(
    own: JsonObject | None, default: JsonObject | None, is_cross_cloud: bool, is_revoked: bool
) -> None:
    who = replace(identity(), is_resolved=not is_cross_cloud)
    state = PartnershipState.REVOKED if is_revoked else PartnershipState.ACTIVE
    record = replace(partnership(state=state), identity=who)
    found = access_kinds(own, default, is_cross_cloud=is_cross_cloud)
    event("all closed" if not possibly_open(found) else "something open")

    plan = plan_revocation(tenant_id=TENANT, before=own, default=default)
    left_after = possibly_open(access_kinds(plan.configuration_after(), default))
    for known in (None, record):
        text = shown(revoke_view_or_nothing(who, known, plan, default, read_at=NOW))
        assert "This blocks the partner instead of deleting it" not in text or not left_after
        assert_true(text.replace("This blocks the partner instead of deleting it", ""), found, "window")
        concerns = evaluate_partner(TENANT, own, who, PostureInputs.of(default, None, None, NOW)).concerns
        told = partner_details(who, own, default, known, [], NOW, concerns=concerns)
        assert_true(f"{told.text} {shown(told.blocks)}", found, "show")
    assert_true(shown(revoke_without_preview_view(who)), found, "window without a reading")
    for card in (
        review_card(record, now=NOW),
        setup_card(record, may_confirm=True),
        partner_list(all_of([record]), NOW),
    ):
        assert_true(f"{card.text} {shown(card.blocks)}", found, "record")

    records = Records(partnerships={TENANT: record}, requests={})
    posture = Posture(
        read_at=NOW,
        home=None,
        default=default_posture(default),
        partners=(evaluate_partner(TENANT, own, None, PostureInputs.of(default, records, records, NOW)),),
        partner_count=1,
        records_are_read=True,
        unanswered=0,
    )
    of_default = access_kinds(None, default)
    for width in CONSOLES:
        console = Console(file=(out := io.StringIO()), width=width, color_system=None)
        print_posture(posture, console)
        text = " ".join(out.getvalue().split())
        of_the_default, _, of_the_partner = text.partition("Partner")
        assert_true(of_the_partner, found, "terminal")
        assert_true(of_the_default, tuple(filter(is_trust, of_default)), "terminal, the default")
    for judged, ours in ((posture.partners[0], found), (posture.default, of_default)):
        assert trust_words(judged) or not any(map(is_trust, possibly_open(ours))), "a dash says: nothing"
    slack = posture_message(posture)
    assert NO_TRUST.search(shown(slack.blocks).partition("in the tenant;")[0]) is None or not any(
        map(is_trust, possibly_open(of_default))
    )
    assert_true(shown(slack.blocks).partition("in the tenant;")[2], found, "Slack")
    assert_json(json.loads("".join(posture_json(posture))), {kind.name: kind for kind in found}, of_default)


def assert_json(document: Any, found: dict[str, AccessKind], of_default: tuple[AccessKind, ...]) -> None:
    """Compare the JSON with the kinds of access: only closed ones are closed or false, and null has a reason."""
    partner, still = document["partners"][0], {kind.name for kind in possibly_open(found.values())}
    for name, door in partner["access"].items():
        assert (door["opening"] == "closed") is (name not in still)
    flags = {Property.INBOUND_TRUST: partner["inbound_trust"]}
    flags[Property.AUTOMATIC_REDEMPTION] = partner["automatic_redemption"]
    for setting, values in flags.items():
        for key, graph in FLAGS[setting].items():
            assert (values[key]["value"] is False) is (f"{setting}.{graph}" not in still)
    synchronization = partner["identity_synchronization"]
    assert synchronization["value"] is not False or not any(
        found[name].setting == "identitySynchronization" for name in still
    )
    for flag in (synchronization, *partner["inbound_trust"].values(), *document["default"]["inbound_trust"].values()):
        assert (flag["value"] is None) is (flag["reason"] is not None)
    for said, ours in ((partner["ways"], tuple(found.values())), (document["default"]["ways"], of_default)):
        assert [(one["name"], one["opening"]) for one in said] == [(kind.name, kind.opening.value) for kind in ours]


@pytest.mark.load
@PROPERTY
@given(own=OWN, planned=OWN, default=OWN, refused=st.sets(st.integers(0, 8)))
def test_the_outcome_of_a_revocation_calls_nothing_blocked_that_is_not_and_names_what_is_left(
    own: JsonObject | None, planned: JsonObject | None, default: JsonObject | None, refused: set[int]
) -> None:
    """The default may change, or be unreadable, between the plan and the verification."""
    plan = plan_revocation(tenant_id=TENANT, before=own, default=planned)
    done = replace(
        plan,
        operations=(
            *plan.required_operations,
            *(one for index, one in enumerate(plan.optional) if index not in refused),
        ),
    )
    configuration = done.configuration_after() or {}
    assert is_confirmed(plan, configuration)
    observation = ObservedPartner(identity=identity(), configuration=own, at=NOW, default=planned)
    kind = RequestKind.REVOCATION
    known = prepared(kind, plan=plan, observation=observation)
    names = tuple(RefusedWrite(names=("places",), reason=noted("Refused (400).")) for _ in refused)
    command = RecordApplied(configuration=configuration, refused=names, default=default)
    transition = advance_request_and_record(
        request(RequestState.APPLYING, kind, prepared=known), command, Situation(now=NOW)
    )
    found = access_kinds(configuration, default)
    event("all closed" if not possibly_open(found) else "something open")
    record = transition.partnership
    assert record is not None
    texts = [message_words(effect.fact) for effect in transition.effects if isinstance(effect, SendMessage)]
    card = details(transition.request)
    texts.append(f"{card.text} {shown(card.blocks)}")
    unknown = [one.name for one in possibly_open(found) if not is_known_setting(one.name)]
    for text in texts:
        assert_true(text, found, "outcome")
        for open_kind in possibly_open(found):
            # What Gatehouse does not know is counted in a message, and named in Details.
            if open_kind.name not in unknown or text == texts[-1]:
                assert access_kind_title(open_kind.name) in text
        assert not unknown or unknown_settings_words(unknown) in text
    shown_records = [review_card(record, now=NOW), partner_list(all_of([record]), NOW)]
    shown_records.append(partner_details(identity(), configuration, default, record, [transition.request], NOW))
    for message in shown_records:
        assert_true(f"{message.text} {shown(message.blocks)}", found, "record")
