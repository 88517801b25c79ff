"""A password is checked while another greenlet ticks."""

from tests.database.programs import report, ticking
from tests.people import PASSWORD
from webpush_app.accounts import passwords

password_hash = passwords.hash_password(PASSWORD)
with ticking() as clock:
    before = clock.ticks
    is_right = passwords.is_right(password_hash, PASSWORD)
    ticks = clock.ticks - before
report(is_right=is_right, ticks=ticks, largest_gap_seconds=clock.largest_gap_seconds)
