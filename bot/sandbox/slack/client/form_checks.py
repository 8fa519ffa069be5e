"""Check a modal as Slack's own client does before it submits: required fields, lengths, numbers, addresses."""

import re
from typing import Any

from bot.sandbox.slack.block_kit.values import current_values, is_empty
from bot.sandbox.slack.workspace.views import OpenView


def form_errors(view: OpenView) -> dict[str, str]:
    """Return the problems that prevent submitting the modal, by block_id; empty when there are none."""
    values = current_values(view.view["blocks"], view.filled)
    problems = {}
    for block in view.view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        value = values[block["block_id"]][element["action_id"]]
        words = None if is_empty(value) else _wrong(element, value)
        if is_empty(value) and not block["optional"]:
            words = "Please complete this required field."
        if words:
            problems[block["block_id"]] = words
    return problems


def _wrong(element: dict[str, Any], value: dict[str, Any]) -> str | None:
    text = str(value.get("value", ""))
    kind = element["type"]
    if kind == "plain_text_input":
        if len(text) < element.get("min_length", 0):
            return f"Enter at least {element['min_length']} characters."
        if len(text) > element.get("max_length", 3000):
            return f"Enter at most {element.get('max_length', 3000)} characters."
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        return "Enter a valid email address."
    if kind == "url_text_input" and not re.match(r"https?://\S+\.\S+", text):
        return "Enter a valid URL."
    if kind == "file_input":
        return _wrong_files(element, value["files"])
    return _wrong_number(element, text) if kind == "number_input" else None


def _wrong_files(element: dict[str, Any], files: list[dict[str, Any]]) -> str | None:
    """Slack's client looks at the endings of names only, never at the content."""
    if len(files) > element.get("max_files", 10):
        return f"Choose at most {element.get('max_files', 10)} files."
    known = element.get("filetypes")
    endings = [str(one.get("name", "")).rpartition(".")[2].lower() for one in files if "name" in one]
    if known and not set(endings) <= set(known):
        return f"Choose a file of one of these types: {', '.join(known)}."
    return None


def _wrong_number(element: dict[str, Any], text: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, text):
        return "Enter a valid number."
    if "min_value" in element and float(text) < float(element["min_value"]):
        return f"Enter a number of at least {element['min_value']}."
    if "max_value" in element and float(text) > float(element["max_value"]):
        return f"Enter a number of at most {element['max_value']}."
    return None
