"""The cache of content: served again, and cleared by writes once they are committed."""

import copy
import pickle
import sys
import threading
import time

import pytest
from redis import Redis

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.redis_server import NO_REDIS, RedisServer
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import IsolatedDatabase, counting_statements
from triosigno_db.testing.factories import make_category, make_lesson, make_module, make_sign

IMAGE = "https://example.org/image.webp"

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

READS = {
    "get_module_tree": db.get_module_tree,
    "list_module_trees": lambda key: db.list_module_trees(),
    "list_modules": lambda key: db.list_modules(),
    "list_categories": lambda key: db.list_categories(),
    "list_achievements": lambda key: db.list_achievements(),
}


@pytest.fixture(
    params=[
        "memory",
        pytest.param("redis", marks=pytest.mark.skipif(NO_REDIS, reason="there is no Redis here")),
    ]
)
def cached(request: pytest.FixtureRequest, triosigno_db: IsolatedDatabase) -> str:
    """The library with a cache, in memory and in Redis."""
    url = request.getfixturevalue("redis").url if request.param == "redis" else None
    db.connect(triosigno_db.url, content_cache_seconds=60, content_cache_url=url)
    return triosigno_db.url


@pytest.fixture
def module(cached: str) -> str:
    """A module with a lesson and a sign."""
    module = make_module(lessons=0, title="earlier")
    db.set_lesson_signs(make_lesson(signs=0, module_id=module.id).id, [make_sign().id])
    return module.id


def title_of(module: str) -> str:
    return db.get_module_tree(module).title


def title_in_a_thread(module: str) -> str:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(title_of(module)))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("name", READS)
def test_content_is_read_once(module: str, name: str) -> None:
    first = READS[name](module)
    with counting_statements() as sent:
        assert READS[name](module) == first
        assert type(READS[name](module)) is type(first)
    assert sent.names == []


def test_without_the_setting_there_is_no_cache(triosigno_db: IsolatedDatabase) -> None:
    module = make_module(lessons=0).id
    with counting_statements() as sent:
        db.get_module_tree(module)
        db.get_module_tree(module)
    assert len(sent) == 2


def test_pages_and_shapes_are_kept_apart(module: str) -> None:
    class Title(db.Record):
        title: str

    class Name(db.Record):
        name: str

    for _ in range(3):
        make_category()
    first = db.list_categories(limit=2)
    second = db.list_categories(limit=2, cursor=first.next_cursor)
    assert {c.id for c in first.items}.isdisjoint(c.id for c in second.items)
    assert db.list_categories(limit=2) == first
    for shape in (Title, db.ModuleTree, Title):
        assert type(db.get_module_tree(module, shape=shape)) is shape
    assert [type(each) for each in db.list_categories(limit=2, shape=Name).items] == [Name, Name]


def same_name() -> type[db.Record]:
    class Local(db.Record):
        title: str

    return Local


def test_classes_of_one_name_are_not_mixed_up(module: str) -> None:
    one, other = same_name(), same_name()
    for shape in (one, other, one):
        assert type(db.get_module_tree(module, shape=shape)) is shape


