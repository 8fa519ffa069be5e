"""A posture as a table, as JSON and in Slack: it fits, counts what it leaves out, and contains no markup."""

import io
import json
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from rich.console import Console

from bot.slack.flows.show.posture import MAX_PARTNERS, posture_message
from bot.terminal.posture.posture_json import FORMAT, posture_json
from bot.terminal.posture.posture_table import MAX_NAMES, print_posture
from bot.words.posture.summary import record_words
from tests.bot.surfaces import MARK, hostile, shown, texts
from tests.workflows.core.builders import NOW, TENANT, closed_document, identity, partnership, person, request
from tests.workflows.core.posture.test_posture import ALL, CLOSED_DEFAULT, MICROSOFTS, TRUST, inputs
from workflows.core.errors.facts import text_fact
from workflows.core.partners.partnership import PartnershipState
from workflows.core.partners.records import Records
from workflows.core.posture.default_posture import default_posture
from workflows.core.posture.model import Posture, sorted_partners
from workflows.core.posture.partner_posture import evaluate_partner
from workflows.core.requests.request import RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId

RECORDS: Final = Records(partnerships={TENANT: partnership()}, requests={"r-1": request(RequestState.APPLIED)})  # type: ignore[dict-item]


def tenant_id(number: int) -> TenantId:
    """A tenant of one's own."""
    return TenantId(f"00000000-0000-4000-8000-{number:012x}")


def posture(
    *documents: JsonObject,
    default: JsonObject | None = CLOSED_DEFAULT,
    records: Records | None = RECORDS,
    **changes: Any,
) -> Posture:
    """A posture of these partners' documents; a document without a tenant id is Contoso's."""
    around = inputs(default, records)
    partners = [
        evaluate_partner(TenantId(one.get("tenantId", TENANT)), {"tenantId": TENANT, **one}, None, around)
        for one in documents
    ]
    usual: dict[str, Any] = {
        "read_at": NOW,
        "home": TENANT,
        "default": default_posture(default, (text_fact("It was refused."),)),
        "partners": sorted_partners(partners),
        "partner_count": len(partners),
        "records_are_read": records is not None,
        "unanswered": 0,
    }
    return Posture(**{**usual, **changes})


def printed(shown_posture: Posture, width: int = 80) -> str:
    """What a terminal of this width shows."""
    out = io.StringIO()
    print_posture(shown_posture, Console(file=out, width=width, highlight=False, emoji=False, markup=False))
    return out.getvalue()


WORST: Final = {
    "b2bCollaborationInbound": 7,
    "b2bDirectConnectInbound": ALL,
    "inboundTrust": {**TRUST, "isHybridAzureADJoinedDeviceAccepted": True},
    "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
}


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 100, 159, 160, 161, 200])
@pytest.mark.parametrize("default", [None, MICROSOFTS])
def test_the_table_fits_and_cuts_nothing(width: int, default: JsonObject | None) -> None:
    text = printed(posture(WORST, {"tenantId": tenant_id(1)}, default=default), width)
    assert max(map(len, text.splitlines())) <= width
    assert "contoso.com" in text
    for whole in (TENANT, tenant_id(1), "high", "compliant"):
        assert whole in text
    assert "…" not in text


def test_what_is_known_of_a_partner_is_in_its_row() -> None:
    text = printed(posture(WORST), 160)
    for words in ("≤ high", "in open", "MFA", "hybrid", "Trusted partner", "May 30, 2027", "Mar 31, 2027", "in off"):
        assert words in text


def test_one_concern_of_many_partners_is_said_once_and_the_cut_is_counted() -> None:
    many = [{"tenantId": tenant_id(number), "b2bCollaborationInbound": ALL} for number in range(MAX_NAMES + 5)]
    text = printed(posture(*many), 160)
    assert text.count("This partner is not in Gatehouse's records") == 1
    assert "and 5 more; --json lists all" in " ".join(text.split())


