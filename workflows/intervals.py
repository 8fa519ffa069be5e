"""All intervals: how often something is checked, how long answers are kept, and the pauses between calls of Graph.

docs/operations.md has the constants as a table. Intervals that belong to a rule, such as reminders of reviews, are
defined with their rules in `workflows.core`. `Pauses` is a class, so that tests can use short pauses.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

ROLES_CHECKED_EVERY: Final = timedelta(minutes=1)
"""How often it is checked that enough people have each role, while requests are open."""
LOG_READ_AGAIN_AFTER: Final = timedelta(minutes=15)
"""The pause before Entra's audit log is read again after a gap, when it could not be read for later starts."""
RELATIONS_CHECKED_EVERY: Final = timedelta(minutes=5)
"""How often the managers who must decide on open requests are read again, so that a new manager is asked."""
ROLE_MEMBERS_KNOWN_FOR: Final = timedelta(minutes=10)
"""How long that check counts a person of the stage that decides now as active without asking the chat system again."""
SPONSORS_CHECKED_EVERY: Final = timedelta(hours=1)
"""How often it is checked that the sponsors of partners have an enabled account."""
SPONSOR_ALARMS_EVERY: Final = timedelta(minutes=1)
"""How often it is checked that an alarm about a missing sponsor is still needed."""
SILENCES_CHECKED_EVERY: Final = timedelta(minutes=1)
"""How often reviews are looked at that nobody has answered for 60 days."""
SILENCE_ALARM_RENEWED_AFTER: Final = timedelta(days=1)
"""How often an alarm about unanswered reviews is renewed at most, when its partners change."""
ENDED_ACCESS_CHECKED_EVERY: Final = timedelta(minutes=1)
"""How often accesses are looked at whose end has come and that are not blocked yet."""
AUDIT_VERIFIED_EVERY: Final = timedelta(days=1)
"""How often the whole audit log is verified while the bot runs."""
SWEPT_EVERY: Final = timedelta(hours=1)
"""How often every partner and the default are compared with what was approved."""
SWEPT_AGAIN_AFTER: Final = timedelta(minutes=10)
"""The pause before the next sweep when one could not read everything, failed, or ended with the process."""
SWEPT_DURING_BATCH_EVERY: Final = timedelta(minutes=10)
"""The shortest time between two sweeps because of written partners, while the members of a batch are recorded."""
SWEEP_MISSED_AFTER: Final = timedelta(hours=4)
"""The admins are alarmed when no sweep was complete for this long."""
HELD_REPORT_AWAITED_FOR: Final = timedelta(minutes=2)
"""After a held start the admins get what was found after this long, also when a part of it could not be read."""
AUTHORS_ASKED_EVERY: Final = timedelta(minutes=2)
"""How often Entra's audit log is read for the author of a change, while one is not known."""
REVIEW_EVENTS_LOOKED_FOR_EVERY: Final = timedelta(days=1)
"""How often it is looked for what makes a review due before its time: the default, the templates, sign-ins."""
SILENCES_LOOKED_FOR_EVERY: Final = timedelta(days=7)
"""How old the last scan of sign-ins may be when it is looked for partners who have not signed in for 30 days."""
CAMPAIGNS_COUNTED_EVERY: Final = timedelta(minutes=1)
"""How often the answers to a campaign of reviews are counted."""
DRIFT_REVIEWS_STARTED_EVERY: Final = timedelta(seconds=5)
"""The pause after the start of 25 reviews because of drift, when a sweep found that many partners differ."""
QUESTIONS_COLLECTED_FOR: Final = timedelta(hours=1)
"""How long the questions of reviews wait at most while others are being started, to be sent in the same message."""
DOMAINS_LOOKED_UP_EVERY: Final = timedelta(days=1)
"""How often the domain of a partner is looked up, to see whether it belongs to another tenant now."""
DOMAINS_PAUSE: Final = timedelta(minutes=1)
"""The pause after the look-up of five domains, so that the look-ups of many partners are spread over the day."""
USAGE_READ_EVERY: Final = timedelta(hours=12)
"""How often sign-ins and guests are read for reviews, while one is open, is due soon, or somebody asked."""
USAGE_READ_AHEAD: Final = timedelta(hours=24)
"""A review that is due within this time counts as due soon."""
USAGE_READ_AGAIN_AFTER: Final = timedelta(minutes=30)
"""The pause before they are read again when they could not be read to the end because Graph did not answer."""
USAGE_NEED_CHECKED_EVERY: Final = timedelta(minutes=10)
"""How often it is checked whether a review needs them to be read."""
USAGE_LOG_BEGINS_WITHIN: Final = timedelta(hours=72)
"""The sign-in log counts as complete when anybody signed in within this time of the first of the last 30 days."""
DENIED_LOOKED_FOR_EVERY: Final = timedelta(days=1)
"""How often the sign-in log is read for sign-ins that our settings refuse to people of tenants without an entry."""
DENIED_NOTICES_CHECKED_EVERY: Final = timedelta(minutes=1)
"""How often it is checked whether the tenant of an open message about refused sign-ins has an entry now."""
USAGE_KEPT_FOR: Final = timedelta(hours=168)
"""How long what was read is kept when nothing newer is read. It contains ids of a few people of each partner."""
GUEST_LIST_KEPT_FOR: Final = timedelta(hours=1)
"""How long it is kept how far somebody has paged through a list of guests, after its last page."""
EXPIRED_TOLD_WITHIN: Final = timedelta(days=14)
"""How long after its expiry a request is named in the message to those who could decide, in their working hours."""
DRAFT_KEPT_FOR: Final = timedelta(days=7)
"""How long a draft from the command line waits to be confirmed in the chat system. After that it expires."""
BATCH_FOLLOWED_EVERY: Final = timedelta(seconds=1)
"""How often `gatehouse batches --follow` reads how far a batch is."""
CLOSING_LOOKED_FOR_AGAIN_AFTER: Final = timedelta(seconds=1)
"""The pause of a write while something that closes access, a rejection, or another plan about a partner goes first."""
LOOKUPS_KEPT_FOR: Final = timedelta(hours=24)
"""How long a name that was looked up for a report or an import in the chat is not looked up again."""
IMPORT_SHOWN_EVERY: Final = timedelta(seconds=5)
"""How often the message about a file of partners shows how many names are looked up."""
ACCESS_TESTED_AFTER: Final = timedelta(days=7)
"""How long after the read-back of an opened access it is asked whether it works."""
ACCESS_TESTED_AGAIN_AFTER: Final = timedelta(days=7)
"""How long after the answer "not tried yet" it is asked once more."""
CHANNEL_CHECKED_EVERY: Final = timedelta(minutes=10)
"""How often it is checked that the approval channel is private, when no card is posted."""
CHANNEL_TRUSTED_FOR: Final = timedelta(minutes=1)
"""How old the last check of the channel may be at a post or an approval in it; the pause while it fails."""
FORMER_CHANNEL_PAUSE: Final = timedelta(minutes=1)
"""The pause before a former channel is tried again that did not accept an update of its cards."""
CONVERSATION_REOPENED_AFTER: Final = timedelta(minutes=1)
"""How old the last answer that a person is active may be when a message is sent without opening the conversation."""
CONVERSATIONS_KEPT_FOR: Final = timedelta(days=1)
"""How long the conversation with a person is kept."""
HOME_TENANT_CHECKED_EVERY: Final = timedelta(minutes=4)
"""How old the last check may be that Microsoft Graph answers for the configured tenant, before a write."""
HOME_TENANT_ASKED_AGAIN_AFTER: Final = timedelta(seconds=10)
"""The same after a wrong answer, or after none when nothing is opened. It is shorter, because writes wait for it."""
PERMISSIONS_CHECKED_EVERY: Final = timedelta(hours=1)
"""How often the permissions in the tokens are compared with those that are needed. A token lives about as long."""
PERMISSIONS_CHECKED_AGAIN_AFTER: Final = timedelta(minutes=1)
"""The pause before they are compared again when there was no token."""
SERVICE_SILENT_AFTER: Final = timedelta(minutes=2)
"""The admins are alarmed when a service of Graph has not been called for this long, because it does not answer."""
HEALTH_CHECKED_EVERY: Final = timedelta(seconds=5)
"""How often it is checked that clicks can be received and stored."""
CONNECTION_PINGED_EVERY: Final = timedelta(seconds=10)
"""How often a ping checks that a Socket Mode connection answers."""
CONNECTION_SILENT_AFTER: Final = timedelta(seconds=30)
"""A connection that has not answered a ping for this long counts as lost."""
WINDOW_STAMPED_FOR: Final = timedelta(days=7)
"""How long after it was opened or filled a window in the chat system can be sent. Then it must be opened again."""
OPEN_FORM_NOTED_FOR: Final = timedelta(hours=1)
"""How long it is known which of several bots got the newest event of an open form. A lookup takes seconds."""
START_STORED_AGAIN_AFTER: Final = timedelta(seconds=1)
"""The pause before storing is tried again at the start, while the records cannot be written."""
START_WAIT_LOGGED_AFTER: Final = timedelta(seconds=5)
"""After how long the log says what a start waits for before anything is stored. `/readyz` says it at once."""
BEYOND_ANY_WAIT: Final = timedelta(minutes=10)
"""No next attempt is later than this. One that seems to be was stored before the clock was set back, and is due now."""
STOP_ANSWERS_FOR: Final = timedelta(seconds=1)
"""How long a process that was asked to end still answers what arrives, also when nothing runs any more."""
END_FORCED_AFTER: Final = timedelta(seconds=10)
"""How long a process takes at most to end, after `GATEHOUSE_STOP_SECONDS` or a second signal. Then it ends by force."""
WORKER_BEATS_EVERY: Final = timedelta(seconds=5)
"""How often a process that shares its records says that it lives, and looks for work of processes that died."""
WORKER_DEAD_AFTER: Final = timedelta(seconds=20)
"""Such a process counts as dead when it has been silent for this long. Others then take over what it was doing."""

