"""Each person's open modals and App Home, with the values entered so far."""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.sandbox.seed import APP_ID, BOT_ID, TEAM_ID
from bot.sandbox.slack.block_kit.defaults import with_defaults
from bot.sandbox.slack.block_kit.values import Values, current_values, values_to_keep
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.storage.tables import AppendOnlyTables

View = dict[str, Any]
MAX_VIEWS_IN_STACK = 3
_DEFAULTS: View = {
    "private_metadata": "",
    "callback_id": "",
    "external_id": "",
    "clear_on_close": False,
    "notify_on_close": False,
    "title": None,
    "close": None,
    "submit": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenView:
    """A view that is open for a person: a modal, or their App Home."""

    user_id: str
    view: View
    filled: Values = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return Slack's view id."""
        return str(self.view["id"])

    def to_slack(self) -> View:
        """Return the view object of payloads and methods, with `state`."""
        return {**self.view, "state": {"values": current_values(self.view["blocks"], self.filled)}}


class Views:
    """All open views. A person may have several stacks, as on a laptop and a phone; the newest is last."""

    def __init__(self, tables: AppendOnlyTables, *, now: Callable[[], datetime]) -> None:
        self._tables = tables
        self._now = now

    def get(self, view_id: str) -> OpenView | None:
        """Return an open modal or an App Home by its id."""
        row = self._tables.get("views", view_id)
        return OpenView(**row) if row else None

    def by_external_id(self, external_id: str) -> OpenView | None:
        """Return an open modal by the external_id that the app gave it."""
        return next((view for view in self._all() if view.view["external_id"] == external_id), None)

    def modals(self, user_id: str) -> list[OpenView]:
        """Return a person's open modals; the one on top is last."""
        return [view for view in self._all() if view.user_id == user_id and view.view["type"] == "modal"]

    def home(self, user_id: str) -> OpenView | None:
        """Return a person's App Home; None when the app never published one."""
        return next(
            (view for view in self._all() if view.user_id == user_id and view.view["type"] == "home"),
            None,
        )

    def stack(self, view: OpenView) -> list[OpenView]:
        """Return the stack of a modal, bottom first."""
        return [modal for modal in self.modals(view.user_id) if modal.view["root_view_id"] == view.view["root_view_id"]]

    def open(self, user_id: str, view: View, *, on: OpenView | None = None) -> OpenView:
        """Open a modal, on top of another's stack or as the first of a new one.

        :raises SlackError: `push_limit_reached`, `duplicate_external_id`.
        """
        below = self.stack(on)[-1:] if on else []
        if on and len(self.stack(on)) >= MAX_VIEWS_IN_STACK:
            raise SlackError("push_limit_reached")
        self._check_external_id(view, None)
        view_id = _new_id()
        return self._put(
            OpenView(
                user_id=user_id,
                view=self._complete_view(
                    view,
                    id=view_id,
                    root_view_id=below[0].view["root_view_id"] if below else view_id,
                    previous_view_id=below[0].id if below else None,
                ),
            )
        )

    def update(self, old: OpenView, view: View, expected_hash: str | None = None) -> OpenView:
        """Replace the content of an open view; entered values stay where the ids stay.

        :raises SlackError: `hash_conflict` when `expected_hash` is no longer the view's, `duplicate_external_id`.
        """
        if expected_hash is not None and expected_hash != old.view["hash"]:
            raise SlackError("hash_conflict")
        self._check_external_id(view, old)
        same = {name: old.view[name] for name in ("id", "root_view_id", "previous_view_id")}
        new = self._complete_view(view, **same)
        return self._put(replace(old, view=new, filled=values_to_keep(new["blocks"], old.filled)))

    def publish(self, user_id: str, view: View, expected_hash: str | None = None) -> OpenView:
        """Show an App Home.

        :raises SlackError: `hash_conflict` when `expected_hash` is not that of the present home.
        """
        old = self.home(user_id)
        if old is not None:
            return self.update(old, view, expected_hash)
        if expected_hash is not None:
            raise SlackError("hash_conflict")
        view_id = _new_id()
        new = self._complete_view(view, id=view_id, root_view_id=view_id, previous_view_id=None)
        return self._put(OpenView(user_id=user_id, view=new))

    def fill(self, view: OpenView, filled: Values) -> OpenView:
        """Store what the person has entered so far."""
        return self._put(replace(view, filled=filled))

    def close(self, view: OpenView) -> list[OpenView]:
        """Close a modal and every one above it; return the closed ones, top first."""
        stack = self.stack(view)
        closed = stack[[open_view.id for open_view in stack].index(view.id) :]
        for closed_view in closed:
            self._tables.drop("views", closed_view.id)
        return closed[::-1]

    def close_stack(self, view: OpenView) -> list[OpenView]:
        """Close the whole stack of a modal."""
        return self.close(self.stack(view)[0])

    def _all(self) -> list[OpenView]:
        return [OpenView(**row) for row in self._tables.rows("views").values()]

    def _put(self, view: OpenView) -> OpenView:
        self._tables.put("views", view.id, asdict(view))
        return view

    def _complete_view(self, view: View, **identity: Any) -> View:
        """Add what Slack adds to a view when it stores it."""
        return {
            **identity,
            "team_id": TEAM_ID,
            **_DEFAULTS,
            **view,
            "blocks": with_defaults(view["blocks"]),
            "hash": f"{int(self._now().timestamp())}.{secrets.token_urlsafe(6)}",
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }

    def _check_external_id(self, view: View, old: OpenView | None) -> None:
        """Check that an external_id is unique among open views."""
        if not view.get("external_id"):
            return
        other = self.by_external_id(view["external_id"])
        if other is not None and (old is None or other.id != old.id):
            raise SlackError("duplicate_external_id")


def _new_id() -> str:
    return "V0" + secrets.token_hex(5).upper()
