"""The keys of stamps: those that the store has read, and of these the one that each bot has."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import Settings
from bot.sandbox.server import BotHandle, Sandbox
from bot.slack import ids
from bot.slack.payloads.models import View
from bot.slack.payloads.stamps import Stamps
from tests.bot.bot_under_test import BotUnderTest, health_url_of
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.fakes import FixedClock
from workflows.core.audit.chain import KeyRing, written_key
from workflows.core.people import ChatId
from workflows.core.requests.alarms import AlarmCode
from workflows.ports.records import StoreUnusable
from workflows.store.audit_keys import GivenKeys, KeyFile, new_key, own_key_file

AMARA: Final = ChatId("U0APPROVER1")
FORM: Final = {"id": "V1", "type": "modal", "callback_id": ids.REJECT_REASON, "private_metadata": "R-1"}


def stamps_of(*keys: Any) -> Stamps:
    """Return the stamps of a bot with these keys, the oldest first."""
    return Stamps(keys=GivenKeys(KeyRing(keys)), now=FixedClock().now)


def test_bots_of_which_some_have_a_new_key_already_believe_the_windows_of_each_other() -> None:
    old, new = new_key(), new_key()
    before, after = stamps_of(old), stamps_of(old, new)
    for made_by in (before, after):
        window = View.model_validate(made_by.stamped(FORM, AMARA))
        home = View.model_validate(made_by.stamped(FORM | {"type": "home"}, AMARA))
        code = made_by.button_code("R-1", AMARA)
        for read_by in (before, after):
            assert read_by.is_stamped(window, AMARA)
            assert read_by.is_stamped(home, AMARA)
            assert read_by.is_button_of("R-1", code, AMARA)


def test_in_each_step_of_a_change_of_the_key_every_bot_believes_what_the_others_sign_and_stamp() -> None:
    """What docs/audit.md says. Two bots of which one has taken the step, and the other one has not."""
    old, new = new_key(), new_key()
    steps = [(old,), (old, new, old), (old, new)]
    for pair in pairwise(steps):
        for made_by, read_by in (pair, pair[::-1]):
            window = View.model_validate(stamps_of(*made_by).stamped(FORM, AMARA))
            assert stamps_of(*read_by).is_stamped(window, AMARA)
            assert KeyRing(read_by).find(KeyRing(made_by).signing.id) is not None
    assert [KeyRing(keys).signing for keys in steps] == [old, old, new]
    assert KeyRing((old,)).find(KeyRing((old, new)).signing.id) is None, "so `old,new` is no first step"
    window = View.model_validate(stamps_of(new, old).stamped(FORM, AMARA))
    assert not stamps_of(old).is_stamped(window, AMARA), "and neither is `new,old`"


def test_each_key_of_the_ring_is_believed_and_no_other() -> None:
    old, new = new_key(), new_key()
    window = View.model_validate(stamps_of(new).stamped(FORM, AMARA))
    assert stamps_of(old, new).is_stamped(window, AMARA)
    assert not stamps_of(old).is_stamped(window, AMARA)


def test_stamping_makes_no_file_with_a_key(tmp_path: Path) -> None:
    """A second key beside the one that signs would be taken for the newest."""
    file = tmp_path / "gatehouse.db.audit-key"
    stamps = Stamps(keys=KeyFile(file, is_own=True), now=FixedClock().now)
    with pytest.raises(StoreUnusable, match="key of the audit log"):
        stamps.stamped(FORM, AMARA)
    assert not file.exists()


@pytest.mark.threats("C10")
@pytest.mark.parametrize("is_own", [True, False])
async def test_a_running_bot_keeps_its_keys_also_for_stamps_whatever_happens_to_the_file(
    settings: Settings, world: Sandbox, tmp_path: Path, is_own: bool
) -> None:
    """The file goes away before the first window is opened, and no other key is made."""
    database = tmp_path / "own.db"
    update: dict[str, Any] = {"database_url": f"sqlite:///{database}"}
    file = own_key_file(database) if is_own else tmp_path / "key"
    if not is_own:
        file.write_text(written_key(new_key()) + "\n")
        update["audit_key_file"] = file
    given = settings.model_copy(update=update)
    async with running(given, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{given.port}"
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url_of(given))
        bot = BotUnderTest(world=world, settings=given, session=session, store=parts.store, url=url)
        file.unlink()
        request = await bot.file_request()
        assert not file.exists()
        assert {outcome for _, outcome in await bot.outcomes("requester")} == {"accepted"}
        assert (await parts.store.verify_chain()).problems == ()
        assert not await bot.has_alarm(AlarmCode.AUDIT_CHAIN)
        assert [one.id for one in await parts.store.open_requests()] == [request.id]
