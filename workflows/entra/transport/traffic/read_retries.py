"""Send reads again after throttling (429) or an unavailable service, unless the requested pause is long.

The SDK's middleware does it for a request of its own. The parts of a batch are sent again by the same rules.
"""

from typing import Final

import httpx
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware import RetryHandler
from kiota_http.middleware.options import RetryHandlerOption

from workflows.entra.answers.answers import Answer
from workflows.entra.answers.failed_calls import retry_after
from workflows.entra.transport.batch import BATCH_PATH
from workflows.entra.transport.traffic.traffic import RepeatBudget

_RETRIES: Final = 2
_MAX_WAIT_SECONDS: Final = 4.0
"""The longest Retry-After, in seconds, after which a read is repeated here. The caller handles a longer one."""
ONE_TRY_LESS: Final = RetryHandlerOption(delay=0.0, max_retries=_RETRIES - 1)
"""For a read that was answered in a batch once."""


class ReadRetries(RetryHandler):
    """Repeats a read after throttling (429) or an unavailable service, unless the requested pause is long.

    All reads share a budget for that.
    """

    def __init__(self, budget: RepeatBudget) -> None:
        super().__init__(RetryHandlerOption(delay=0.0, max_retries=_RETRIES))
        self._budget = budget
        self.allowed_methods = frozenset({"GET", "POST"})

    def should_retry(self, request: httpx.Request, options: RetryHandlerOption, response: httpx.Response) -> bool:
        """Return whether to repeat the request now."""
        wait = retry_after(response.headers)
        # A batch contains only reads, except those of `guest_accounts` and `batched_writes`, which turn this off.
        is_read = request.method == "GET" or request.url.path.endswith(BATCH_PATH)
        is_soon = wait is None or wait <= _MAX_WAIT_SECONDS
        is_repeated = is_read and is_soon and super().should_retry(request, options, response)
        return is_repeated and self._budget.spend()

    def get_delay_time(self, retry_count: int, response: httpx.Response | None = None, delay: float = 0.0) -> float:
        """Return the seconds until the next try: the requested pause, or a growing time with a random part."""
        wait = None if response is None else retry_after(response.headers)
        return wait or self._get_delay_time_exp_backoff(retry_count, delay)


def is_sent_again(request: RequestInformation, answer: Answer) -> bool:
    """Return whether a read that was answered so in a batch is sent again, as `ReadRetries` does without a batch."""
    own = request.request_options.get(RetryHandlerOption.get_key())
    if isinstance(own, RetryHandlerOption) and not own.should_retry:
        return False
    wait = retry_after(answer.headers)
    return answer.status in ReadRetries.DEFAULT_RETRY_STATUS_CODES and (wait is None or wait <= _MAX_WAIT_SECONDS)


def pause_before_second_try(answer: Answer) -> float:
    """Return the seconds until a part of a batch is sent again."""
    return retry_after(answer.headers) or ReadRetries(RepeatBudget()).get_delay_time(0)
