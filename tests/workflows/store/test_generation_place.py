"""Where the generation is known outside of the records: which setting names which place, and what a file keeps."""

import os
import stat
from pathlib import Path

import pytest

from workflows.core.policy.stops.generation import Generation, OutsideGeneration
from workflows.store.generation_place import FilePlace, FixedPlace, default_folder, place_of

HERE, THERE = "a" * 32, "b" * 32


def known(number: int, installation: str = HERE, **more: object) -> OutsideGeneration:
    """What is known outside."""
    generation = Generation(installation=installation, number=number, token="1" * 16)
    return OutsideGeneration(generation=generation, **more)  # type: ignore[arg-type]


def test_a_setting_names_a_folder_a_fixed_value_or_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "gatehouse.db"
    assert place_of(str(tmp_path / "state"), database) == FilePlace(tmp_path / "state", database)
    fixed = place_of(f"{HERE}:7", database)
    assert fixed == FixedPlace(Generation(installation=HERE, number=7))
    assert (fixed.name, place_of(str(tmp_path), database).name) == ("GATEHOUSE_GENERATION", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert place_of("", database) == FilePlace(tmp_path / "gatehouse", database)
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_folder() == Path("/home/somebody/.local/state/gatehouse")


@pytest.mark.parametrize("wrong", ["state", "./state", f"{HERE}:x", f"{HERE[:12]}:7", f"{HERE}:-1"])
def test_what_is_neither_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="must"):
        place_of(wrong, Path("gatehouse.db"))


def test_a_user_without_a_home_must_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)

    def no_home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(ValueError, match="set it to a folder that is kept"):
        place_of("", Path("gatehouse.db"))


async def test_a_file_keeps_all_and_is_private(tmp_path: Path) -> None:
    place = FilePlace(tmp_path / "state", tmp_path / "gatehouse.db")
    assert await place.read(HERE) is None
    saved = known(3, taking=known(4).generation, last_entry="k", is_handed_over=True)
    await place.save(saved)
    read = await place.read(HERE)
    assert read is not None
    assert read.database == str(tmp_path / "gatehouse.db")
    assert (read.generation, read.taking) == (saved.generation, saved.taking)
    assert (read.last_entry, read.is_handed_over, read.is_fixed) == ("k", True, False)
    (file,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(tmp_path / "state").st_mode) == 0o700


async def test_the_file_of_these_records_is_found_by_their_id_and_that_of_this_place_otherwise(tmp_path: Path) -> None:
    place, other = (FilePlace(tmp_path, tmp_path / name) for name in ("gatehouse.db", "other.db"))
    await other.save(known(5, THERE))
    assert await place.read(HERE) is None
    await place.save(known(3))
    for installation in (HERE, "", "c" * 32):
        found = await place.read(installation)
        assert found is not None
        assert found.generation.number == 3
    at_this_place = await place.read(THERE)
    assert at_this_place is not None
    assert at_this_place.generation.installation == HERE, "others stand here than before"
    moved = FilePlace(tmp_path, tmp_path / "moved.db")
    found = await moved.read(THERE)
    assert found is not None
    assert found.generation.number == 5


async def test_a_folder_that_cannot_be_written_is_noticed_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = FilePlace(tmp_path / "state", tmp_path / "gatehouse.db")
    await place.require_writable()
    assert (tmp_path / "state").is_dir()
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for a user without the right
    with pytest.raises(PermissionError, match="state"):
        await place.require_writable()
    await FixedPlace(Generation(installation=HERE, number=7)).require_writable()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"generation": null, "taking": null}', '{"generation": {"installation": "x"']
)
async def test_a_file_that_cannot_be_read_counts_as_none(tmp_path: Path, text: str) -> None:
    place = FilePlace(tmp_path, tmp_path / "gatehouse.db")
    await place.save(known(3))
    (tmp_path / f"{HERE}.json").write_text(text, encoding="utf-8")
    assert await place.read(HERE) is None


async def test_a_number_or_an_id_that_is_none_counts_as_none(tmp_path: Path) -> None:
    place = FilePlace(tmp_path, tmp_path / "gatehouse.db")
    await place.save(known(3))
    file = tmp_path / f"{HERE}.json"
    whole = file.read_text(encoding="utf-8")
    for wrong in (whole.replace(HERE, "x"), whole.replace('"number": 3', '"number": -1')):
        assert wrong != whole
        file.write_text(wrong, encoding="utf-8")
        assert await place.read(HERE) is None


async def test_records_at_the_place_before_are_seen(tmp_path: Path) -> None:
    here, there = tmp_path / "gatehouse.db", tmp_path / "other.db"
    here.write_bytes(b"x")
    place = FilePlace(tmp_path / "state", here)
    assert not await place.has_other_records(known(1))
    assert not await place.has_other_records(known(1, database=str(there)))
    there.write_bytes(b"")
    assert not await place.has_other_records(known(1, database=str(there))), "an empty file is none"
    there.write_bytes(b"x")
    assert await place.has_other_records(known(1, database=str(there)))
    there.unlink()
    there.symlink_to(here)
    assert not await place.has_other_records(known(1, database=str(there))), "the same file by another name"


async def test_a_fixed_value_says_no_more_and_keeps_nothing(tmp_path: Path) -> None:
    place = FixedPlace(Generation(installation=HERE, number=7))
    await place.save(known(9))
    assert await place.read("") == OutsideGeneration(generation=place.generation, is_fixed=True)
    assert not await place.has_other_records(known(1, database=str(tmp_path)))


async def test_records_on_a_server_are_known_by_its_address(tmp_path: Path) -> None:
    """Whether another server still has records cannot be seen, so it is taken for one that has."""
    here, other = "postgresql://db.example:5432/gatehouse", "postgresql://db2.example:5432/gatehouse"
    place = FilePlace(tmp_path / "state", here)
    await place.save(known(1))
    outside = await place.read(HERE)
    assert outside is not None
    assert outside.database == here
    assert not await place.has_other_records(outside)
    assert await place.has_other_records(known(1, database=other))
    file = tmp_path / "gatehouse.db"
    assert not await place.has_other_records(known(1, database=str(file)))
    file.write_text("records")
    assert await place.has_other_records(known(1, database=str(file))), "they were copied to the server"
    assert await FilePlace(tmp_path / "state", file).has_other_records(outside)
    assert not await place.has_other_records(known(1, database=""))
