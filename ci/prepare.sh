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
    if ! .venv/bin/python -m pip install --quiet --no-compile --no-cache-dir --disable-pip-version-check --require-hashes $list; then
        say "꾸러미를 설치하지 못했습니다. 위의 내용과 네트워크 연결을 확인한 다음 다시 해 주십시오." \
            "(The packages could not be installed; see above.)"
        exit 1
    fi
    # Compiled on every core at once, which the installer does not; a file that is meant for another Python does not compile.
    .venv/bin/python -m compileall -q -j 0 .venv/lib > /dev/null 2>&1 || true
    printf '%s\n' "$sum" > "$stamp"
fi

# Compiled here, because the start itself writes nothing beside the source. Unchanged files cost nothing.
.venv/bin/python -m compileall -q portal jobs wsgi.py
