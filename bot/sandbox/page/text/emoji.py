"""Write Slack's `:short_name:` emoji as characters."""

import re

SHORT_NAMES = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "no_entry": "⛔",
    "no_entry_sign": "🚫",
    "warning": "⚠️",
    "rotating_light": "🚨",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "alarm_clock": "⏰",
    "stopwatch": "⏱️",
    "calendar": "📅",
    "spiral_calendar_pad": "🗓️",
    "lock": "🔒",
    "unlock": "🔓",
    "closed_lock_with_key": "🔐",
    "key": "🔑",
    "shield": "🛡️",
    "door": "🚪",
    "handshake": "🤝",
    "wave": "👋",
    "tada": "🎉",
    "eyes": "👀",
    "bell": "🔔",
    "mag": "🔍",
    "memo": "📝",
    "clipboard": "📋",
    "link": "🔗",
    "zap": "⚡",
    "gear": "⚙️",
    "information_source": "ℹ️",
    "question": "❓",
    "exclamation": "❗",
    "bulb": "💡",
    "office": "🏢",
    "globe_with_meridians": "🌐",
    "bust_in_silhouette": "👤",
    "busts_in_silhouette": "👥",
    "robot_face": "🤖",
    "arrow_right": "➡️",
    "arrows_counterclockwise": "🔄",
    "repeat": "🔁",
    "red_circle": "🔴",
    "large_yellow_circle": "🟡",
    "large_green_circle": "🟢",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
    "black_circle": "⚫",
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
}

_SHORT = re.compile(r":([a-z0-9_+-]{1,40}):")


def with_emoji(text: str) -> str:
    """Return `text` with known short names replaced by characters; other names are unchanged."""
    return _SHORT.sub(lambda match: SHORT_NAMES.get(match[1], match[0]), text)
