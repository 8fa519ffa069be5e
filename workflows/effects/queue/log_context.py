"""Have every log line of an attempt name what its effect is about.

A boundary: whoever reads the log searches by these names.
"""

from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars

from workflows.core.requests.commands.clicks import subject_of
from workflows.core.requests.effects import CheckPermission, Effect


def lines_name(effect: Effect) -> AbstractContextManager[None]:
    """Have each log line name the request, partner or batch of an effect, and the click that is checked.

    It lasts as long as the context, also in the tasks that are begun in it. Graph's own ids of a request are
    `request_id` and `client_request_id` there, so ours is `request`.
    """
    about = subject_of(effect.command) if isinstance(effect, CheckPermission) else effect
    names = {
        "request": getattr(about, "request_id", None),
        "partner": getattr(about, "tenant_id", None),
        "batch": getattr(about, "batch_id", None),
        "click": effect.key if isinstance(effect, CheckPermission) else None,
    }
    return bound_contextvars(**{name: value for name, value in names.items() if value is not None})
