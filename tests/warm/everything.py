"""All that the commands import, sooner or later: for the process that others are forked from.

NB. no thread may be started here: a process with threads cannot be forked safely.
"""

import gc
from importlib import import_module
from typing import Final

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph.graph_request_adapter import GraphRequestAdapter

import bot.process.app
import bot.process.child_process
import bot.process.loops
import bot.process.opening.start_checks
import bot.process.run
import bot.process.settings
import bot.terminal.cli
import bot.terminal.doctor
import bot.terminal.plan.command
import bot.terminal.posture.posture_command
import bot.terminal.sandbox_command
from tests.stores.choice import is_postgres
from tests.warm.authority import reuse_authority
from tests.warm.block_checks import remember_checks
from tests.warm.ready_made import loaded_once, new_database
from workflows.catalog.catalog import SHIPPED
from workflows.entra.transport.early_imports import load_builders
from workflows.partner_lookup.public_suffixes import load_suffixes
from workflows.partner_lookup.similar_characters import load_prototypes
from workflows.store.codec import build_adapters

_IMPORTED_AT_FIRST_USE: Final = (
    "anyio._backends._asyncio",
    "azure.core.pipeline.transport._aiohttp",
    "azure.core.rest._aiohttp",
    "azure.identity.aio._credentials.imds",
    "cryptography.hazmat.backends.openssl.backend",
    "encodings.utf_16_be",
    "encodings.utf_8_sig",
    "multiprocessing.popen_forkserver",
    "slack_bolt.listener_matcher.async_builtins",
)
"""By the libraries: a forked process would import them again, every one of them."""
_OF_POSTGRES: Final = (
    "workflows.store.postgres.location",
    "workflows.store.postgres.store",
    "psycopg_pool",
    "tests.workflows.store.postgres.server",
)

for name in (*_IMPORTED_AT_FIRST_USE, *(_OF_POSTGRES if is_postgres() else ())):
    import_module(name)
load_builders(GraphRequestAdapter(AnonymousAuthenticationProvider()))
build_adapters()
load_suffixes()
load_prototypes()
remember_checks()
reuse_authority()
new_database()
loaded_once(SHIPPED)
for module in (bot.process.settings, bot.process.opening.start_checks, bot.terminal.doctor, bot.terminal.plan.command):
    vars(module)["load_catalog"] = loaded_once
gc.freeze()  # so that no collection in a forked process copies the pages of what was imported
gc.set_threshold(50_000, 20, 100)  # they end before there is much garbage
