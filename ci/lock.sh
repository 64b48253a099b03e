#!/bin/sh
# requirements*.in -> requirements*.txt, with the hashes of every file of a release, so that one list serves Python 3.11
# to 3.13 on every platform. The machine's own pip settings and wheel folders are left out: a hash of a local build
# would fail elsewhere.
set -eu
cd "$(dirname "$0")/.."
unset PIP_FIND_LINKS PIP_CONSTRAINT PIP_EXTRA_INDEX_URL UV_FIND_LINKS UV_INDEX UV_EXTRA_INDEX_URL
export UV_CUSTOM_COMPILE_COMMAND="make lock" UV_CACHE_DIR="build/uv"
[ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE="$PIP_CERT"
for name in requirements requirements-dev; do
    .venv/bin/uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links "$name.in" -o "$name.txt" "$@"
    echo "$name.txt: $(grep -c '==' "$name.txt") packages"
done
