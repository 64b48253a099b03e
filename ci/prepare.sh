#!/bin/sh
# Makes .venv with the requirement files given, and installs again only when one of them has changed.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$@" >&2; }

find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "파이썬 3.11, 3.12, 3.13 가운데 하나가 필요합니다. 'sudo apt-get install python3 python3-venv' 로 설치해 주십시오." \
        "(Python 3.11 to 3.13 is needed.)"
    return 1
}

fits() { .venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

PIP="--quiet --no-compile --no-cache-dir --disable-pip-version-check --require-hashes"
UNUSED='/(pip|setuptools|pkg_resources|mypy|mypyc|moto|tests?)/'

# uv brings everything at once, in a tenth of pip's time. It does not know pip's settings, so it is told of a mirror; where
# it does not come through all the same, it says nothing, and pip does the work.
quickly() {
    one=.venv/uv.txt
    awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements-dev.txt > "$one"
    # shellcheck disable=SC2086
    .venv/bin/python -m pip install $PIP -r "$one" > /dev/null 2>&1 || return 1
    mirror=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$mirror" ] || export UV_DEFAULT_INDEX="$mirror"
    export UV_HTTP_TIMEOUT=20 UV_HTTP_RETRIES=1 UV_SYSTEM_CERTS=1
    .venv/bin/uv pip install --quiet --no-config --no-cache --python .venv/bin/python --require-hashes "$@" 2>/dev/null
}

if ! fits; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "가상 환경을 만드는 꾸러미가 없습니다. 'sudo apt-get install python3-venv' 를 실행한 다음 다시 해 주십시오." \
            "(The package python3-venv is missing.)"
        exit 1
    fi
    "$python" -m venv --clear .venv
fi

kind=runtime
[ $# -eq 1 ] || kind=tools
sum=$(cat "$@" | sha256sum | cut -d ' ' -f 1)
stamp=.venv/planroom-$kind
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$sum" ]; then
    say "필요한 꾸러미를 설치합니다. 1분쯤 걸립니다. (Installing pinned packages.)"
    list=
    for file in "$@"; do list="$list -r $file"; done
    # shellcheck disable=SC2086 - the list is meant to fall into words
    if ! quickly $list && ! .venv/bin/python -m pip install $PIP $list; then
        say "꾸러미를 설치하지 못했습니다. 위의 내용과 네트워크 연결을 확인한 다음 다시 해 주십시오." \
            "(The packages could not be installed; see above.)"
        exit 1
    fi
    # Compiled on every core at once, which the installers do not; a file that is meant for another Python does not
    # compile. What no process of the portal imports, and every package's own tests, are left out: half of it all.
    .venv/bin/python -m compileall -q -j 0 -x "$UNUSED" .venv/lib > /dev/null 2>&1 || true
    printf '%s\n' "$sum" > "$stamp"
fi

# Compiled here, because the start itself writes nothing beside the source. Unchanged files cost nothing.
.venv/bin/python -m compileall -q portal jobs wsgi.py
