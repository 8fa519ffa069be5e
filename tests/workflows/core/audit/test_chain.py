"""What is signed, with which key: golden vectors, so that no later version signs anything else."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.core.audit.chains import NEW, OLD, RING, entry
from workflows.core.audit.chain import (
    FIELDS,
    ChainKey,
    KeyProblem,
    KeyRing,
    WrongKeys,
    parse_keys,
    sign,
    signed_bytes,
    written_key,
)

ENTRY = {
    "key": "Ev1",
    "at": "2026-11-27T09:00:00.000000+00:00",
    "actor": "U1",
    "command": "approve",
    "outcome": "accepted",
    "request_id": "R-1",
    "tenant_id": None,
    "account": "a-1",
    "details": '{"reason":"naïve \\"ok\\"\\n"}',
}


GOLDEN = ("41fb4dbc", "7b1b53d5b56defd850b5f48e3718c263a69125de6fd5a97c3c680a2d7cc2ccf8")


def test_the_signed_bytes_are_these_for_ever() -> None:
    assert signed_bytes(bytes.fromhex("00ff"), 7, ENTRY, OLD.id).decode() == (
        "gatehouse/audit/1\n"
        '{"entry":{"account":"a-1","actor":"U1","at":"2026-11-27T09:00:00.000000+00:00","command":"approve",'
        '"details":"{\\"reason\\":\\"naïve \\\\\\"ok\\\\\\"\\\\n\\"}","key":"Ev1","outcome":"accepted",'
        '"request_id":"R-1","tenant_id":null},"key":"41fb4dbc","previous":"00ff","seq":7}'
    )


def test_the_signature_and_the_id_of_a_key_are_these_for_ever() -> None:
    assert (OLD.id, sign(b"", 1, ENTRY, OLD).hex()) == GOLDEN
    assert sign(b"", 1, ENTRY, OLD) == hmac.new(OLD.secret, signed_bytes(b"", 1, ENTRY, OLD.id), "sha256").digest()


@given(st.dictionaries(st.sampled_from(FIELDS), st.none() | st.text(), min_size=1), st.integers(0, 2**53 - 1))
def test_what_is_signed_is_canonical_json(texts: dict[str, str | None], seq: int) -> None:
    document: Any = {"entry": texts, "key": "k", "previous": "", "seq": seq}
    assert signed_bytes(b"", seq, texts, "k") == b"gatehouse/audit/1\n" + rfc8785.dumps(document)


def test_bytes_that_are_no_text_are_signed_as_they_are() -> None:
    damaged = {**ENTRY, "details": b"\xff\xfe".decode("utf-8", "surrogateescape")}
    assert b'"details":"\xff\xfe"' in signed_bytes(b"", 1, damaged, OLD.id)


@pytest.mark.parametrize("change", [{"actor": "U2"}, {"tenant_id": ""}, {"request_id": None}, {"details": "{}"}])
def test_each_value_of_an_entry_is_signed(change: dict[str, str | None]) -> None:
    assert sign(b"", 1, {**ENTRY, **change}, OLD) != sign(b"", 1, ENTRY, OLD)


def test_the_place_and_the_key_are_signed() -> None:
    macs = {sign(b"", 1, ENTRY, OLD), sign(b"", 2, ENTRY, OLD), sign(b"x", 1, ENTRY, OLD), sign(b"", 1, ENTRY, NEW)}
    assert len(macs) == 4


def test_keys_are_read_oldest_first_with_comments() -> None:
    text = f"# ours\n{written_key(OLD)}  # the first\n\n{written_key(NEW)}\n"
    assert parse_keys(text) == parse_keys(f"{written_key(OLD)},{written_key(NEW)}") == RING
    assert RING.signing is NEW
    assert RING.find(OLD.id) is OLD
    assert RING.find("unknown") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", KeyProblem.NO_KEY),
        ("# nothing\n", KeyProblem.NO_KEY),
        ("not base64!", KeyProblem.NOT_BASE64),
        (f"!{written_key(OLD)}", KeyProblem.NOT_BASE64),
        (base64.b64encode(b"short").decode(), KeyProblem.TOO_SHORT),
        (base64.b64encode(bytes(31)).decode(), KeyProblem.TOO_SHORT),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_and_not_repeated(text: str, problem: KeyProblem) -> None:
    with pytest.raises(WrongKeys) as refused:
        parse_keys(text)
    assert refused.value.problem is problem
    assert str(refused.value) == problem.value


def test_a_key_is_never_printed() -> None:
    ring = KeyRing((OLD,))
    assert "secret" not in repr(ring)
    assert OLD.secret.hex() not in repr(ring)
    assert ChainKey(OLD.secret).id == hashlib.sha256(b"gatehouse/audit-key/1\n" + OLD.secret).hexdigest()[:8]
    assert entry(1) != entry(2)
