#!/bin/sh
# The browser tests need Chromium and Firefox, a message bus and the desktop's notification library. Install them from
# Debian where that is permitted; elsewhere the tests that need what is missing are skipped by name.
missing=""
command -v chromium >/dev/null 2>&1 || { [ -n "${CHROMIUM:-}" ] && [ -x "${CHROMIUM:-}" ]; } || missing="$missing chromium"
command -v firefox-esr >/dev/null 2>&1 || { [ -n "${FIREFOX:-}" ] && [ -x "${FIREFOX:-}" ]; } || missing="$missing firefox-esr"
command -v dbus-daemon >/dev/null 2>&1 || missing="$missing dbus-daemon"
ldconfig -p 2>/dev/null | grep -q 'libnotify\.so\.4' || missing="$missing libnotify4"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the browser tests:$missing ..." >&2
    # shellcheck disable=SC2086 # the names are meant to be split
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
        >/tmp/browser-install.log 2>&1 || echo "They could not be installed; see /tmp/browser-install.log." >&2
fi
exit 0
