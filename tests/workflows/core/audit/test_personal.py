"""Personal texts stand beside what is signed: each is found changed, and erased without a change of what is signed."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.core.audit.chains import OLD, RING, entry
from workflows.core.audit.chain import ChainedRow, sign
from workflows.core.audit.erasing import PersonTexts, erase, found_texts, names_person, without_person
from workflows.core.audit.personal import (
    ERASED,
    NOBODY,
    PERSONAL,
    Entry,
    Sealed,
    TextCheck,
    check_texts,
    decoded,
    named_places,
    places,
    replaced,
    seal,
    shown,
    signed_texts,
    written_members,
)
from workflows.core.audit.verifying import ChainProblem, ChainProblemCode, verify

SALT = bytes(range(16))
RILEY = PersonTexts(7, frozenset({"U1", "id-riley"}), frozenset({"Riley Park", "Riley", "riley@woodgrove.com"}))
DETAILS: dict[str, Any] = {
    "digest": "abc",
    "reason": 'Ask "Riley Park"\nsoon',
    "account": "id-riley",
    "asked": ["Bruno", "Riley"],
    "people": {"U1": ["sponsor"], "U2": []},
    "image": {"targets": [{"target": "id-riley", "targetType": "user"}], "tenantId": "t"},
    "empty": "",
    "count": 3,
}


def numbers(text: str) -> int | None:
    """Riley has the number 7, the bot none."""
    return {"U1": 7, "id-riley": 7, "gatehouse": None}.get(text, NOBODY)


def one(**changed: str | None) -> dict[str, str | None]:
    details = json.dumps(DETAILS, separators=(",", ":"))
    return entry(1) | {"actor": "U1", "account": "id-riley", "key": "k1", "details": details} | changed


def sealed(of: Entry) -> Sealed:
    found = seal(of, numbers, lambda: SALT)
    assert found is not None
    return found


def details_of(of: Entry) -> Any:
    return json.loads(of["details"] or "")


def test_nothing_personal_is_in_what_is_signed() -> None:
    beside = sealed(one())
    signed = json.dumps(dict(signed_texts(one(), beside.references)))
    for text in ("Riley", "riley", "U1", "U2", "Bruno", "soon", "sponsor"):
        assert text not in signed, text
    for text in ("abc", "targetType", "user", "tenant", '\\"count\\":3', "person-7:"):
        assert text in signed, text


def test_names_of_details_decide_which_texts_are_personal() -> None:
    assert [text for _, text in places(one())] == [
        *("U1", "id-riley", 'Ask \\"Riley Park\\"\\nsoon', "id-riley", "Bruno", "Riley"),
        *("U1", "sponsor", "U2", "id-riley"),
    ]
    reference = f"person-1:{'0' * 64}"
    assert [text for _, text in places(one(actor=None, account=None, details=f'{{"code":"{reference}"}}'))] == [
        reference
    ]
    assert list(places(one(actor=None, account=None, details='}]"x":{"code":"y"},"z"'))) == [("details:3", "z")]


def test_an_entry_of_the_bot_needs_nothing_beside_it() -> None:
    of_bot = one(actor="gatehouse", account=None, details='{"count":3}')
    assert seal(of_bot, numbers, lambda: SALT) is None
    assert signed_texts(of_bot, None) == of_bot
    assert check_texts(of_bot, None, None) == TextCheck(is_whole=True)
    assert not check_texts(of_bot, None, "{}").is_whole
    assert seal(one(actor="gatehouse", account=None, details=None), numbers, lambda: SALT) is None


def test_a_key_with_an_identifier_is_personal_and_stays_unique_when_erased() -> None:
    of_week = one(key="week:id-riley:2026-W3", actor="gatehouse", account=None, details="{}")
    beside = sealed(of_week)
    gone = erase(of_week, beside, RILEY)
    assert gone is not None
    assert gone.entry["key"] == json.loads(beside.references)["key"]
    assert check_texts(gone.entry, beside.references, gone.salts) == TextCheck(is_whole=True, erased=1)


def test_an_erasure_changes_only_texts_of_the_person_and_nothing_that_is_signed() -> None:
    beside = sealed(one())
    gone = erase(one(), beside, RILEY)
    assert gone is not None
    assert (gone.entry["actor"], gone.entry["account"], gone.entry["key"]) == ("person-7", "person-7", "k1")
    assert details_of(gone.entry) == DETAILS | {
        "reason": "erased",
        "account": "person-7",
        "asked": ["Bruno", "erased"],
        "people": {"person-7": ["sponsor"], "U2": []},
        "image": {"targets": [{"target": "person-7", "targetType": "user"}], "tenantId": "t"},
    }
    assert signed_texts(gone.entry, beside.references) == signed_texts(one(), beside.references)
    assert check_texts(gone.entry, beside.references, gone.salts) == TextCheck(is_whole=True, erased=7)
    assert gone.count == 7
    assert erase(gone.entry, replace(beside, salts=gone.salts), RILEY) is None
    assert not names_person(gone.entry, RILEY)
    assert names_person(one(), RILEY)


def test_free_texts_are_erased_with_their_author_only() -> None:
    by_bruno = one(actor="U2", account=None, details='{"reason":"Too wide","asked":["Bruno"],"other":"x"}')
    assert erase(by_bruno, sealed(by_bruno), RILEY) is None
    by_riley = by_bruno | {"actor": "U1"}
    gone = erase(by_riley, sealed(by_riley), RILEY)
    assert gone is not None
    assert details_of(gone.entry) == {"reason": "erased", "asked": ["Bruno"], "other": "x"}


@pytest.mark.parametrize(
    ("references", "salts"),
    [("x", "{}"), ("[]", "{}"), ('{"actor":1}', "{}"), ("[" * 100_000, "{}"), ('{"gone":"person-7:00"}', "{}")],
)
def test_what_cannot_be_read_beside_an_entry_is_a_change(references: str, salts: str) -> None:
    assert not check_texts(one(), references, salts).is_whole
    assert signed_texts(one(), references)[PERSONAL] == references
    assert erase(one(), Sealed(references, "x"), RILEY) is None


def test_a_wrong_text_or_salt_is_a_change() -> None:
    beside = sealed(one())
    salts = json.loads(beside.salts)
    assert check_texts(one(), beside.references, beside.salts) == TextCheck(is_whole=True)
    assert not check_texts(one(actor="U2"), beside.references, beside.salts).is_whole
    assert not check_texts(one(), beside.references, None).is_whole
    other_way = salts["actor"].upper() if salts["actor"].upper() != salts["actor"] else f" {salts['actor']}"
    for wrong in ("zz", "00" * 16, other_way):
        assert not check_texts(one(), beside.references, written_members(salts | {"actor": wrong})).is_whole
    assert not check_texts(one(), beside.references, written_members(salts | {"more": "00"})).is_whole
    assert not check_texts(one(), beside.references, f" {beside.salts}").is_whole
    without = written_members({place: salt for place, salt in salts.items() if place != "actor"})
    assert not check_texts(one(), beside.references, without).is_whole
    erased = check_texts(one(actor="person-7"), beside.references, without)
    assert erased == TextCheck(is_whole=True, erased=1)


def test_a_damaged_text_is_compared_as_it_stands() -> None:
    damaged = one(actor=None, account=None, details='{"reason":"\\x Riley"}')
    assert names_person(damaged, RILEY)
    without = one(details=None)
    assert signed_texts(without, sealed(without).references)["details"] is None


@pytest.mark.load
@settings(deadline=None)
@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), lambda of: st.lists(of))))
def test_any_details_are_signed_without_their_texts_and_come_back(details: dict[str, Any]) -> None:
    for is_ascii in (True, False):
        of = one(details=json.dumps(details, ensure_ascii=is_ascii))
        beside = sealed(of)
        assert check_texts(of, beside.references, beside.salts) == TextCheck(is_whole=True)
        gone = erase(of, beside, RILEY)
        assert gone is not None
        assert signed_texts(gone.entry, beside.references) == signed_texts(of, beside.references)
        assert check_texts(gone.entry, beside.references, gone.salts) == TextCheck(is_whole=True, erased=gone.count)


def row(seq: int, of: Entry, previous: bytes, beside: Sealed | None) -> ChainedRow:
    mac = sign(previous, seq, signed_texts(of, None if beside is None else beside.references), OLD)
    texts = {} if beside is None else {"references": beside.references, "salts": beside.salts}
    return ChainedRow(seq=seq, entry=of, key_id=OLD.id, mac=mac, **texts)


def test_a_chain_counts_erased_texts_and_finds_more_than_were_recorded() -> None:
    beside = sealed(one())
    first = row(1, one(), b"", beside)
    gone = erase(one(), beside, RILEY)
    assert gone is not None
    erased = replace(first, entry=gone.entry, salts=gone.salts)
    about = entry(2, ERASED) | {"details": '{"texts":7}'}
    second = row(2, about, first.mac or b"", None)
    found = verify([erased, second], RING)
    assert (found.problems, found.erased) == ((), 7)
    less = row(2, about | {"details": '{"texts":6}'}, first.mac or b"", None)
    for rows in ([erased], [erased, less]):
        assert verify(rows, RING).problems == (ChainProblem(ChainProblemCode.TEXTS_MISSING, 1),)
    changed = replace(first, entry={**one(), "actor": "U2"})
    assert verify([changed, second], RING).problems == (ChainProblem(ChainProblemCode.EDITED, 1),)
    twice = row(3, one(key="k3"), second.mac or b"", sealed(one(key="k3")))
    again = erase(twice.entry, sealed(one(key="k3")), RILEY)
    assert again is not None
    rows = [erased, second, replace(twice, entry=again.entry, salts=again.salts)]
    assert verify(rows, RING).problems == (ChainProblem(ChainProblemCode.TEXTS_MISSING, 1),)


def test_a_person_is_known_by_every_text_that_records_have() -> None:
    documents = [
        {
            "sponsor": {"id": "id-riley", "chat_id": "U9", "name": "Riley Park"},
            "other": [{"id": "U1", "mail": "r@x"}],
        },
        {"id": "R-REQUEST", "account": "id-riley", "name": "A request"},
        {"chat_id": "U8", "account": "id-riley", "name": "Riley P"},
        [{"id": "id-else", "name": "Else"}, "text", 3],
        {"chat_id": "id-riley", "name": " ", "display_name": None},
    ]
    found = found_texts(documents, PersonTexts(7, frozenset({"id-riley", "U1"})))
    names = frozenset({"Riley Park", "r@x", "Riley P"})
    assert found == PersonTexts(7, frozenset({"id-riley", "U1", "U8", "U9"}), names)


def test_a_name_is_found_as_a_whole_and_a_single_word_only_as_it_is_written() -> None:
    for text in ("RILEY PARK", "by Riley Park.", "Riley", "x Riley, y", "ID-RILEY", "Riley@Woodgrove.com", "<@U1>"):
        assert RILEY.names_them(text), text
    for text in ("riley", "Rileys", "U12", "id-riley2", "park"):
        assert not RILEY.names_them(text), text
    assert not PersonTexts(1, frozenset()).names_them("")
    assert RILEY.may_be_in('{"a":"RILEY park"}')
    assert not RILEY.may_be_in('{"a":"Bruno"}')
    quoted = PersonTexts(1, frozenset(), frozenset({'Zoë "Z" B'}))
    assert quoted.may_be_in(json.dumps({"a": 'Zoë "Z" B'}))
    assert quoted.may_be_in(json.dumps({"a": 'Zoë "Z" B'}, ensure_ascii=False))


def test_a_record_shows_the_pseudonym_in_place_of_the_person_and_of_their_free_texts() -> None:
    record = {
        "requester": "U1",
        "justification": "Joint launch",
        "decisions": [
            {"person": {"id": "id-riley", "name": "Riley Park"}, "reason": "ok"},
            {"person": {}, "reason": "ok"},
        ],
        "note": [{"code": "text", "values": {"text": "by Riley Park"}}],
        "by": None,
        "n": 1,
        "Riley": "",
        "comment": {"kept": "x"},
    }
    assert without_person(record, RILEY) == {
        "requester": "person-7",
        "justification": "person-7",
        "decisions": [
            {"person": {"id": "person-7", "name": "person-7"}, "reason": "person-7"},
            {"person": {}, "reason": "ok"},
        ],
        "note": [{"code": "text", "values": {"text": "by person-7"}}],
        "by": None,
        "n": 1,
        "person-7": "",
        "comment": {"kept": "x"},
    }
    assert without_person({"by": "Riley", "reason": ["a", ""]}, RILEY) == {"by": "person-7", "reason": ["person-7", ""]}


def personal_of(details: str) -> list[str]:
    """The personal texts of details."""
    return [text for _, text in places(one(actor=None, account=None, details=details))]


def test_the_name_around_a_text_decides_also_after_what_stands_before_it() -> None:
    assert personal_of('{"code":[{"code":"a"},"y"]}') == []
    assert personal_of('{"reason":[{"code":"a"},"y"]}') == ["y"]
    assert personal_of('{"reason":["code","y"]}') == ["code", "y"]
    assert personal_of('{"people":{"code":["y"]}}') == ["code", "y"]
    assert personal_of('"code":["a"],"b"') == [], "a text that is no object is read in the same way"
    for details in ('"z"', '}"z"'):
        assert list(named_places(one(details=details))) == [("details:0", "")]


def test_a_text_is_decoded_as_its_place_has_it() -> None:
    assert decoded("actor", "a\\u0041") == "a\\u0041"
    assert decoded("details:0", "a\\u0041") == "aA"
    assert decoded("details:0", "tab\t\\u0041") == "tab\tA"
    assert decoded("details:0", "\\x") == "\\x"


def test_only_personal_places_are_replaced_and_only_where_a_text_is() -> None:
    of = one(account=None)
    assert replaced(of, {"command": "x", "details": "x", "account": "x", "actor": "y"}) == of | {"actor": "y"}


def test_what_is_not_whole_is_said_with_the_same_value_each_time() -> None:
    beside, changed = sealed(one()), TextCheck(is_whole=False)
    salts, references = json.loads(beside.salts), json.loads(beside.references)
    assert check_texts(one(), "x", "{}") == changed
    assert check_texts(one(), beside.references, written_members(salts | {"actor": "zz"})) == changed
    without = written_members({place: salt for place, salt in salts.items() if place != "actor"})
    assert check_texts(one(), beside.references, without) == changed
    person, _, commitment = references["actor"].partition(":")
    longer = written_members(references | {"actor": f"{person}:zz:{commitment}"})
    assert check_texts(one(), longer, beside.salts) == changed
    assert shown("actor", f"{person}:zz:{commitment}") == person


def test_bytes_that_are_no_text_have_a_commitment_too() -> None:
    """Only a damaged file has them; a verification must not stop at them."""
    damaged = one(actor="U\udcff")
    beside = seal(damaged, numbers, lambda: SALT)
    assert beside is not None
    assert check_texts(damaged, beside.references, beside.salts) == TextCheck(is_whole=True)


def test_a_salt_is_taken_as_it_was_written() -> None:
    beside = seal(one(), numbers, lambda: b"")
    assert beside is not None
    assert check_texts(one(), beside.references, beside.salts) == TextCheck(is_whole=True)
    assert written_members({"b": "1", "a": "2"}) == '{"a":"2","b":"1"}'
