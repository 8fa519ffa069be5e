"""The sentences about a file that somebody gave in the chat system: why it cannot be used, and what to do."""

from collections.abc import Mapping
from typing import Final

from bot.words.sentences import Sentence
from workflows.sheets.received import ReceivedFileCode

RECEIVED_FILES: Final[Mapping[ReceivedFileCode, Sentence]] = {
    ReceivedFileCode.GONE: (
        "The file is deleted, or Gatehouse cannot see it. Type /partner import, and choose the file again."
    ),
    ReceivedFileCode.OTHER_OWNER: "Somebody else uploaded the file. Upload your own copy with /partner import.",
    ReceivedFileCode.OTHER_WORKSPACE: (
        "The file belongs to another workspace. Save it, and upload your own copy with /partner import."
    ),
    ReceivedFileCode.EXTERNAL: (
        "The file is kept by another service. Download it from there, and upload it with /partner import."
    ),
    ReceivedFileCode.NO_SCOPE: (
        "The app may not read files: it lacks the scope files:read. An admin can install it again from manifest.yml."
    ),
    ReceivedFileCode.OTHER_ADDRESS: (
        "The file was not loaded: its address is {host}, which is not the chat system's own. Tell an admin."
    ),
    ReceivedFileCode.REFUSED: "The chat system did not give the file ({code}). Try again, or tell an admin.",
    ReceivedFileCode.OTHER_CONTENT: (
        "{name} is no sheet: its content is of another kind. Save the partners as CSV, XLSX, JSON or TOML."
    ),
}