def test_without_records_the_table_says_so_and_claims_nothing() -> None:
    text = printed(posture({}, records=None, unanswered=1200))
    assert "No records were read" in text
    assert "records not read" in text
    assert "1,200 tenant IDs could not be looked up" in text
    assert "is not in Gatehouse's records" not in text


def test_an_empty_tenant_has_no_table() -> None:
    text = printed(posture(home=None))
    assert "0 partners in the tenant; 0 alerts" in text
    assert "Partner " not in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": PartnershipState.REVOKED, "ends_at": None}, "revoked Mar 1, 2027"),
        ({"ends_at": None}, "Trusted partner"),
        ({"ends_at": NOW}, "Trusted partner until Mar 1, 2027, access period ended"),
    ],
)
def test_the_record_in_words(changes: dict[str, Any], words: str) -> None:
    records = Records(partnerships={TENANT: partnership(**changes)})
    assert record_words(posture(closed_document(), records=records).partners[0], NOW) == words


def test_other_record_states_in_words() -> None:
    for records, words in (
        (None, "records not read"),
        (Records(), "not in our records"),
        (Records(unreadable=frozenset({TENANT})), "record cannot be read"),
    ):
        assert record_words(posture({}, records=records).partners[0], NOW) == words


# --- hostile names ---------------------------------------------------------------------------------------------------


def hostile_posture(text: str) -> Posture:
    """Names, templates and values are somebody else's text."""
    who = replace(identity(), display_name=text, default_domain=text)
    record = partnership(
        identity=who,
        template_title=text,
        sponsor=replace(person("Sam"), name=text),
        state=PartnershipState.REVIEW_DUE,
    )
    applied = replace(request(RequestState.APPLIED), id=request().id)
    records = Records(partnerships={TENANT: record}, requests={applied.id: applied})
    return posture({text: {"x": text}, "inboundTrust": {"isMfaAccepted": text}}, records=records)


@given(hostile)
@settings(max_examples=40, deadline=None)
def test_the_terminal_is_given_no_control_character_and_no_markup(text: str) -> None:
    for width in (80, 160):
        said = printed(hostile_posture(f"[red]{text}[/red][link=https://evil.example]"), width)
        assert not {character for character in said if ord(character) < 32 and character != "\n"}
        assert not {character for character in said if ord(character) in range(0x7F, 0xA0)}
        assert "\u202e" not in said
        assert "[red]" in said  # shown as it is, not obeyed


@pytest.mark.parametrize("chosen", ["contoso.com", "Approved ✅"])
def test_the_table_names_the_domain_first_and_says_that_the_display_name_is_not_verified(chosen: str) -> None:
    who = replace(identity(), display_name=chosen, default_domain="fabrikam.com")
    said = printed(posture({}, records=Records(partnerships={TENANT: partnership(identity=who)}, requests={})), 200)
    assert f"“{chosen}” (not verified)" in said
    assert said.index("fabrikam.com") < said.index(chosen)
    assert said.count(chosen) == 1


@given(hostile)
@settings(max_examples=40, deadline=None)
def test_slack_is_given_no_markup(text: str) -> None:
    said = posture_message(hostile_posture(text))
    assert texts(said.blocks, "mrkdwn") == []
    assert "<!" not in said.text
    assert "<@" not in said.text
    json.dumps(said.blocks, ensure_ascii=False).encode()
    assert len(said.text) <= 4000


@given(hostile)
@settings(max_examples=20, deadline=None)
def test_json_is_ascii_and_whole(text: str) -> None:
    said = "".join(posture_json(hostile_posture(text)))
    assert said.isascii()
    assert json.loads(said)["partners"][0]["display_name"] == text
    assert MARK in said


# --- JSON ------------------------------------------------------------------------------------------------------------


