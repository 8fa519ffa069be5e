"""How often Gatehouse looks, asks again and reminds, and how long an answer of another system is kept.

One place to read and to change them; docs/operations.md has the same table. The intervals that rules decide with
(reminders of reviews, reading back, repeated sending) are defined with their rules in `workflows.core`.
"""

from datetime import timedelta
from typing import Final

ROLES_CHECKED_EVERY: Final = timedelta(minutes=1)
"""Whether enough people have each role, while requests are open."""
SPONSORS_CHECKED_EVERY: Final = timedelta(hours=1)
"""Whether the sponsors of partners still have an enabled account."""
SPONSOR_ALARMS_EVERY: Final = timedelta(minutes=1)
"""Whether an alarm about a missing sponsor is still needed."""
CHANNEL_CHECKED_EVERY: Final = timedelta(minutes=10)
"""Whether the approval channel is still private, when no card is posted."""
CHANNEL_TRUSTED_FOR: Final = timedelta(minutes=1)
"""How old that answer may be when a card is posted; while there is a problem, the channel is checked this often."""
FORMER_CHANNEL_PAUSE: Final = timedelta(minutes=1)
"""The pause for a former channel that does not accept an update of its cards."""
HOME_TENANT_CHECKED_EVERY: Final = timedelta(minutes=4)
"""Whether Microsoft Graph still answers for the configured tenant, when something is written."""
HOME_TENANT_ASKED_AGAIN_AFTER: Final = timedelta(seconds=10)
"""The same after a wrong answer, or none: sooner, because writes wait for it."""
HEALTH_CHECKED_EVERY: Final = timedelta(seconds=5)
"""Whether clicks can be received and stored."""
CONNECTION_PINGED_EVERY: Final = timedelta(seconds=10)
"""Whether a Socket Mode connection still answers."""
CONNECTION_SILENT_AFTER: Final = timedelta(seconds=30)
"""After three pings without an answer the connection counts as silent: noticed within a minute, whatever failed."""
START_STORED_AGAIN_AFTER: Final = timedelta(seconds=1)
"""The pause before a retry of storing what must be stored before any effect is performed."""

ADMINS_ASKED_FROM_REMINDER: Final = 2
"""From this reminder of a review on, the admins are asked as well as the sponsor."""
OPEN_AFTER_BLOCK_SHOWN_FOR: Final = timedelta(hours=24)
"""How long admins are reminded of what stays open after a confirmed block."""

HOME_SHOWS_ENDS_WITHIN: Final = timedelta(days=30)
"""Access that ends within this time is listed in its sponsor's App Home."""
HOME_PUBLISHED_EVERY: Final = timedelta(seconds=2)
"""A person's App Home is published no more often than this."""
ROLES_SHOWN_FOR: Final = timedelta(seconds=30)
"""How long the members of a role and a person's identity are kept, for display only."""
NAMES_SHOWN_FOR: Final = timedelta(minutes=10)
"""How long people's names and mail addresses are kept, for display only."""

TENANTS_KEPT_FOR: Final = timedelta(minutes=1)
"""How long the tenant of a domain is kept; where something is decided, it is read again."""
POLICIES_KEPT_FOR: Final = timedelta(minutes=1)
"""How long Conditional Access policies and their evaluation are kept: several requests at once read them once."""
OBJECT_NAMES_KEPT_FOR: Final = timedelta(minutes=1)
"""How long the name of a group, user or application is kept."""
ABSENCE_KEPT_FOR: Final = timedelta(seconds=10)
"""How long it is kept that there is no such object: somebody who has just created it sees it soon."""
