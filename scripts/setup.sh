#!/bin/sh
# Make the environment .venv and install the pinned packages of the files that are named.
# Every failure is one line that says what to do.
set -eu

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

python=${PYTHON3:-}
if [ -z "$python" ]; then
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
fi
if [ -z "$python" ]; then
    command -v python3 >/dev/null 2>&1 || fail "Python is missing. Install python3, version 3.11 or newer, and start again."
    fail "Python 3.11 or newer is needed; this is $(python3 -V 2>&1). Install a newer one and start again."
fi

# Debian splits the part that puts pip into an environment into a package of its own, and sometimes pip too.
pip_of_environment() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
pip_of_system() { "$python" -m pip --disable-pip-version-check --python .venv/bin/python "$@"; }

if ! .venv/bin/python -c '' 2>/dev/null; then
    say "Making the environment in .venv ..."
    rm -rf .venv
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        rm -rf .venv
        "$python" -m venv --without-pip .venv >/dev/null 2>&1 || fail \
            "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv. Then start again."
    fi
fi

pip=pip_of_environment
if ! $pip --version >/dev/null 2>&1; then
    pip=pip_of_system
    if ! $pip --version >/dev/null 2>&1; then
        rm -rf .venv
        fail "pip is missing. On Debian and Ubuntu: apt install python3-venv. Then start again."
    fi
fi

for requirements in "$@"; do set -- "$@" -r "$requirements"; shift; done
say "Installing the pinned packages (only when they change) ..."
log=.venv/install.log
if ! $pip install --quiet --require-hashes "$@" >"$log" 2>&1; then
    say "The packages could not be installed:"
    if grep -qiE 'error|not found|could not' "$log"; then
        grep -iE 'error|not found|could not' "$log" | head -n 5 >&2
    else
        tail -n 5 "$log" >&2
    fi
    fail "Check the network and start again; the whole output is in $log."
fi
