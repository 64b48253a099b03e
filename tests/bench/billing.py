"""How fast a month is billed, on both engines: `make bench WHAT=billing`. Prints what `flask billing bench` does."""

from __future__ import annotations

from portal.billing import bench
from tests.engines import print_on_both

if __name__ == "__main__":
    print_on_both(bench.run)
