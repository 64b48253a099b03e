"""`python -m jobs worker work|render` and `python -m jobs clock`: build the app, then work or loop."""

from __future__ import annotations

import logging
import sys

from flask import Flask
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import clock
from jobs.telling import taken_in
from portal import create_app
from portal.core import db
from portal.core.queue import QUEUES, begun, queue
from portal.core.redis import connect

#: Then the process ends and its manager starts another, so that nothing that leaks does so for ever.
MOST_JOBS = 5000
USAGE = f"usage: python -m jobs worker {'|'.join(QUEUES)} | python -m jobs clock"


class PlanroomWorker(SimpleWorker):
    """RQ's worker without a fork for each job, each in an app context of its own.

    A fork costs a job 60 to 190 ms, most jobs a tenth of that. What a fork is good for is had otherwise: a drawing is
    read in a child of its own, and what a dying worker leaves behind is found in the rows (`nudged_at`, leases).
    """

    app: Flask

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Do one job; what it opened is closed with its context."""
        begun(self.connection, job.func_name or "", job.args[1:])
        with self.app.app_context():
            done = super().perform_job(job, queue, execution)
            if done:
                taken_in(job)
            return done


def work(app: Flask, name: str) -> None:
    """Serve one queue until told to stop, or until so many jobs that a fresh process is due."""
    connection = connect(app.extensions["planroom.settings"], patient=True)
    worker = PlanroomWorker([queue(connection, name)], connection=connection, serializer=JSONSerializer)
    worker.app = app
    db.dispose(app)
    worker.work(logging_level="WARNING", max_jobs=MOST_JOBS)


def main(argv: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if argv[:1] == ["clock"] and len(argv) == 1:
        clock.run(create_app())
    elif argv[:1] == ["worker"] and argv[1:] and argv[1] in QUEUES and len(argv) == 2:  # noqa: PLR2004
        work(create_app(), argv[1])
    else:
        print(USAGE, file=sys.stderr)  # noqa: T201 - a command's usage
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
