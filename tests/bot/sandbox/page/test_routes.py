"""The page's routes answer, with headers that let nothing foreign run."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.sandbox.page import routes
from bot.sandbox.page.fragments import FRAGMENT_NAMES
from tests.bot.sandbox.page import samples
from tests.bot.sandbox.page.markup import tags_of, text_of
from tests.bot.sandbox.page.stage import CHANNELS, PEOPLE, Stage

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    await made.change()
    return made


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[Client]:
    async with TestClient(TestServer(stage.app())) as made:
        yield made


@pytest.mark.parametrize(
    "path", ["/", "/page/fragment", "/page/changes?seen=0", "/page/static/page.css", "/page/static/x"]
)
async def test_every_answer_is_strict(client: Client, path: str) -> None:
    answer = await client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


async def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(client: Client) -> None:
    tags = tags_of(await (await client.get("/")).text())
    assert not [tag for tag in tags if "style" in tag.attributes or tag.tag == "style"]
    assert [tag.attributes["src"].split("?")[0] for tag in tags if tag.tag == "script"] == ["/page/static/page.js"]
    assert not [name for tag in tags for name in tag.attributes if name.startswith("on")]
    addresses = [tag.attributes.get("href", tag.attributes.get("src", "/")) for tag in tags]
    assert not [address for address in addresses if not address.startswith(("/", "#"))]


async def test_ids_are_unique(client: Client, stage: Stage) -> None:
    stage.slack.views.open[PEOPLE["requester"]] = samples.request_view()
    tags = tags_of(await (await client.get("/")).text())
    ids = [tag.attributes["id"] for tag in tags if "id" in tag.attributes]
    assert len(ids) == len(set(ids))


async def test_everybody_sees_their_own(client: Client, stage: Stage) -> None:
    stage.post(CHANNELS["partner-access"], "for all")
    stage.post(CHANNELS["partner-access"], "psst", only_for=PEOPLE["approver1"])
    riley = (await (await client.get("/page/fragment?as=requester")).json())["fragments"]
    amara = (await (await client.get("/page/fragment?as=approver1")).json())["fragments"]
    assert set(riley) == set(FRAGMENT_NAMES)
    assert "psst" not in riley["messages"]
    assert "Only visible to you" in amara["messages"]


async def test_hooks_for_browser_tests(client: Client, stage: Stage) -> None:
    stage.slack.views.open[PEOPLE["requester"]] = samples.request_view()
    stage.apply(samples.trusted_partner(), "POST")
    tags = tags_of(await (await client.get("/")).text())
    hooks = {tag.attributes["data-testid"] for tag in tags if "data-testid" in tag.attributes}
    fixed = "channel-general channel-partner-access dm home composer send modal modal-submit modal-close tenant toast"
    clock = {f"clock-{step}" for step in ("1h", "1d", "1w", "30d", "90d")}
    assert {
        *fixed.split(),
        "graph-log",
        *clock,
        f"partner-{samples.CONTOSO}",
        *(f"as-{handle}" for handle in PEOPLE),
    } <= hooks


async def test_app_home_and_direct_messages(client: Client, stage: Stage) -> None:
    stage.slack.views.homes[PEOPLE["admin"]] = samples.home_view()
    home = (await (await client.get("/page/fragment?as=admin&channel=home")).json())["fragments"]
    assert "Waiting for me" in text_of(home["messages"])
    assert home["composer"].strip() == ""
    direct = (await (await client.get("/page/fragment?as=admin&channel=dm")).json())["fragments"]
    assert 'data-channel="@admin"' in direct["composer"]


async def test_hostile_messages_are_inert(client: Client, stage: Stage) -> None:
    text = '"><script>alert(1)</script><img src=x onerror=alert(1)><javascript:alert(1)|x>'
    stage.post(CHANNELS["partner-access"], text)
    stage.log("POST", "/graph/v1.0/<script>", 400, {"a": "</pre><script>"})
    stage.entra.objects["organizations"][samples.CONTOSO]["displayName"] = "<script>x</script>"
    stage.apply(samples.trusted_partner(), "POST")
    tags = tags_of(await (await client.get("/")).text())
    assert len([tag for tag in tags if tag.tag == "script"]) == 1
    assert not [tag for tag in tags if tag.tag == "img"]
    assert not [tag for tag in tags if tag.attributes.get("href", "").startswith("javascript")]


async def test_changes(client: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_WAIT_SECONDS", 0.05)
    assert (await (await client.get("/page/changes?seen=0")).json()) == {"ok": True, "revision": 1}
    assert (await (await client.get("/page/changes?seen=1")).json()) == {"ok": True, "revision": 1}
    after_restart = await (await client.get("/page/changes?seen=77")).json()
    assert after_restart["revision"] == 1
    wrong = await client.get("/page/changes?seen=x")
    assert (wrong.status, (await wrong.json())["error"]) == (400, "invalid_seen")


async def test_each_script_that_another_imports_is_served(client: Client) -> None:
    imported, asked = {"page.js"}, set[str]()
    while missing := imported - asked:
        name = missing.pop()
        asked.add(name)
        answer = await client.get(f"/page/static/{name}")
        assert (answer.status, answer.content_type) == (200, "text/javascript"), name
        imported |= set(re.findall(r'from "\./([a-z]+\.js)"', await answer.text()))
    assert asked == {"page.js", "combobox.js", "dom.js", "files.js", "focus.js", "menus.js"}


async def test_static_files_are_kept_by_version(client: Client) -> None:
    html = await (await client.get("/")).text()
    sheet = next(tag.attributes["href"] for tag in tags_of(html) if tag.attributes.get("rel") == "stylesheet")
    assert "immutable" in (await client.get(sheet)).headers["Cache-Control"]
    assert (await client.get("/page/static/page.css?v=old")).headers["Cache-Control"] == "no-store"
    assert (await client.get("/page/static/routes.py")).status == 404


async def test_without_slack_or_entra(client: Client, stage: Stage) -> None:
    stage.slack = None  # type: ignore[assignment]
    assert "not running here" in text_of(await (await client.get("/")).text())
    stage.entra = None  # type: ignore[assignment]
    assert "The Entra simulator is not running here" in text_of(await (await client.get("/")).text())
