"""Sentences about approvers whom nobody can replace: managers, and groups that keep a role."""

from typing import Final

from bot.words.sentences import Sentences
from workflows.core.checks.approver_groups import GroupProblem
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.policy.relations import NoHolderReason

_PROBLEMS: Final = {
    NoHolderReason.NO_MANAGER: "{whose} has no manager in Entra. Ask an admin to set one",
    NoHolderReason.DISABLED: "The account of {manager}, the manager of {whose}, is disabled. Ask an admin to set "
    "another manager in Entra",
    NoHolderReason.GUEST: "{manager}, the manager of {whose}, is a guest in Entra, and guests cannot approve. Ask an "
    "admin to set another manager",
    NoHolderReason.NOT_IN_CHAT: "{manager}, the manager of {whose}, is no full member of this workspace with exactly "
    "one Entra account. Ask an admin to correct that",
}


def manager_problem_words(values: Values) -> str:
    """Return why the one person who has a role by relation cannot decide, and what to do.

    :param values: `whose`, `manager` and `problem`, see `RefusalCode.MANAGER_CANNOT_DECIDE`.
    """
    problem, about = values["problem"], {"whose": values["whose"], "manager": values["manager"]}
    if problem is None and not about["manager"]:
        why = "A stage that a manager decides is not decided together with others. Send a request of its own"
    elif problem is None:
        why = (
            "{manager}, the manager of {whose}, takes part in this request, and so cannot approve it. Choose another "
            "sponsor, let somebody else send it"
        ).format(**about)
    else:
        why = _PROBLEMS[NoHolderReason(problem)].format(**about)
    return f"{why}, or choose another template."


def _manager_cannot_decide(values: Values) -> str:
    return f"Nobody can decide the stage “{values['stage']}”. {manager_problem_words(values)}"


_GROUP_PROBLEMS: Final = {
    GroupProblem.PUBLIC: "Everybody can join the group {group} in Entra without approval, so its members cannot "
    "approve. Ask an admin to make the group private",
    GroupProblem.OWNERS_UNREADABLE: "Microsoft Graph does not show who owns the group {group}, so its members cannot "
    "approve. Ask an admin to name a security group that is kept in Entra. A security group without mail that is "
    "synchronized from a directory of your own can be accepted in roles.toml (accept_synchronized_groups)",
    GroupProblem.OWNED: "{owner} takes part in this request and owns the group {group}, so its members cannot approve. "
    "Ask an admin to remove {owner} from the owners of the group, or let somebody else take part",
    GroupProblem.MISSING: "The group {group} is not in Entra any more. Ask an admin to correct the role in roles.toml",
}


def group_problem_words(values: Values) -> str:
    """Return why the members of a group cannot decide, and what to do, see `RefusalCode.GROUP_CANNOT_DECIDE`."""
    return f"{_GROUP_PROBLEMS[GroupProblem(values['problem'])].format(**values)}."


def accepted_group_words(group: str) -> str:
    """Return what it means that a synchronized group was accepted, for an admin who checks the configuration."""
    return (
        f"The group {group} is synchronized from a directory of your own, and roles.toml accepts it. Gatehouse cannot "
        "see who may change its members there"
    )


APPROVERS: Final[Sentences] = {
    R.MANAGER_CANNOT_DECIDE: _manager_cannot_decide,
    R.GROUP_CANNOT_DECIDE: group_problem_words,
}
