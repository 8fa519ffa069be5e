"""All that the commands import, sooner or later: for the process that others are forked from.

NB. no thread may be started here: a process with threads cannot be forked safely.
"""

import gc

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph.graph_request_adapter import GraphRequestAdapter

import bot.app
import bot.bot_process
import bot.cli
import bot.doctor
import bot.plan_command
import bot.posture_command
import bot.process
import bot.rehearsal  # noqa: F401
from workflows.entra.addresses import load_builders

load_builders(GraphRequestAdapter(AnonymousAuthenticationProvider()))
gc.freeze()  # so that no collection in a forked process copies the pages of what was imported