BOT_SILENT_AFTER: Final = timedelta(seconds=30)
"""After this long without a tick, the command line tries to perform itself what it follows."""
WORK_LATE_AFTER: Final = timedelta(minutes=10)
"""`gatehouse doctor` advises about stored work that has been due for longer than this: perhaps nobody performs it."""
OPEN_AFTER_BLOCK_SHOWN_FOR: Final = timedelta(hours=24)
"""How long the alarm about access that stays open after a confirmed block is shown."""

HOME_SHOWS_ENDS_WITHIN: Final = timedelta(days=30)
"""Access that ends within this time is listed in its sponsor's App Home."""
CLOCK_SHOWN_WITHIN: Final = timedelta(days=1)
"""In a row of the App Home, a time that comes within this time is shown with its hour, a later one as a day."""
EXPIRED_TOLD_TOGETHER: Final = timedelta(hours=1)
"""Requests of one person that expired within this time are told in one message."""
HOME_PUBLISHED_EVERY: Final = timedelta(seconds=2)
"""The shortest time between two publications of a person's App Home."""
ROLES_SHOWN_FOR: Final = timedelta(seconds=30)
"""How long the members of a role and the identity of a person are kept, for display only."""
SECOND_LOOK_WITHIN: Final = timedelta(minutes=10)
"""Several high-risk approvals of one person within this time: each further one must be confirmed."""
UNUSUAL_CHECKED_EVERY: Final = timedelta(minutes=5)
"""How often it is looked for unusual approvals. What one check finds is one alarm."""
OWN_LOG_ALARM_SHOWN_FOR: Final = timedelta(days=7)
"""How long an alarm stays about a write that Entra's audit log does not show, or an entry that no write explains."""
UNUSUAL_SHOWN_FOR: Final = timedelta(days=7)
"""How long an alarm about unusual approvals stays open."""
FAST_APPROVAL_WITHIN: Final = timedelta(seconds=10)
"""An approval within this time after its approvers were asked is unusual."""
UNUSUAL_LEFT_FOR: Final = timedelta(seconds=30)
"""The newest approvals are left for the next check: one with an earlier time may still be stored."""
PROFILE_CHANGES_SHOWN_FOR: Final = timedelta(days=7)
"""How long before a high-risk approval a change of its person's profile is shown, unless a setting differs."""
WEEKLY_LISTS_LOOK_BACK_FOR: Final = timedelta(days=15)
"""How far decisions are read for weekly lists. The last week of every time zone began within this time."""
WEEKLY_LISTS_CHECKED_EVERY: Final = timedelta(minutes=10)
"""How often it is checked whether the weekly list of decisions of an approver is due."""
MAX_AGE_IN_ONE_CHECK: Final = timedelta(minutes=1)
"""How long one check of a click or a request uses what it has read about people. Every other check reads it again."""
GROUPS_DECIDE_FOR: Final = timedelta(minutes=1)
"""How old the members of user groups may be when a click is accepted. For a refusal or a write they are read again."""
FORM_ANSWERED_WITHIN: Final = timedelta(seconds=3)
"""How long a form waits for its answer. Who sent it was read since then, and is not read again to check it."""
NAMES_SHOWN_FOR: Final = timedelta(hours=4)
"""How long it is kept who a chat user is, for display and to ask for approvals. Whoever decides is read again."""

