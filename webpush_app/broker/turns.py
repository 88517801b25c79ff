"""How often somebody may do something, counted by Redis for all processes: by its clock, in one step."""

import math

from redis.exceptions import RedisError

from webpush_app.broker.connection import PREFIX, connect

# Whoever asks waits for it, so it is given up soon.
PATIENCE_SECONDS = 0.5
# What is kept is when there will be all turns again; it ends by itself then. In microseconds, which a double holds.
_TAKE = """
local moment = redis.call('TIME')
local now = moment[1] * 1000000 + moment[2]
local full_at = tonumber(redis.call('GET', KEYS[1]) or now) + ARGV[1]
if full_at - now > ARGV[1] * ARGV[2] then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return 1
"""


class Turns:
    def __init__(self, url: str) -> None:
        self._redis = connect(url, patience_seconds=PATIENCE_SECONDS)
        self._script = self._redis.register_script(_TAKE)

    def take(self, name: str, *, at_once: int, per_second: float) -> bool | None:
        """None: Redis does not answer, and somebody else has to know."""
        try:
            return bool(self._script(keys=[f"{PREFIX}turns:{name}"], args=[math.ceil(1_000_000 / per_second), at_once]))
        except RedisError:
            return None
