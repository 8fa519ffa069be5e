"""A person is found by a typed name when exactly one full member has it."""

from typing import Any

import pytest

from bot.slack.people.directory import SlackDirectory
from bot.slack.people.named_members import MAX_PAGES, find_member, member_named
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode


def user(number: int, name: str, **profile: str) -> dict[str, Any]:
    return {"id": f"U{number}", "name": name, "real_name": f"Person {number}", "profile": profile}


MEMBERS = [
    user(1, "bruno", display_name="Bruno K.", email="bruno@fabrikam.com"),
    user(2, "amara", display_name="Amara"),
    user(3, "amara.o", display_name="AMARA"),
]


@pytest.mark.parametrize("typed", ["@bruno", "Bruno K.", "bruno  k.", "person 1", "BRUNO@fabrikam.com"])
def test_a_member_is_found_by_each_of_their_names_in_any_case(typed: str) -> None:
    assert member_named(typed, MEMBERS) == "U1"


@pytest.mark.parametrize("name", ["display_name", "real_name"])
def test_nobody_is_found_by_the_mail_address_of_another_that_they_took_as_their_name(name: str) -> None:
    mallory = user(4, "mallory", email="mallory@fabrikam.com", **{name: "Bruno@fabrikam.com"})
    assert member_named("bruno@fabrikam.com", [mallory, *MEMBERS]) == "U1"
    with pytest.raises(Refused) as refused:
        member_named("@bruno@fabrikam.com", [mallory, {**mallory, "real_name": "bruno@fabrikam.com"}])
    assert refused.value.code is RefusalCode.NO_MEMBER_OF_THIS_NAME


def test_two_members_of_one_name_are_one_when_it_is_the_same_person_under_two_ids() -> None:
    both = [
        {**MEMBERS[0], "enterprise_user": {"id": "W1"}},
        {**MEMBERS[0], "id": "U9", "enterprise_user": {"id": "W1"}},
    ]
    assert member_named("bruno", both) == "W1"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("amara", RefusalCode.SEVERAL_MEMBERS_OF_THIS_NAME),
        ("chie", RefusalCode.NO_MEMBER_OF_THIS_NAME),
        ("@", RefusalCode.NO_MEMBER_OF_THIS_NAME),
        ("x" * 5000, RefusalCode.NO_MEMBER_OF_THIS_NAME),
    ],
)
def test_a_name_that_is_not_unique_is_refused(typed: str, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        member_named(typed, MEMBERS)
    assert refused.value.code is code
    assert len(refused.value.fact.values["name"]) <= 80


class Pages:
    """Slack with one member on each page of users."""

    def __init__(self, count: int) -> None:
        self.count, self.asked = count, 0

    async def api_call(self, method: str, **arguments: Any) -> Any:
        self.asked += 1
        following = str(self.asked) if self.asked < self.count else ""
        one = {**user(self.asked, f"n{self.asked}", email=f"{self.asked}@fabrikam.com"), "team_id": "T1"}
        data = {"members": [one], "response_metadata": {"next_cursor": following}}
        return type("Response", (), {"data": data})()


def directory(pages: int) -> SlackDirectory:
    client: Any = Pages(pages)
    tenant: Any = None
    return SlackDirectory(client=client, tenant=tenant, team_id="T1", roles={})


async def test_every_page_of_users_is_read_and_too_many_are_refused() -> None:
    assert await find_member("n3", directory(3)) == "U3"
    with pytest.raises(Refused) as refused:
        await find_member("n3", directory(MAX_PAGES + 1))
    assert refused.value.code is RefusalCode.TOO_MANY_MEMBERS_TO_SEARCH