TENANTS_KEPT_FOR: Final = timedelta(minutes=1)
"""How long the tenant of a domain is kept. Before a decision it is read again."""
POLICIES_KEPT_FOR: Final = timedelta(minutes=1)
"""How long Conditional Access policies and their evaluation are kept, so that several requests share one read."""
EVALUATIONS_KEPT_FOR: Final = timedelta(minutes=10)
"""How long an evaluation of Conditional Access is kept for many partners, while no policy is changed."""
LOG_KEPT_FOR: Final = timedelta(minutes=1)
"""How long Entra's audit log is kept to plan adoptions. For an approval, and before recording, it is read again."""
CAPABILITIES_ASKED_AGAIN_AFTER: Final = timedelta(minutes=15)
"""How long it is kept that Microsoft 365 capabilities cannot be read: no permission, or not in this tenant yet."""
OBJECT_NAMES_KEPT_FOR: Final = timedelta(minutes=1)
"""How long the name of a group, user or application is kept."""
DIRECTORY_ROLES_KEPT_FOR: Final = timedelta(seconds=30)
"""How long it is kept who has a directory role. Before each group of accounts is written, no older answer is used."""
ACCOUNT_ANSWER_AWAITED_FOR: Final = timedelta(minutes=1)
"""How long guest accounts are read that were sent without an answer, before they may be sent again."""
ACCOUNTS_READ_BACK_FOR: Final = timedelta(minutes=10)
"""How long guest accounts are read back that cannot be read or do not show the change. Then that is recorded."""
ABSENCE_KEPT_FOR: Final = timedelta(seconds=10)
"""How long it is kept that an object does not exist. It is short, for people who have just created the object."""
CLOCK_ALARM_FROM: Final = timedelta(seconds=30)
"""The admins are alarmed when this machine's clock is wrong by so much, against the services that are called."""
CLOCK_ALARM_UNTIL: Final = timedelta(seconds=20)
"""That alarm ends when the clock is wrong by less than this."""
CLOCK_HOLDS_FROM: Final = timedelta(minutes=2)
"""Nothing that opens access is written while the clock is wrong by so much. What closes access goes on."""
CLOCK_COMPARED_AFTER: Final = timedelta(minutes=1)
"""The chat system is asked for its time when no service has answered for this long."""
CLOCK_DATES_COUNT_FOR: Final = timedelta(minutes=15)
"""How long the time in an answer is used to compare the clock."""
SECRET_FILES_READ_EVERY: Final = timedelta(seconds=2)
"""How often it is looked whether a file with a secret was replaced."""
IDENTITY_ASKED_AGAIN_AFTER: Final = timedelta(minutes=1)
"""The pause before it is asked again which app the bot token belongs to, when there was no answer at the start."""
REPLACED_SECRET_ACCEPTED_FOR: Final = timedelta(minutes=10)
"""How long the signing secret before is accepted after its file was replaced by one that names no old secret."""

