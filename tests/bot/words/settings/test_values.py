"""Everything that settings can be has words: titles, origins, states of access, doubts, effects."""

import pytest

from bot.words.plans.changes import EFFECTS, subject_title
from bot.words.settings.open_access import (
    ACCESS_STATE_WORDS,
    access_kind_title,
    access_kind_titles,
    access_kinds_words,
    graph_names_words,
    not_closed_words,
)
from bot.words.settings.values import (
    DOUBTS,
    ORIGINS,
    REDEMPTION_TITLES,
    TITLES,
    TRUST_TITLES,
    inherited_value_words,
    title,
)
from workflows.core.plans.changes import ChangeSubject, SettingPart
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.certainty import Doubt
from workflows.core.settings.effective import Origin
from workflows.core.settings.model import FLAGS, Property
from workflows.core.settings.open_access import AccessState, OpenAccess


def test_every_setting_and_flag_has_a_title_of_its_own() -> None:
    assert list(TITLES) == list(Property)
    assert list(TRUST_TITLES) == list(FLAGS[Property.INBOUND_TRUST])
    assert list(REDEMPTION_TITLES) == list(FLAGS[Property.AUTOMATIC_REDEMPTION])
    subjects = [
        ChangeSubject.of(name, part) for name in Property for part in (SettingPart.TARGETS, SettingPart.UNKNOWN_MEMBERS)
    ]
    subjects += [ChangeSubject.of(name, SettingPart.FLAG, key) for name, flags in FLAGS.items() for key in flags]
    titles = [subject_title(one) for one in subjects]
    assert len(set(titles)) == len(titles)
    assert title("crossCloudMeetingConfiguration") == "crossCloudMeetingConfiguration"


def test_every_value_of_an_enumeration_has_words() -> None:
    assert set(ORIGINS) == set(Origin)
    assert set(ACCESS_STATE_WORDS) == set(AccessState)
    assert set(DOUBTS) == set(Doubt)
    assert set(EFFECTS) == set(AccessChange)


@pytest.mark.parametrize(
    ("words", "origin", "said"),
    [
        ("trusted", Origin.TENANT_DEFAULT, "Default: trusted"),
        ("trusted", Origin.MICROSOFT_DEFAULT, "Microsoft's default: trusted"),
        ("not trusted", Origin.NOT_ADDED, "not trusted (a tenant of another cloud, not added here)"),
        ("trusted", Origin.UNREADABLE, "the tenant's default (value not known)"),
        (None, Origin.TENANT_DEFAULT, "not set in the default either"),
        (None, Origin.UNREADABLE, "the tenant's default (value not known)"),
    ],
)
def test_an_inherited_value_says_whose_it_is_only_where_that_is_known(
    words: str | None, origin: Origin, said: str
) -> None:
    assert inherited_value_words(words, origin) == said


def test_settings_that_gatehouse_does_not_know_are_counted_and_named_only_for_administrators() -> None:
    ways = [OpenAccess(name=f"setting{number}", opening=AccessState.UNKNOWN) for number in range(27)]
    trust = OpenAccess(name="inboundTrust.isMfaAccepted", opening=AccessState.OPEN)
    assert access_kinds_words(ways[:1]) == "1 setting that Gatehouse does not know"
    assert (
        access_kinds_words([*ways[:2], trust], with_graph_names=True)
        == "Trust in the partner's MFA (open); 2 settings that Gatehouse does not know (setting0, setting1)"
    )
    assert access_kinds_words(ways, with_graph_names=True).endswith("setting24, 2 more)")
    assert access_kind_titles(["inboundTrust", "setting0"]) == "Inbound trust; 1 setting that Gatehouse does not know"
    assert graph_names_words(["\u202eevil"]) == '"\\u202eevil"'


def test_what_is_not_closed_is_named_with_its_state_and_the_rest_is_counted() -> None:
    ways = [OpenAccess(name=f"inboundTrust.x{number}", opening=AccessState.UNKNOWN) for number in range(27)]
    assert access_kinds_words(ways[:1]) == "Inbound trust, x0 (not known)"
    assert access_kinds_words(ways).endswith("Inbound trust, x24 (not known); 2 more")
    assert not_closed_words(ways[:1]) == "Still open or not known: Inbound trust, x0 (not known)."
    assert not_closed_words([]) == ""
    assert access_kind_title("inboundTrust.isMfaAccepted") == "Trust in the partner's MFA"
    assert access_kind_title("inboundTrust.\u202eevil") == 'Inbound trust, "\\u202eevil"'