WRITES = {
    "create_achievement": lambda key: db.create_achievement(
        db.NewAchievement(name="a", description="", image_url=IMAGE, xp_reward=1)
    ),
    "create_category": lambda key: make_category(),
    "create_lesson": lambda key: make_lesson(signs=0, module_id=key),
    "create_module": lambda key: make_module(lessons=0),
    "create_sign": lambda key: make_sign(category_id=db.list_signs().items[0].category_id),
    "delete_module": lambda key: db.delete_module(make_module(lessons=0).id),
    "reorder_modules": lambda key: db.reorder_modules([key]),
    "set_lesson_signs": lambda key: db.set_lesson_signs(db.list_lessons().items[0].id, []),
    "update_module": lambda key: db.update_module(key, db.ModuleChanges(description="new")),
    "update_sign": lambda key: db.update_sign(
        db.list_signs().items[0].id, db.SignChanges(description="new")
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_clears_the_cache(module: str, name: str) -> None:
    db.get_module_tree(module)
    WRITES[name](module)
    with counting_statements() as sent:
        db.get_module_tree(module)
    assert sent.names == ["select_module_tree"]


def test_a_write_clears_the_cache_after_its_commit_only(module: str) -> None:
    assert title_of(module) == "earlier"
    with db.transaction():
        db.update_module(module, db.ModuleChanges(title="later"))
        assert title_of(module) == "later"
        with counting_statements() as sent:
            assert title_in_a_thread(module) == "earlier"
        assert sent.names == []
    assert title_of(module) == title_in_a_thread(module) == "later"


def test_a_write_that_is_undone_leaves_the_cache_right(module: str) -> None:
    assert title_of(module) == "earlier"
    with pytest.raises(ZeroDivisionError), db.transaction():
        db.update_module(module, db.ModuleChanges(title="later"))
        assert title_of(module) == "later"
        raise ZeroDivisionError
    assert title_of(module) == title_in_a_thread(module) == "earlier"


def test_an_error_is_not_kept(module: str) -> None:
    unknown = make_module(lessons=0).id
    db.delete_module(unknown)
    for _ in range(2):
        with counting_statements() as sent, pytest.raises(db.NotFoundError):
            db.get_module_tree(unknown)
        assert len(sent) == 1


def test_what_others_wrote_is_seen_when_the_time_is_over(triosigno_db: IsolatedDatabase) -> None:
    db.connect(triosigno_db.url, content_cache_seconds=0.2)
    module = make_module(lessons=0, title="earlier").id
    assert title_of(module) == "earlier"
    run_plain(triosigno_db.url, """UPDATE "Module" SET "title" = 'later'""")
    kept_until = time.monotonic() + 10
    while title_of(module) == "earlier":
        assert time.monotonic() < kept_until
    assert title_of(module) == "later"


def test_one_caller_refreshes_while_the_others_are_served(triosigno_db: IsolatedDatabase) -> None:
    db.connect(triosigno_db.url, content_cache_seconds=0.05)
    module = make_module(lessons=0, title="earlier").id
    assert title_of(module) == "earlier"
    blocker = threading.Event()
    is_locked = threading.Event()

    def hold() -> None:
        with db.transaction():
            run_sql('LOCK TABLE "Module" IN ACCESS EXCLUSIVE MODE')
            is_locked.set()
            blocker.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    is_locked.wait()
    stale_at = time.monotonic() + 0.06
    while time.monotonic() < stale_at:
        pass
    refreshing = threading.Thread(target=title_of, args=(module,))
    with counting_statements() as sent:
        refreshing.start()
        while run_plain(triosigno_db.url, WAITING) != [(1,)]:
            pass
        served = [title_of(module) for _ in range(20)]
        blocker.set()
        holder.join()
        refreshing.join()
    assert served == ["earlier"] * 20
    assert sent.names.count("select_module_tree") == 1


@pytest.mark.skipif(NO_REDIS, reason="there is no Redis here")
def test_processes_share_a_redis(triosigno_db: IsolatedDatabase, redis: RedisServer) -> None:
    db.connect(triosigno_db.url, content_cache_seconds=60, content_cache_url=redis.url)
    module = make_module(lessons=0, title="earlier").id
    assert title_of(module) == "earlier"
    other = (
        "import sys, triosigno_db as db; from triosigno_db.testing import counting_statements\n"
        "url, redis, module = sys.argv[1:]\n"
        "db.connect(url, content_cache_seconds=60, content_cache_url=redis)\n"
        "with counting_statements() as sent: tree = db.get_module_tree(module)\n"
        "assert (tree.title, sent.names) == ('earlier', []), (tree, sent.names)\n"
        "db.update_module(module, db.ModuleChanges(title='later'))\n"
    )
    command = [sys.executable, "-c", other, triosigno_db.url, redis.url, module]
    run_process(command, check=True, timeout=60)
    assert title_of(module) == "later"


@pytest.mark.skipif(NO_REDIS, reason="there is no Redis here")
def test_without_redis_the_database_answers(
    triosigno_db: IsolatedDatabase, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    db.connect(triosigno_db.url, content_cache_seconds=60, content_cache_url=redis.url)
    module = make_module(lessons=0, title="earlier").id
    assert title_of(module) == "earlier"
    redis.stop()
    assert title_of(module) == "earlier"
    db.update_module(module, db.ModuleChanges(title="later"))
    assert title_of(module) == "later"
    assert "the content cache is not available: ConnectionError" in caplog.messages


@pytest.mark.skipif(NO_REDIS, reason="there is no Redis here")
@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe", b"{}", b"[]", b"null", b'{"ct": 1}|"no record"', b"|", b'{"v":1}|']
)
def test_damaged_entries_are_read_from_the_database_and_replaced(
    triosigno_db: IsolatedDatabase, redis: RedisServer, damage: bytes
) -> None:
    db.connect(triosigno_db.url, content_cache_seconds=60, content_cache_url=redis.url)
    module = make_module(lessons=0, title="earlier").id
    with Redis.from_url(redis.url) as client:
        assert title_of(module) == "earlier"
        assert db.list_modules()[0].title == "earlier"
        entries = client.keys()
        assert len(entries) >= 3
        for entry in entries:
            client.set(entry, damage)
    for _ in range(3):
        assert title_of(module) == "earlier"
        assert db.list_modules()[0].title == "earlier"
    with counting_statements() as sent:
        assert title_of(module) == "earlier"
    assert sent.names == []


def test_what_comes_from_the_cache_can_be_pickled_and_copied(module: str) -> None:
    for read in READS.values():
        fresh = read(module)
        for _ in range(2):
            found = read(module)
            assert type(found) is type(fresh)
            assert pickle.loads(pickle.dumps(found)) == found == copy.deepcopy(found) == fresh


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://host", "must start with"),
        ("redis://:secret:x@host:port/z", "invalid host or port"),
        ("redis://host:99999", "invalid host or port"),
    ],
)
def test_a_wrong_address_of_the_cache_is_refused(
    address: str, told: str, triosigno_db: IsolatedDatabase
) -> None:
    with pytest.raises(db.InvalidInputError, match=told) as caught:
        db.connect(triosigno_db.url, content_cache_seconds=1, content_cache_url=address)
    assert caught.value.field == "content_cache_url"
    assert "secret" not in repr(caught.value) + str(caught.value.__context__)


@pytest.mark.parametrize(
    ("package", "address", "told"),
    [
        ("dogpile", None, "triosigno-db[cache]"),
        ("redis", "redis://127.0.0.1", "triosigno-db[redis]"),
    ],
)
def test_a_missing_package_is_named(
    triosigno_db: IsolatedDatabase,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    address: str | None,
    told: str,
) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    # As if it were not installed.
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(db.InvalidInputError) as caught:
        db.connect(triosigno_db.url, content_cache_seconds=1, content_cache_url=address)
    assert told in str(caught.value)
