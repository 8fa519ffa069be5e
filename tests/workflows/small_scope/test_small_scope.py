"""All orders of a few commands, to depth 6, on every small chain below: the first invariant holds in each world."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    DATA_OWNER,
    LIFETIME,
    NOW,
    REQUEST,
    RILEY,
    SECURITY,
)
from tests.workflows.small_scope.actions import ACTIONS, Broken, approve, change_roles, edit, pass_time, planned, write
from tests.workflows.small_scope.ledger import Ledger
from tests.workflows.small_scope.other_actions import (
    OTHER_ACTIONS,
    answer,
    approve_for_somebody,
    ask,
    escalate,
    reassign,
    request_changes,
    support,
)
from tests.workflows.small_scope.world import Action, Scope, World
from workflows.core.people import ADMIN
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.request import Submit
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import RequestState
from workflows.core.requests.transitions.transition import Situation

DEPTH: Final = int(os.environ.get("SMALL_SCOPE_DEPTH", "6"))
BOTH: Final = frozenset({SECURITY, DATA_OWNER})


def stage(title: str, role: str, quorum: int = 1) -> Stage:
    return Stage(title=title, role=SECURITY if role == "security" else DATA_OWNER, quorum=quorum)


SECOND: Final = stage("Data owners", "data-owner")
SCOPES: Final = (
    Scope(
        name="two stages, the requester holds every role, three approvers",
        requester=RILEY,
        sponsor=CHIE,
        people=(RILEY, AMARA, BRUNO, CHIE),
        stages=(stage("Security", "security"), stage("Data owners", "data-owner")),
        roles={RILEY.id: BOTH, AMARA.id: BOTH, BRUNO.id: BOTH, CHIE.id: frozenset({DATA_OWNER})},
    ),
    Scope(
        name="three stages, two of one role",
        requester=RILEY,
        sponsor=RILEY,
        people=(RILEY, AMARA, BRUNO, CHIE),
        stages=(stage("Security", "security"), stage("Data owners", "data-owner"), stage("Security again", "security")),
        roles={RILEY.id: BOTH, AMARA.id: frozenset({SECURITY}), BRUNO.id: BOTH, CHIE.id: BOTH},
    ),
    Scope(
        name="two of two in one stage",
        requester=RILEY,
        sponsor=RILEY,
        people=(RILEY, AMARA, BRUNO, CHIE),
        stages=(stage("Security", "security", 2), stage("Data owners", "data-owner")),
        roles={RILEY.id: BOTH, AMARA.id: BOTH, BRUNO.id: frozenset({SECURITY}), CHIE.id: BOTH},
    ),
)


WITH_AN_ADMIN: Final = Scope(
    name="an admin who approves, and alternates of the first stage",
    requester=RILEY,
    sponsor=RILEY,
    people=(RILEY, AMARA, BRUNO, DANA),
    stages=(replace(stage("Security", "security"), alternates=DATA_OWNER, escalate_after=1), SECOND),
    roles={
        RILEY.id: frozenset({SECURITY, ADMIN}),
        AMARA.id: frozenset({SECURITY}),
        BRUNO.id: frozenset({DATA_OWNER}),
        DANA.id: frozenset({SECURITY, DATA_OWNER, ADMIN}),
    },
)
"""The scope in which people do everything."""
GROUPS: Final = (
    (approve_for_somebody, ask, answer),
    (request_changes, approve_for_somebody),
    (support, escalate),
    (reassign, escalate),
)


def start(scope: Scope) -> World:
    """Return the world in which the request has just been planned."""
    submit = Submit(request_id=REQUEST, fields=scope.fields(), lifetime=LIFETIME)
    request = advance(None, submit, Situation(now=NOW)).request
    barred = frozenset({scope.requester.id, scope.sponsor.id})
    return planned(
        World(scope=scope, request=request, roles=scope.roles, ledger=Ledger(barred=barred, asked_until=NOW + LIFETIME))
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_no_order_of_commands_writes_a_plan_without_its_whole_chain(scope: Scope) -> None:
    search(scope, ACTIONS, DEPTH)


@pytest.mark.exhaustive
@pytest.mark.parametrize("others", GROUPS, ids=lambda others: " and ".join(act.__name__ for act in others))
def test_nor_do_questions_changes_support_reassigning_and_alternates(others: tuple[Action, ...]) -> None:
    """A few of them at a time to the whole depth, because all together have too many worlds."""
    search(WITH_AN_ADMIN, (approve, edit, change_roles, pass_time, write, *others), DEPTH)


@pytest.mark.exhaustive
def test_nor_do_all_of_them_in_four_steps() -> None:
    search(WITH_AN_ADMIN, (*ACTIONS, *OTHER_ACTIONS), min(4, DEPTH))


def search(scope: Scope, actions: Sequence[Action], depth: int) -> None:
    """Visit every world that is reached with so many commands; equal worlds are visited once."""
    first = start(scope)
    seen = {first.key()}
    paths: list[tuple[World, tuple[str, ...]]] = [(first, ())]
    counts: Counter[str] = Counter()
    for steps in range(depth):
        found: list[tuple[World, tuple[str, ...]]] = []
        for world, path in paths:
            for act in actions:
                try:
                    for tried, after in act(world):
                        counts["tried"] += 1
                        counts[f"{act.__name__}: {'refused' if after is None else 'accepted'}"] += 1
                        if after is None:
                            continue
                        key = after.key()
                        if key not in seen:
                            seen.add(key)
                            found.append((after, (*path, tried)))
                            counts[f"in {after.request.state.value}"] += 1
                except Broken as broken:
                    raise AssertionError(f"{broken}\nafter: {' · '.join(path)}\nin: {act.__name__}") from broken
        paths = found
        print(f"{scope.name}: depth {steps + 1}: {len(found)} new worlds, {len(seen)} in all")
    print(f"{scope.name}: {dict(sorted(counts.items()))}")
    for act in actions:
        assert counts[f"{act.__name__}: accepted"], f"{act.__name__} was refused in every world, so nothing is shown"
    assert counts[f"in {RequestState.APPLYING.value}"], "no order led to an approved plan"


def test_the_search_finds_a_chain_that_counts_a_person_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail: when the ledger is told that the sponsor is barred and the lifecycle is not, it does."""
    scope = SCOPES[0]
    world = start(scope)
    known = world.request.require_prepared()
    unsafe = replace(world, request=replace(world.request, prepared=replace(known, sponsor=scope.requester)))
    with pytest.raises(Broken):
        list(ACTIONS[0](_approved_by_security(unsafe)))


def _approved_by_security(world: World) -> World:
    return next(after for tried, after in ACTIONS[0](world) if after is not None and tried.startswith(AMARA.name))
