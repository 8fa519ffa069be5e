"""Whether the database is on a disk that is thrown away: by the kind of its mount, and by the platform."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.process.opening.kept_disk import disk_finding, warn_of_lost_disk, why_not_kept

CONTAINER = r"""
628 566 0:51 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a,upperdir=/b
629 628 0:54 / /dev/shm rw - tmpfs shm rw
630 628 8:1 /pvc /var/lib/gatehouse rw,relatime - ext4 /dev/sda1 rw
631 628 8:1 /with\040space /with\040space rw - ext4 /dev/sda1 rw
""".strip()


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(CONTAINER)
    return path


@pytest.mark.parametrize(
    ("path", "is_kept"),
    [
        ("/app/gatehouse.db", False),
        ("/var/lib/gatehouse/gatehouse.db", True),
        ("/var/lib/gatehouse-2/gatehouse.db", False),
        ("/with space/gatehouse.db", True),
        ("/dev/shm/gatehouse.db", False),
    ],
)
def test_what_is_on_no_volume_ends_with_the_container(path: str, is_kept: bool, mounts: Path) -> None:
    assert (why_not_kept(Path(path), {}, mounts) == "") is is_kept


@pytest.mark.parametrize(("variable", "platform"), [("DYNO", "Heroku"), ("K_SERVICE", "Google Cloud Run")])
def test_a_platform_that_keeps_no_disk_is_named_unless_the_file_is_on_a_volume(
    variable: str, platform: str, tmp_path: Path
) -> None:
    plain = tmp_path / "mountinfo"
    plain.write_text("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /mnt/kept rw - ext4 /dev/sdb rw\n")
    given = {variable: "web.1"}
    assert platform in why_not_kept(Path("/home/gatehouse.db"), given, plain)
    assert why_not_kept(Path("/mnt/kept/gatehouse.db"), given, plain) == ""
    assert platform in why_not_kept(Path("/app/gatehouse.db"), given, tmp_path / "no such list")
    assert why_not_kept(Path("/app/gatehouse.db"), {}, tmp_path / "no such list") == ""


def test_the_log_and_doctor_name_the_reason_and_the_cure(monkeypatch: pytest.MonkeyPatch, mounts: Path) -> None:
    monkeypatch.setattr(why_not_kept, "__defaults__", (mounts,))
    with capture_logs() as lines:
        warn_of_lost_disk(Path("/app/gatehouse.db"), {})
        warn_of_lost_disk(Path("/var/lib/gatehouse/gatehouse.db"), {})
    assert [(line["event"], "DATABASE_URL" in line["advice"]) for line in lines] == [("database_is_not_kept", True)]
    assert "overlay" in disk_finding(Path("/app/gatehouse.db"), {})[0]
    assert disk_finding(Path("/var/lib/gatehouse/gatehouse.db"), {})[1] == ""
