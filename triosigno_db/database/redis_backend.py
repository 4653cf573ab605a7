"""dogpile.cache's backend for Redis, less a command that Redis and its client have deprecated."""

from dogpile.cache.backends.redis import RedisBackend


class ExpiringRedisBackend(RedisBackend):
    """Sets each entry with its expiry by SET, not by SETEX."""

    def set_serialized(self, key: str, value: bytes) -> None:
        """Set an entry.

        Args:
            key: Its key.
            value: The entry.
        """
        self.writer_client.set(key, value, ex=self.redis_expiration_time)
