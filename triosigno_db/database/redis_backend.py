"""The Redis backend of dogpile.cache, without a command that Redis has deprecated."""

from dogpile.cache.backends.redis import RedisBackend


class ExpiringRedisBackend(RedisBackend):
    """Sets each entry and its expiry with SET instead of SETEX."""

    def set_serialized(self, key: str, value: bytes) -> None:
        """Set an entry.

        Args:
            key: The key.
            value: The serialized entry.
        """
        self.writer_client.set(key, value, ex=self.redis_expiration_time)
