#!/bin/sh
# The tests run real programs beside ours: Chromium and Firefox, a message bus and the desktop's notification library,
# nginx and Redis; and systemd reads its units, without being run. Install them from Debian where that is permitted;
# elsewhere the tests that need what is missing are skipped by name.
PATH="$PATH:/usr/sbin" # where Debian puts nginx, and where not everybody looks
missing=""
command -v chromium >/dev/null 2>&1 || { [ -n "${CHROMIUM:-}" ] && [ -x "${CHROMIUM:-}" ]; } || missing="$missing chromium"
command -v firefox-esr >/dev/null 2>&1 || { [ -n "${FIREFOX:-}" ] && [ -x "${FIREFOX:-}" ]; } || missing="$missing firefox-esr"
command -v dbus-daemon >/dev/null 2>&1 || missing="$missing dbus-daemon"
ldconfig -p 2>/dev/null | grep -q 'libnotify\.so\.4' || missing="$missing libnotify4"
command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
[ -z "$missing" ] && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || exit 0

# Debian starts what it installs. The tests start their own; nothing else shall listen because of them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
echo "Installing for the tests:$missing ..." >&2
# shellcheck disable=SC2086 # the names are meant to be split
{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
    >/tmp/programs-install.log 2>&1 || echo "They could not be installed; see /tmp/programs-install.log." >&2
exit 0