PEOPLE_LOOKED_FOR_EVERY: Final = timedelta(days=1)
"""How often it is looked whether people are gone whose texts are erased after a term, where a term is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Pauses that keep limits of other systems, or give their servers time to copy a write. All in seconds."""

    due_work_read_every: float = 0.5
    """The longest wait before the queue is read again. The clock may jump, for example after a suspended machine."""
    effect_retried_after: float = 1.0
    """The longest pause before an effect that another system did not accept is tried again. It doubles each time."""
    partners_compared: float = 0.05
    """The pause after each 25 partners that are compared with today's default, templates or sign-ins."""
    card_update: float = 1.0
    """How long the copies of a card that nobody clicked wait for further changes, before they show the last one."""
    read_back_after: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0)
    """The pause before each read-back of a write. Entra needs time to replicate a write."""
    optional_read_back_after: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
    """The same for writes that Graph may refuse."""
    optional_sent_again_after: float = 1.0
    """The pause before such a write without an answer is sent again. Two equal writes have the result of one."""
    conditional_access: tuple[int, float] = (1, 1.0)
    """Conditional Access's limit: the number of requests in a number of seconds, for a whole tenant.

    Source: "Microsoft Graph service-specific throttling limits". The service does not say how long to wait, so a
    throttled request is not repeated while a person waits.
    """
    reports: tuple[int, float] = (5, 10.0)
    """The limit of reports: the number of requests in a number of seconds (same source)."""
    reports_of_a_scan: tuple[int, float] = (2, 10.0)
    """The part of this limit that the scan of sign-ins uses, so that approval cards do not wait for it."""
    capability_reads: tuple[int, float] = (50, 10.0)
    """How many groups of 20 partners have their Microsoft 365 capabilities read in a number of seconds: 1,000 of at
    least 3,500 resource units."""
    account_writes: tuple[int, float] = (100, 150.0)
    """How many groups of at most 20 accounts are written in a number of seconds: 2,000 of the 3,000 writes that one
    application may send (same source)."""
    account_reads: tuple[int, float] = (100, 10.0)
    """The same for groups of accounts that are read: 2,000 of at least 3,500 resource units."""


USUAL_PAUSES: Final = Pauses()
"""The pauses of the real bot."""
