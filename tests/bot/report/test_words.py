"""Every kind of request has a name in reports."""

from dataclasses import replace

import pytest

from bot.report.words import kind_name
from tests.workflows.core.builders import request
from workflows.core.requests.request import RequestKind


@pytest.mark.parametrize("kind", RequestKind)
def test_every_kind_has_a_name_in_reports(kind: RequestKind) -> None:
    """A report about an adopted partner failed."""
    usual = request()
    assert kind_name(replace(usual, fields=replace(usual.fields, kind=kind)))
