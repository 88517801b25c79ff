"""What stands in `deploy/`, as it is put into use: nginx in front of two servers, and the units of systemd."""
