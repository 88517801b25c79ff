"""The durable outbox: one row for each push and browser, claimed, sent and settled."""
