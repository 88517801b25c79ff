"""Where Celery finds what its workers do: `celery -A webpush_app.engine.celery_app worker`, and `… beat` once."""

import sys

from webpush_app import config
from webpush_app.engine.staff import Staff
from webpush_app.engine.tasks import employ
from webpush_app.errors import StartError

try:
    _settings = config.load()
except StartError as error:
    sys.exit(str(error))
if _settings.engine_url is None:
    sys.exit("ENGINE_URL is not set: the worker beside the server does the work. Set it to the address of a Redis.")

celery = employ(Staff(), _settings.engine_url)