def test_the_json_has_stable_sorted_keys() -> None:
    document = json.loads("".join(posture_json(posture(WORST, {"tenantId": tenant_id(1)}, default=MICROSOFTS))))
    assert (
        list(document)
        == sorted(document)
        == [
            "counts",
            "default",
            "format",
            "freeze",
            "guest_policy",
            "home_tenant_id",
            "partners",
            "read_at",
            "records_read",
        ]
    )
    assert document["format"] == FORMAT
    assert document["read_at"] == "2027-03-01T09:00:00+00:00"
    assert sorted(document["counts"]) == [
        "alerts",
        "lookups_without_answer",
        "not_adopted",
        "notes",
        "partners",
        "unchecked",
        "warnings",
    ]
    partner = document["partners"][0]
    assert sorted(partner) == [
        "access",
        "automatic_redemption",
        "concerns",
        "conditional_access",
        "default_domain",
        "display_name",
        "has_settings",
        "identity_synchronization",
        "inbound_trust",
        "record",
        "record_state",
        "risk",
        "settings",
        "tenant_id",
        "unmanaged",
        "ways",
    ]
    assert partner["access"]["b2bCollaborationInbound"] == {
        "opening": "not known",
        "origins": ["could not be read", "could not be read"],
    }
    assert partner["record"]["sponsor"] == "Sam"
    unknown = document["partners"][1]
    assert (unknown["record"], unknown["default_domain"], unknown["record_state"]) == (None, None, "none")
    assert unknown["identity_synchronization"] == {
        "value": False,
        "origin": "Microsoft's default",
        "reason": None,
    }


def test_a_default_that_was_not_read_is_null_in_json() -> None:
    document = json.loads("".join(posture_json(posture({}, default=None))))
    assert document["default"]["is_service_default"] is None
    assert document["default"]["read"] is False


# --- Slack -----------------------------------------------------------------------------------------------------------


def test_the_message_shows_the_default_the_counts_and_the_gravest_first() -> None:
    many = [{"tenantId": tenant_id(number)} for number in range(30)]
    said = posture_message(posture(WORST, *many, default=MICROSOFTS))
    assert len(said.blocks) == 4 + MAX_PARTNERS
    text = shown(said.blocks)
    assert text.index("The default") < text.index("31 partners") < text.index("contoso.com")
    assert "and 19 more partners, 19 of them with warnings" in text
    assert "gatehouse posture" in text
    assert "and 1 more" in text


def test_a_small_posture_is_whole() -> None:
    text = shown(posture_message(posture({}, default=None, records=None)).blocks)
    assert "As just read." in text
    assert "could not be checked" in text
    assert "It was refused." in text
    assert "more partners" not in text


def test_a_partner_that_the_tenant_has_not_is_said_to_have_no_settings() -> None:
    gone = evaluate_partner(TENANT, None, None, inputs(MICROSOFTS, RECORDS))
    text = shown(posture_message(posture(partners=(gone,))).blocks)
    assert "no settings in the tenant" in text


def test_a_message_of_the_worst_partners_stays_small() -> None:
    """Slack takes 50 blocks; how much text in all is not documented, so it stays well below its oldest limits."""
    many = [{**WORST, "tenantId": tenant_id(number)} for number in range(1000)]
    said = posture_message(posture(*many))
    assert len(said.blocks) <= 50
    assert len(json.dumps(said.blocks)) < 40_000


def test_a_partner_of_another_cloud_that_is_not_listed_is_shown_closed_and_inherits_nothing() -> None:
    record = partnership(identity=replace(identity(), is_resolved=False))
    excluded_ids = evaluate_partner(TENANT, None, None, inputs(MICROSOFTS, Records(partnerships={TENANT: record})))
    one = posture(default=MICROSOFTS, partners=(excluded_ids,))
    (partner,) = json.loads("".join(posture_json(one)))["partners"]
    assert {kind["opening"] for kind in partner["access"].values()} == {"closed"}
    assert {origin for kind in partner["access"].values() for origin in kind["origins"]} == {
        "a tenant of another cloud, not added here"
    }
    assert (partner["settings"], partner["has_settings"]) == ([], False)
    for text in (" ".join(printed(one, 120).split()), shown(posture_message(one).blocks)):
        assert "blocked until it is added again" in text
        assert "allows" not in text
