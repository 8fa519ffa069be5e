"""A server with TLS: who it is is checked where the address asks for that, and what is wrong is said with its cure."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.trouble.own_server import OwnServer, made_server, programs_with_tls
from tests.workflows.store.postgres.trouble.test_bad_databases import PASSWORD, location_at, refused
from workflows.store.postgres.opening.server import Server

ONLY_TLS = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whoever signed the server's certificate."""
    return trustme.CA()


@pytest.fixture(scope="module")
def guarded(authority: trustme.CA) -> Iterator[OwnServer]:
    """A server that lets nobody in without TLS and a password."""
    programs = programs_with_tls()
    if programs is None:
        pytest.skip("needs Debian's PostgreSQL: that of the wheel knows no TLS")
    with made_server(programs) as server:
        server.make_files({"ssl": "on"}, ONLY_TLS)
        certificate = authority.issue_cert("127.0.0.1")
        for name, pem in (("server.key", certificate.private_key_pem), ("server.crt", certificate.cert_chain_pems[0])):
            (server.data / name).write_bytes(pem.bytes())
            (server.data / name).chmod(0o600)
            server.own(server.data / name)
        server.start()
        server.run(f"create role ours login password '{PASSWORD}'", "create database ours owner ours")
        yield server


def written(authority: trustme.CA, folder: Path) -> str:
    """A file with the certificate of an authority."""
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return str(folder / "ca.pem")


@pytest.mark.parametrize("sslmode", ["", "prefer", "require", "verify-full"])
async def test_it_is_used_with_tls(guarded: OwnServer, authority: trustme.CA, tmp_path: Path, sslmode: str) -> None:
    query = {"sslmode": sslmode, "sslrootcert": written(authority, tmp_path)}
    given = {
        name: value for name, value in query.items() if sslmode in ("verify-full",) or (name == "sslmode" and value)
    }
    url = guarded.far_url("ours", "ours", PASSWORD, **given)
    store = await location_at(url).open(FixedClock())
    sql = "select s.ssl, s.version from pg_stat_ssl s where s.pid = pg_backend_pid()"
    [row] = await store._query(sql)
    assert row["ssl"] is True
    assert row["version"].startswith("TLSv1.")
    await store.close()


@pytest.mark.parametrize(
    ("sslmode", "cure"),
    [("disable", "the server requires TLS: write sslmode="), ("allow", "correct the user or the pass")],
)
async def test_without_tls_it_says_what_to_write(guarded: OwnServer, sslmode: str, cure: str) -> None:
    """With `allow` TLS is tried second: then it is the password that is wrong."""
    error = await refused(guarded.far_url("ours", "ours", "other-word", sslmode=sslmode))
    assert not error.is_temporary
    assert cure in str(error).rpartition("; ")[2]
    assert "other-word" not in str(error)


async def test_a_certificate_of_another_authority_is_not_accepted(
    guarded: OwnServer, authority: trustme.CA, tmp_path: Path
) -> None:
    another = trustme.CA()
    assert another.cert_pem.bytes() != authority.cert_pem.bytes()
    other = written(another, tmp_path)
    error = await refused(guarded.far_url("ours", "ours", PASSWORD, sslmode="verify-full", sslrootcert=other))
    assert not error.is_temporary
    assert "certificate verify failed" in str(error)
    cure = "correct sslmode and sslrootcert (a file) in DATABASE_URL, or the certificate of the server"
    assert str(error).endswith(f"; {cure}")


async def test_a_certificate_for_another_host_is_not_accepted(
    guarded: OwnServer, authority: trustme.CA, tmp_path: Path
) -> None:
    url = guarded.far_url("ours", "ours", PASSWORD, sslmode="verify-full", sslrootcert=written(authority, tmp_path))
    error = await refused(url.replace("@127.0.0.1", "@localhost"))
    assert not error.is_temporary
    assert "certificate" in str(error).rpartition("; ")[2]


async def test_a_file_with_the_authority_that_is_not_there_is_named(guarded: OwnServer, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.pem")
    error = await refused(guarded.far_url("ours", "ours", PASSWORD, sslmode="verify-full", sslrootcert=absent))
    assert not error.is_temporary
    assert absent in str(error)


async def test_the_password_is_in_no_text_of_the_place(guarded: OwnServer) -> None:
    server = Server(guarded.far_url("ours", "ours", PASSWORD))
    for text in (repr(server), str(server), server.name, server.address):
        assert PASSWORD not in text
