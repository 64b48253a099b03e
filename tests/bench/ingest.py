"""How fast usage comes in, on both engines: `make bench WHAT=ingest`.

`flask ingest bench` with a PostgreSQL of its own beside SQLite. Prints {"rows": [{name, unit, median, runs}], "ratios": [{of, to, value}]}.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from portal.metering import bench
from tests.engines import PostgresServer


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="planroom-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        server = PostgresServer(Path(name) / "postgres").start()
        try:
            print(json.dumps(bench.run(server.url), ensure_ascii=False))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
