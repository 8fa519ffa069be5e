"""Fill Slack's date templates, such as `{date_short_pretty} at {time}`."""

import re
from datetime import UTC, datetime

from bot.sandbox.page.text.names import Names

_TOKEN = re.compile(r"\{(\w+)\}")


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _date(moment: datetime) -> str:
    return f"{moment:%B} {moment.day}, {moment.year}"


def _date_short(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment.year}"


def _token(name: str, moment: datetime) -> str | None:
    """One date token of Slack's page "Formatting text for app surfaces"; None when there is no such token.

    The `_pretty` ones say "today" in Slack; here they stay plain, since the sandbox's today moves.
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


def filled(template: str, epoch: int, names: Names, fallback: str = "") -> str:
    """`template` with its tokens replaced by the moment `epoch` (seconds since 1970).

    Answers `fallback`, as Slack does, when the moment cannot be shown or a token is unknown.
    """
    try:
        moment = names.local(datetime.fromtimestamp(epoch, UTC))
    except (ValueError, OverflowError, OSError):
        return fallback
    parts = {name: _token(name, moment) for name in _TOKEN.findall(template)}
    if not parts or None in parts.values():
        return fallback or template
    return _TOKEN.sub(lambda match: parts[match[1]] or "", template)
