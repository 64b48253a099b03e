"""How fast usage comes in, on both engines: `make bench WHAT=ingest`. Prints what `flask ingest bench` does."""

from __future__ import annotations

from portal.metering import bench
from tests.engines import print_on_both

if __name__ == "__main__":
    print_on_both(bench.run)
