#!/bin/sh
# The browser tests need Chromium. Install it from Debian where that is permitted; elsewhere those tests are skipped by name.
command -v chromium >/dev/null 2>&1 && exit 0
[ -n "${CHROMIUM:-}" ] && [ -x "${CHROMIUM:-}" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..." >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
        >/tmp/chromium-install.log 2>&1 || echo "Chromium could not be installed; see /tmp/chromium-install.log." >&2
fi
exit 0
