"""Roles that follow from the people of one request: who has them, what is stored, and what is never given."""

from tests.workflows.core.builders import AMARA, BRUNO, RILEY
from workflows.core.people import ChatId, CurrentRoles, PersonId, Role
from workflows.core.policy.relations import (
    NO_RELATIONS,
    REQUESTER_MANAGER,
    REQUESTER_MANAGERS_MANAGER,
    SPONSOR_MANAGER,
    NoHolderReason,
    RelationHolder,
    Relations,
    holders_in_key,
    relation_roles,
    waiting_key,
    with_relation_roles,
)

SECURITY = Role("security")
BRUNO_DECIDES = Relations(holders=(RelationHolder(role=REQUESTER_MANAGER, whose="Riley", person=BRUNO),))
NOBODY = Relations(
    holders=(RelationHolder(role=SPONSOR_MANAGER, whose="Sam", problem=NoHolderReason.GUEST, name="Gus"),)
)


def test_who_has_a_role_is_one_person_or_nobody() -> None:
    assert BRUNO_DECIDES.chat_ids(REQUESTER_MANAGER) == {BRUNO.chat_id}
    assert BRUNO_DECIDES.chat_ids(SECURITY) == BRUNO_DECIDES.chat_ids(SPONSOR_MANAGER) == frozenset()
    assert NOBODY.chat_ids(SPONSOR_MANAGER) == NO_RELATIONS.chat_ids(SPONSOR_MANAGER) == frozenset()
    assert NO_RELATIONS.holder_of(REQUESTER_MANAGER) is None


def test_a_message_names_the_manager_who_decides_or_cannot() -> None:
    (holder,), (nobody,) = BRUNO_DECIDES.holders, NOBODY.holders
    assert holder.as_values() == {"whose": "Riley", "problem": None, "manager": BRUNO.name}
    assert nobody.as_values() == {"whose": "Sam", "problem": "guest", "manager": "Gus"}


def test_only_relation_roles_are_read_from_entra_each_once() -> None:
    assert relation_roles([SECURITY, SPONSOR_MANAGER, REQUESTER_MANAGER, SPONSOR_MANAGER]) == (
        REQUESTER_MANAGER,
        SPONSOR_MANAGER,
    )
    assert relation_roles([SECURITY]) == ()


def test_a_relation_is_added_to_the_roles_of_people_who_are_present_and_to_nobody_else() -> None:
    before = CurrentRoles(roles={AMARA.id: frozenset({SECURITY}), BRUNO.id: frozenset()})
    holders = {
        REQUESTER_MANAGER: BRUNO.id,
        REQUESTER_MANAGERS_MANAGER: AMARA.id,
        SPONSOR_MANAGER: PersonId("gone"),
    }
    after = with_relation_roles(before, holders)
    assert after.roles == {
        AMARA.id: {SECURITY, REQUESTER_MANAGERS_MANAGER},
        BRUNO.id: {REQUESTER_MANAGER},
    }
    assert not after.holds(PersonId("gone"), SPONSOR_MANAGER)
    assert not after.holds(RILEY.id, REQUESTER_MANAGER)


def test_what_a_request_waits_for_names_the_person_of_a_relation() -> None:
    assert waiting_key(SECURITY, BRUNO_DECIDES) == SECURITY
    key = waiting_key(REQUESTER_MANAGER, BRUNO_DECIDES)
    assert key == f"requester-manager:{BRUNO.chat_id}"
    assert holders_in_key(key) == frozenset({BRUNO.chat_id})
    assert holders_in_key(waiting_key(REQUESTER_MANAGER, NO_RELATIONS)) == frozenset()
    assert holders_in_key(SECURITY) is None
    assert ChatId("") not in (holders_in_key(waiting_key(SPONSOR_MANAGER, NOBODY)) or ())
