"""A pasted example of Microsoft Graph is recognised, and each wrong value is named with what to write instead."""

from typing import Any

import pytest

from workflows.core.policy.graph_examples import corrected_word, corrections, is_graph_example


def b2b(users: Any, applications: Any = None) -> dict[str, Any]:
    apps = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
    return {"b2bCollaborationInbound": {"usersAndGroups": users, "applications": applications or apps}}


def users(*targets: tuple[str, str], access: str = "allowed") -> dict[str, Any]:
    return {"accessType": access, "targets": [{"target": target, "targetType": kind} for target, kind in targets]}


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (b2b(users(("allusers", "user"))), "targets.0.target: 'allusers': write “AllUsers”"),
        (b2b(users(("All", "group"))), "targets.0.target: 'All': write “AllUsers”"),
        (b2b(users(("All", "group"))), "targets.0.targetType: 'group': write “user” beside AllUsers"),
        (
            b2b(users(("AllUsers", "user")), users(("all", "application"))),
            "applications.targets.0.target: 'all': write “AllApplications”",
        ),
        (b2b(users()), "usersAndGroups.targets: an empty list has no documented meaning"),
        (b2b(None), "usersAndGroups: null beside a list that is set"),
        (b2b(users(("AllUsers", "user"), access="Allow")), "accessType: 'Allow': write “allowed”"),
        (b2b(users(("AllUsers", "user"), access="maybe")), "accessType: 'maybe': write “allowed” or “blocked”"),
        ({"b2BCollaborationInbound": None}, "b2BCollaborationInbound: write b2bCollaborationInbound"),
        ({"a": [{"IncludeUsers": "All"}]}, "a.0.IncludeUsers: this is a name of Conditional Access; write usersAndGr"),
        ({"x": {"target": "office365", "targetType": None, "accessType": "blocked"}}, "write “Office365”"),
    ],
)
def test_each_wrong_value_is_named_with_its_place_and_the_right_one(example: Any, says: str) -> None:
    assert is_graph_example(example)
    assert any(says in one for one in corrections(example)), corrections(example)


def test_a_right_example_and_what_is_none() -> None:
    assert corrections(b2b(users(("AllUsers", "user")))) == ()
    assert corrections(b2b(users(("1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03", "group")))) == ()
    assert not is_graph_example({"partner": "contoso.com", "template": "x", "placeholders": {"group": "1"}})
    assert not is_graph_example([1, "a", None])
    assert corrected_word(7) is None
    assert corrected_word("AllMicrosoftapps") == "AllMicrosoftApps"


def test_what_is_nested_without_end_is_left() -> None:
    deep: Any = {"targets": []}
    for _ in range(60):
        deep = [{"x": deep}]
    assert corrections(deep) == ()
    assert not is_graph_example(deep)
