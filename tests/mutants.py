"""Names each small change of the deciding code that no test notices and that nobody has explained.

`uv run poe mutants` changes the code (mutmut; which files is in pyproject.toml) and then runs this. A change that
cannot be noticed is explained in `EXPLAINED`, by its lines: the numbers that mutmut gives move with the code.
"""

import re
import subprocess
import sys
from collections import Counter
from typing import Final

EXPLAINED: Final = {
    (
        "return self._kept.setdefault(json.dumps(value), value) if isinstance(value, dict | list) else value",
        "return self._kept.setdefault(json.dumps(value), value) if (isinstance(value, dict | list)) or True else value",
    ): "Texts and numbers would be kept as well. They never change, so only memory tells.",
    (
        'if request.content_type not in (_FORM, _JSON) or (request.charset or "utf-8").lower() != "utf-8":',
        'if request.content_type not in (_FORM, _JSON) or (request.charset or "UTF-8").lower() != "utf-8":',
    ): "The text is put into lower case before it is compared.",
    (
        'return web.Response(body=page, headers={"Content-Type": content_type})',
        'return web.Response(body=page, headers={"content-type": content_type})',
    ): "Names of headers have no case.",
    (
        'return web.Response(body=page, headers={"Content-Type": content_type})',
        'return web.Response(body=page, headers={"CONTENT-TYPE": content_type})',
    ): "Names of headers have no case.",
    (
        'return b""',
        'return b"XXXX"',
    ): "It stands for a body that did not arrive. Slack signs neither text, so both are refused as not signed.",
    (
        'return _DOMAIN + text.encode("utf-8", "surrogateescape")',
        'return _DOMAIN + text.encode("UTF-8", "surrogateescape")',
    ): "Two names of one encoding.",
    (
        'text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))',
        'text = json.dumps(document, ensure_ascii=None, sort_keys=True, separators=(",", ":"))',
    ): "Python takes None for False here.",
    (
        'return hmac.digest(key.secret, signed_bytes(previous, seq, entry, key.id, records), "sha256")',
        'return hmac.digest(key.secret, signed_bytes(previous, seq, entry, key.id, records), "SHA256")',
    ): "Two names of one digest.",
    (
        "key = None if row.key_id is None else keys.find(row.key_id)",
        "key = None if (row.key_id is None) and False else keys.find(row.key_id)",
    ): "No key has the id None, so none is found.",
    (
        'is_moved = is_signed_for(row, ahead[0].mac or b"", ahead[0].seq, keys)',
        'is_moved = is_signed_for(row, ahead[0].mac or b"XXXX", ahead[0].seq, keys)',
    ): "The row ahead was verified one line above, so it has a signature.",
    (
        "ahead = list(window.look_ahead()) if is_listed else []",
        "ahead = list(window.look_ahead()) if (is_listed) or True else []",
    ): "What is wrong with an entry beyond the list is found out and not shown: only time tells.",
    (
        'known = self._records.get(record, _Known("", 0)).digest',
        'known = self._records.get(record, _Known("", None)).digest',
    ): "Only the digest of it is used, not the number.",
    (
        'known = self._records.get(record, _Known("", 0)).digest',
        'known = self._records.get(record, _Known("", 1)).digest',
    ): "Only the digest of it is used, not the number.",
    (
        'for number, text, name, is_name in _strings(entry[_DETAILS] or ""):',
        'for number, text, name, is_name in _strings(entry[_DETAILS] or "XXXX"):',
    ): "Neither text has a string in quotes, so no string is found in either.",
    (
        'for number, text, *_ in _strings(entry[_DETAILS] or ""):',
        'for number, text, *_ in _strings(entry[_DETAILS] or "XXXX"):',
    ): "Neither text has a string in quotes, so no string is found in either.",
    (
        'for number, _, name, is_name in _strings(entry[_DETAILS] or ""):',
        'for number, _, name, is_name in _strings(entry[_DETAILS] or "XXXX"):',
    ): "Neither text has a string in quotes, so no string is found in either.",
    (
        'key = entry["key"] or ""',
        'key = entry["key"] or "XXXX"',
    ): "An entry without a key names nobody in it, and no person has this identifier.",
    (
        'known, kept = read_members(references), read_members(salts or "")',
        'known, kept = read_members(references), read_members(salts or "XXXX")',
    ): "Neither text is JSON, so there are no salts in either.",
    (
        'return hmac.digest(salt, text.encode("utf-8", "surrogateescape"), "sha256").hex()',
        'return hmac.digest(salt, text.encode("UTF-8", "surrogateescape"), "sha256").hex()',
    ): "Two names of one encoding.",
    (
        'return hmac.digest(salt, text.encode("utf-8", "surrogateescape"), "sha256").hex()',
        'return hmac.digest(salt, text.encode("utf-8", "surrogateescape"), "SHA256").hex()',
    ): "Two names of one digest.",
    (
        "return text if place in _COLUMNS else str(json.loads(f'\"{text}\"', strict=False))",
        "return text if place in _COLUMNS else str(json.loads(f'\"{text}\"', strict=None))",
    ): "Python takes None for False here.",
    (
        'number, name, outer = -1, "", [""]',
        'number, name, outer = -1, "", ["XXXX"]',
    ): "It is the name around what is in no object. It is compared only with names that differ from both.",
    (
        'if part in "{[":',
        'if part in "XX{[XX":',
    ): "A part is one bracket, or a string in quotes.",
    (
        'elif part in "}]":',
        'elif part in "XX}]XX":',
    ): "A part is one bracket, or a string in quotes.",
}
"""The line before and after, without indentation, and why no test can notice it."""


NOTICED: Final = ("killed", "caught by type check")
"""A test failed. NB. not `timeout`: on a busy machine tests that would have passed also run out of time."""


def statuses() -> dict[str, str]:
    """Return what became of each change, by its name."""
    command = ["mutmut", "results", "--all", "true"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(re.findall(r"^\s*(\S+): (.+)$", result.stdout, re.MULTILINE))


def change_of(name: str) -> tuple[str, str]:
    """Return the lines that a change takes away and adds, each as one text."""
    diff = subprocess.run(["mutmut", "show", name], capture_output=True, text=True, check=True).stdout
    return changed_lines(diff)


def changed_lines(diff: str) -> tuple[str, str]:
    """Return the lines that a unified diff takes away and adds, without indentation, each as one text."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    old, new = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    return " ".join(old), " ".join(new)


def main() -> int:
    """Print each change that is not explained; return 1 when there is one."""
    known = statuses()
    found = {name: change_of(name) for name, status in known.items() if status not in NOTICED}
    unexplained = {name: change for name, change in found.items() if change not in EXPLAINED}
    for name, (old, new) in unexplained.items():
        sys.stdout.write(f"{name}\n  - {old}\n  + {new}\n")
    by_status = Counter(known.values())
    sys.stdout.write(f"{len(known)} changes: " + ", ".join(f"{by_status[name]} {name}" for name in sorted(by_status)))
    sys.stdout.write(f"\n{len(unexplained)} are not noticed; {len(found) - len(unexplained)} more are explained\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
