"""Refuse a person who lacks a role only after the members of the user groups were read again.

Somebody may have been added to the group just now. A check may accept with user groups that anybody read in the last
minute. A refusal must be true now. Every check that can refuse for lack of a role uses `check_with_new_groups`.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from workflows.core.errors.raised import CodedError
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.ports.people_directory import PeopleDirectory

FOR_LACK_OF_A_ROLE: Final = frozenset(
    {
        RefusalCode.NOT_AN_APPROVER,
        RefusalCode.NOT_YOUR_TURN,
        RefusalCode.MAY_NOT_REJECT_SCHEDULED,
        RefusalCode.NOT_THE_SPONSOR,
        RefusalCode.ONLY_ADMINS_REVOKE,
        RefusalCode.ONLY_ADMINS_DECIDE_GIVEN_UP,
        RefusalCode.ONLY_ADMINS_ACCEPT_DRIFT,
        RefusalCode.ONLY_ADMINS_FREEZE,
        RefusalCode.ONLY_ADMINS_ANSWER_HALT,
        RefusalCode.NOT_AN_AUDITOR,
        RefusalCode.NO_REPORT_FOR_YOU,
        RefusalCode.NO_DIAGNOSIS_FOR_YOU,
        RefusalCode.NO_GUESTS_FOR_YOU,
        RefusalCode.STAGE_WITHOUT_PEOPLE,
        RefusalCode.MAY_NOT_REQUEST,
        RefusalCode.MAY_NOT_RESTORE_OR_ADOPT,
        RefusalCode.MAY_NOT_ASK,
        RefusalCode.MAY_NOT_COMMENT,
    }
)
"""The refusals that say that somebody does not have a role, or that too few people have it.

`TOO_FEW_APPROVERS` is not among them: it replaces `NOT_AN_APPROVER` after the groups were read again.
"""

Answer = TypeVar("Answer")


async def check_with_new_groups(check: Callable[[], Awaitable[Answer]], directory: PeopleDirectory) -> Answer:
    """Perform a check, and repeat it with user groups that are read again before it refuses for lack of a role.

    :param check: changes nothing when it refuses. It asks `directory` for the roles.
    :param directory: the directory for this one check. It reads the groups at most once more.
    :raises CodedError: the refusal of the check.
    :raises PeopleDirectoryUnavailable, PeopleDirectoryRefused: when the groups cannot be read again: nobody is refused.
    """
    try:
        return await check()
    except CodedError as refused:
        if refused.code not in FOR_LACK_OF_A_ROLE or not directory.read_groups_again():
            raise
    return await check()
