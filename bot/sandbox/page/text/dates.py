"""Fill Slack's date templates, such as `{date_short_pretty} at {time}`."""

import re
from datetime import UTC, datetime

from bot.sandbox.page.text.display_names import Names

_TOKEN = re.compile(r"\{(\w+)\}")


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _date(moment: datetime) -> str:
    return f"{moment:%B} {moment.day}, {moment.year}"


def _date_short(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment.year}"


def _token(name: str, moment: datetime) -> str | None:
    """Return one date token of Slack's page "Formatting text for app surfaces"; None for an unknown token.

    The `_pretty` tokens say "today" in Slack. Here they do not, because the sandbox's clock can be moved.
    """
    plain = name.removesuffix("_pretty")
    forms = {
        "date_num": f"{moment:%Y-%m-%d}",
        "date_slash": f"{moment:%d/%m/%Y}",
        "date": _date(moment),
        "date_long": f"{moment:%A}, {_date(moment)}",
        "date_short": _date_short(moment),
        "time": _clock(moment),
        "time_secs": f"{moment:%H:%M:%S}",
        "ago": _date_short(moment),
        "day_divider": f"{moment:%A}, {moment:%B} {moment.day}",
    }
    return forms.get(plain)


def fill_date_template(template: str, epoch: int, names: Names, fallback: str = "") -> str:
    """Return `template` with its tokens replaced by the time `epoch` (seconds since 1970).

    As in Slack, the result is `fallback` when the time cannot be shown or a token is unknown.
    """
    try:
        moment = names.local(datetime.fromtimestamp(epoch, UTC))
    except (ValueError, OverflowError, OSError):
        return fallback
    parts = {name: _token(name, moment) for name in _TOKEN.findall(template)}
    if not parts or None in parts.values():
        return fallback or template
    return _TOKEN.sub(lambda match: parts[match[1]] or "", template)
