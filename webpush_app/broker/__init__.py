"""Redis between the machines: it wakes workers and web processes, and holds nothing that cannot be lost.

Nothing is loaded with the package itself: Redis and Celery are installed only where `ENGINE_URL` asks for them.
"""

EXTENSION = "webpush_broker"  # among the app's extensions, where there is one

# What workers are woken by.
MESSAGES, BROADCASTS, CHORES = "messages", "broadcasts", "chores"
