"""The cache of content: entries are served until they expire or content is written.

Each entry belongs to a generation, whose name is stored in the cache as well. A write by this
process, or by one that shares the cache, starts a new generation once it is committed. An entry
that a slower reader adds to an earlier generation is never read.

https://dogpilecache.sqlalchemy.org/en/latest/api.html
"""

import json
import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, cast
from uuid import uuid4

from pydantic import BaseModel

from triosigno_db.database.logs import log
from triosigno_db.errors import InvalidInputError
from triosigno_db.settings import Settings

ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_ENTRIES = 10_000
"""The maximum number of entries that a process keeps in memory; the oldest are evicted."""

_REDIS = "triosigno_db.redis"
_UNREADABLE = (ValueError, TypeError, LookupError)
"""What reading a damaged entry raises."""

_GENERATION = "triosigno_db:generation"
_FOREVER = -1
_LOCK_SECONDS = 60
_REDIS_SECONDS = 1
_A_DAY = 86_400


class ContentCache:
    """A cache in which one caller refreshes an entry while others still get the earlier one.

    Args:
        settings: The lifetime of an entry, and where entries are stored.

    Raises:
        InvalidInputError: A required package is not installed, or the URL is invalid.
    """

    def __init__(self, settings: Settings) -> None:
        url = settings.content_cache_url
        self._is_shared = url is not None
        self._failures: tuple[type[Exception], ...] = ()
        self._seconds = settings.content_cache_seconds
        self._region: Any = (
            self._in_memory() if url is None else self._in_redis(url.get_secret_value())
        )

    def _in_memory(self) -> Any:
        make_region = _import("content_cache_seconds", "dogpile.cache", "cache").make_region
        return make_region().configure(
            "dogpile.cache.memory", arguments={"cache_dict": _BoundedDict()}
        )

    def _in_redis(self, url: str) -> Any:
        dogpile = _import("content_cache_seconds", "dogpile.cache", "cache")
        redis = _import("content_cache_url", "redis", "redis")
        self._failures = (redis.RedisError,)
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise InvalidInputError("content_cache_url", "must start with redis:// or rediss://")
        # Entries are JSON: unlike a pickle, JSON is safe to read from a shared server.
        dogpile.register_backend(
            _REDIS, "triosigno_db.database.redis_backend", "ExpiringRedisBackend"
        )
        region = dogpile.make_region(
            serializer=lambda value: json.dumps(value).encode(), deserializer=json.loads
        )
        with suppress(ValueError):
            return region.configure(
                _REDIS,
                arguments={
                    "url": url,
                    "socket_timeout": _REDIS_SECONDS,
                    "socket_connect_timeout": _REDIS_SECONDS,
                    # When Redis deletes an entry that was not refreshed, of any generation.
                    "redis_expiration_time": math.ceil(self._seconds) + _A_DAY,
                    "distributed_lock": True,
                    "thread_local_lock": False,
                    "lock_timeout": _LOCK_SECONDS,
                },
            )
        raise InvalidInputError("content_cache_url", "has an invalid host or port")

    def fetch(
        self, shape: type[BaseModel], kind: type[ModelT], key: str, load: Callable[[], ModelT]
    ) -> ModelT:
        """Return an entry; load it if it is missing, too old, or the shared cache is not available.

        Args:
            shape: The class of the records in the entry.
            kind: The class of the entry.
            key: The key of the entry, unique within the class.
            load: Reads the entry from the database.

        Returns:
            The entry.
        """
        name = _GENERATION
        with self._survived():
            try:
                generation = self._region.get_or_create(_GENERATION, _new_generation, _FOREVER)
                name = f"triosigno_db:{generation}:{shape.__module__}.{shape.__qualname__}:{key}"
                if self._is_shared:
                    text = self._get_or_create(name, lambda: load().model_dump_json())
                    return kind.model_validate_json(text)
                # Classes that are defined in a function may share a name.
                owner, found = self._get_or_create(name, lambda: (shape, load()))
                if owner is shape:
                    return cast("ModelT", found)
            except _UNREADABLE as exc:
                # Somebody else has written it, or another version of the service.
                log(logging.WARNING, "an unreadable entry is deleted: %s", type(exc).__name__)
                self._region.delete(name)
        return load()

    def _get_or_create(self, name: str, create: Callable[[], Any]) -> Any:
        return self._region.get_or_create(name, create, self._seconds)

    def clear(self) -> None:
        """Start a new, empty generation."""
        with self._survived():
            self._region.set(_GENERATION, _new_generation())

    @contextmanager
    def _survived(self) -> Iterator[None]:
        try:
            yield
        except self._failures as exc:
            log(logging.WARNING, "the content cache is not available: %s", type(exc).__name__)


class _BoundedDict(dict[str, Any]):
    """Entries in memory; the oldest are evicted to make room for new ones."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            if key == _GENERATION:
                # Entries of an earlier generation are never read again.
                self.clear()
            super().__setitem__(key, value)
            while len(self) > MAX_ENTRIES:
                del self[next(name for name in self if name != _GENERATION)]


def _new_generation() -> str:
    return uuid4().hex


def _import(setting: str, module: str, extra: str) -> Any:
    try:
        return __import__(module, fromlist=["*"])
    except ImportError:
        pass
    raise InvalidInputError(setting, f"needs a package: pip install 'triosigno-db[{extra}]'")
