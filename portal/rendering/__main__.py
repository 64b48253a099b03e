"""`python -m portal.rendering SOURCE --out DIR [--json]`."""

import sys

from portal.rendering.command import main

sys.exit(main())
