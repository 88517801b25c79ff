# Copy this to application.cfg.py and take the # away from what you want to change.
# An environment variable of the same name goes before what stands here. The README explains each setting.

# HOST = "127.0.0.1"
# PORT = 5000
# WEB_PROCESSES = 1  # more need PostgreSQL
# SITE_NAME = "Webpush"
# MESSAGE_MAX_LENGTH = 140
# ITEMS_PER_PAGE = 20
# POLL_SECONDS = 10
# INTEGRATE_SOCKETIO = True
# TRUSTED_PROXIES = 0
# VAPID_PRIVATE_KEY = ""  # yours, newest first; without this line one is made and kept in the file vapid_private_key
# VAPID_PUBLIC_KEY = ""  # follows from the private key
# VAPID_CLAIM_EMAIL = "ops@example.com"
# PUSH_SERVICE_HOSTS = "push.example.org,*.example.net"
# PUSH_TRANSPORT = "auto"
# EMBEDDED_WORKER = True  # with ENGINE_URL: False
# PUSH_LEASE_SECONDS = 60
# PUSHES_KEPT_DAYS = 7
# DEAD_LETTERS_KEPT_DAYS = 30
# METRICS_TOKEN = ""  # at least 16 characters of your own; without this line only this machine and admins read /metrics
# LOG_LEVEL = "INFO"
# DATABASE_URL = "sqlite:////var/lib/webpush/webpush.sqlite3"
# ENGINE_URL = "redis://:password@127.0.0.1:6379/0"  # workers on several machines; see docs/operate.md
# SECRET_KEY = ""  # at least 32 characters of your own; without this line one is made and kept in the file secret_key
