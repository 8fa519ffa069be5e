"""What is known of a person's profile: a change is noticed when it is read again, and is shown for a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workflows.core.people import ChatId, PersonId
from workflows.core.policy.delegation.profiles import (
    MAX_CHANGES,
    KnownProfile,
    Profile,
    ProfilePart,
    known_after,
    recent_changes,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AMARA = Profile(
    chat_id=ChatId("U-AMARA"),
    account=PersonId("a-amara"),
    chat_mail="amara@woodgrove.com",
    chat_name="Amara Okafor",
    account_mail="amara@woodgrove.com",
    account_name="Amara Okafor",
    zone="Europe/Berlin",
)


def known(*, days_ago: int = 3) -> KnownProfile:
    return known_after((), AMARA, NOW - days_ago * DAY)


def test_the_first_reading_is_no_change() -> None:
    assert known().changes == ()


def test_the_same_again_is_no_change_and_neither_is_another_time_zone() -> None:
    again = known_after([known()], replace(AMARA, zone="Asia/Tokyo"), NOW)
    assert (again.changes, again.read_at, again.profile.zone) == ((), NOW, "Asia/Tokyo")


def test_each_changed_part_is_noticed_with_both_values_and_the_two_moments_between_which_it_changed() -> None:
    changed = replace(
        AMARA, chat_mail="eve@woodgrove.com", chat_name="Amara  Okafor", account_mail="a@x.y", account_name="Amara O"
    )
    after = known_after([known()], changed, NOW)
    assert [(one.part, one.before, one.after) for one in after.changes] == [
        (ProfilePart.CHAT_MAIL, "amara@woodgrove.com", "eve@woodgrove.com"),
        (ProfilePart.CHAT_NAME, "Amara Okafor", "Amara  Okafor"),
        (ProfilePart.ACCOUNT_MAIL, "amara@woodgrove.com", "a@x.y"),
        (ProfilePart.ACCOUNT_NAME, "Amara Okafor", "Amara O"),
    ]
    assert {(one.unchanged_at, one.noticed_at) for one in after.changes} == {(NOW - 3 * DAY, NOW)}


def test_another_chat_user_of_the_account_and_another_account_of_the_chat_user_are_changes() -> None:
    other_user = known_after([known()], replace(AMARA, chat_id=ChatId("U-EVE")), NOW)
    other_account = known_after([known()], replace(AMARA, account=PersonId("a-eve")), NOW)
    assert [one.part for one in other_user.changes] == [ProfilePart.CHAT_USER]
    assert [one.part for one in other_account.changes] == [ProfilePart.ACCOUNT]


def test_of_what_was_stored_under_chat_id_and_account_the_newest_is_compared() -> None:
    older = known_after((), replace(AMARA, chat_name="Old"), NOW - 9 * DAY)
    assert known_after([older, known()], AMARA, NOW).changes == ()


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    after = known_after([known(days_ago=-1)], replace(AMARA, chat_name="Eve"), NOW)
    assert after.changes[0].noticed_at == after.changes[0].unchanged_at == NOW + DAY


def test_a_change_is_recent_for_seven_days_and_each_part_is_listed_once() -> None:
    first = known_after([known()], replace(AMARA, chat_mail="eve@woodgrove.com"), NOW)
    back = known_after([first], AMARA, NOW + DAY)
    within = timedelta(days=7)
    assert [one.after for one in recent_changes(back, NOW + DAY, within)] == ["amara@woodgrove.com"]
    assert len(recent_changes(back, NOW + 8 * DAY, within)) == 1
    assert recent_changes(back, NOW + 8 * DAY + timedelta(seconds=1), within) == ()


def test_only_the_newest_changes_are_kept() -> None:
    state = known()
    for number in range(MAX_CHANGES + 5):
        state = known_after([state], replace(AMARA, chat_name=f"Name {number}"), NOW + number * DAY)
    assert len(state.changes) == MAX_CHANGES
    assert state.changes[-1].after == f"Name {MAX_CHANGES + 4}"
