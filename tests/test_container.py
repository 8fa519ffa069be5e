"""The container file: what it copies is there and nothing else is sent to the builder, and nobody in it is root."""

import re
from pathlib import Path
from typing import Final

from bot.process.settings import Settings

PROJECT: Final = Path(__file__).parents[1]
LINES: Final = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()


def instructions(name: str) -> list[str]:
    """What follows an instruction, in order."""
    return [line.split(maxsplit=1)[1] for line in LINES if line.startswith(f"{name} ")]


def test_what_is_copied_exists_and_only_that_reaches_the_builder() -> None:
    copied = {word for line in instructions("COPY") if not line.startswith("--from=") for word in line.split()[:-1]}
    assert copied == {"pyproject.toml", "uv.lock", "README.md", "LICENSE", "bot", "workflows"}
    assert all((PROJECT / name).exists() for name in copied)
    rules = (PROJECT / ".dockerignore").read_text().split()
    assert rules[0] == "*", "everything is left out but what is named"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied


def test_only_locked_packages_are_installed_and_no_development_tools() -> None:
    syncs = [line for line in instructions("RUN") if "uv sync" in line]
    assert syncs
    assert all("--frozen" in line and "--no-dev" in line for line in syncs)
    assert re.search(r"uv==\d+\.\d+\.\d+", " ".join(instructions("RUN")))


def test_the_image_is_slim_and_has_compiled_bytecode_and_the_packages_for_postgresql() -> None:
    [base] = [one.partition("=")[2] for one in instructions("ARG")]
    assert base.endswith("-slim-bookworm")
    assert {line.split()[0] for line in instructions("FROM")} == {"${PYTHON}"}, "both stages"
    build, shipped = "\n".join(LINES).split("\nFROM ")[1:]
    assert "UV_COMPILE_BYTECODE=1" in build
    assert all("--extra postgres" in line for line in build.splitlines() if "uv sync" in line)
    assert "COPY --from=build" in shipped
    assert "pip install" not in shipped
    assert "apt-get" not in shipped


def test_the_process_is_not_root_and_no_secret_is_in_the_image() -> None:
    last_stage = "\n".join(LINES).rpartition("\nFROM ")[2]
    user = re.search(r"^USER (\d+):(\d+)$", last_stage, re.MULTILINE)
    assert user
    assert min(map(int, user.groups())) >= 10_000
    named = {name.upper() for name in Settings.model_fields}
    given = {one.partition("=")[0] for line in (*instructions("ENV"), *instructions("ARG")) for one in line.split()}
    assert not given & named, "settings are given to the container, not built into it"


def test_the_health_check_asks_the_listener_of_its_own() -> None:
    [check] = instructions("HEALTHCHECK")
    assert "/healthz" in check
    assert f"'{Settings.model_fields['gatehouse_health_port'].default}'" in check
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert instructions("EXPOSE") == [str(Settings.model_fields["port"].default)], "health and metrics stay inside"
