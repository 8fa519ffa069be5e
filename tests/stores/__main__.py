"""`gatehouse …` as somebody types it, but the sandbox's bot has the database of this run of tests."""

from bot.__main__ import main
from bot.terminal import sandbox_command
from tests.stores.bot_processes import NewBots

if __name__ == "__main__":
    given = sandbox_command.run_sandbox.__kwdefaults__
    assert given is not None
    given["processes"] = NewBots()
    main()
