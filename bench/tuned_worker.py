"""Celery's worker of the tests with other measures than the product's: `celery -A bench.tuned_worker worker`."""

from bench.measures import Measures
from tests.push import celery_worker
from webpush_app.delivery import dispatcher, flow
from webpush_app.engine import works

celery = celery_worker.celery
given = Measures.given()
# They are read when the threads of a worker begin, after the fork.
flow.MOST_OF_ONE_SERVICE_AT_ONCE = given.streams
flow.AHEAD = given.ahead
for module in (flow, dispatcher, works):
    vars(module)["GROUP"] = given.group
