"""Who runs the delivery: a worker process beside the server, kept alive by a keeper."""
