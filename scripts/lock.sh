#!/bin/sh
# Compile requirements*.in into requirements*.txt: every version and hash, for every Python from 3.11 on, no addresses.
# And package.json into package-lock.json, in the same way; .npmrc keeps addresses out of it.
set -eu
command -v uv >/dev/null 2>&1 || { echo "uv is needed to compile the pins: pip install uv" >&2; exit 1; }
for name in requirements requirements-scale requirements-dev requirements-node; do
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
        "$name.in" -o "$name.txt" "$@"
done
command -v npm >/dev/null 2>&1 || { echo "npm is needed to compile package-lock.json." >&2; exit 1; }
npm update --package-lock-only --no-audit --no-fund --loglevel=error
