"""The statements about claims: who holds which job, and what becomes of the jobs of dead workers."""

from typing import Final

from workflows.store.postgres.jobs.stored_effects import IS_DUE
from workflows.store.postgres.opening.use_lock import HAVE_OTHER_SESSIONS

HELD_BY: Final = "id = %(id)s and status = 'doing' and worker_id = %(worker)s"
"""Which job a worker still holds. Values: `id`, `worker`."""
GIVEN_BACK: Final = "status = 'todo', worker_id = null"
"""What a job is that nobody holds."""
BEAT: Final = "update procrastinate_workers set last_heartbeat = now() where id = %s returning id"
"""Renew the heartbeat. Value: the worker."""
COUNT_WORKERS: Final = "select count(*) as count from procrastinate_workers"
OTHERS: Final = f"""select 1 from procrastinate_workers
    where id <> %s and last_heartbeat > now() - make_interval(secs => %s) and {HAVE_OTHER_SESSIONS}"""  # noqa: S608
"""Values: the worker, and after how many seconds it counts as dead.

A process that was killed has no session at once, but a heartbeat for some seconds. One that is suspended has a session.
"""
TAKE_OVER: Final = f"""update procrastinate_jobs set {GIVEN_BACK}
    where status = 'doing' and worker_id is null and task_name <> 'turn'"""  # noqa: S608
"""Give back the jobs whose worker was deleted."""
GIVE_BACK_OTHERS: Final = f"""update procrastinate_jobs set {GIVEN_BACK}
    where status = 'doing' and worker_id = %(worker)s and id <> all(%(known)s::bigint[])
    and task_name <> 'turn'"""  # noqa: S608
"""Give back the jobs of a worker that it does not know of. Values: `worker`, `known`.

A turn never waits: nobody would claim it, and its lane would be held for ever."""
LEAVE: Final = f"""update procrastinate_jobs set {GIVEN_BACK}
    where status = 'doing' and worker_id = %s and task_name <> 'turn'"""  # noqa: S608
"""Give back the jobs of a worker that ends. Value: the worker."""
RELEASE: Final = f"""update procrastinate_jobs set queue_name = args->>'kind', lock = args->>'lane'
    where status = 'todo' and queue_name = 'later' and {IS_DUE} returning id"""  # noqa: S608
"""Put what is due into its queue and lane. Values: as for `IS_DUE`."""
STILL_MINE: Final = """select 1 from procrastinate_jobs as jobs join procrastinate_workers as workers
    on workers.id = jobs.worker_id where jobs.id = %s and jobs.status = 'doing' and jobs.worker_id = %s
    and workers.last_heartbeat > now() - make_interval(secs => %s)"""
"""Values: the job, the worker, and after how many seconds it counts as dead."""
TAKE_LANE: Final = """insert into procrastinate_jobs (queue_name, task_name, lock, status, worker_id)
    values ('turn', 'turn', %(lane)s, 'doing', %(worker)s) on conflict do nothing returning id"""
"""Hold a lane with a job of no effect. Values: `lane`, `worker`."""
LEADER: Final = "select worker_id from procrastinate_jobs where task_name = 'turn' and status = 'doing' and lock = %s"
"""Value: the lane that is held."""
END_TURNS: Final = """delete from procrastinate_jobs where task_name = 'turn' and ((status = 'doing'
    and (worker_id is null or (worker_id = %(worker)s and id <> all(%(known)s::bigint[]))))
    or status = 'todo')"""
"""Free the lanes that dead workers hold so, and those that a worker does not know of. Values: `worker`, `known`."""
CLAIM_ONE: Final = """update procrastinate_jobs set status = 'doing', worker_id = %(worker)s
    where id = %(id)s and status = 'todo' and queue_name <> 'later' and task_name = 'effect'
    returning id, attempts, args"""
"""Claim one job. Values: `id`, `worker`."""


def with_next_of_lane(change: str) -> str:
    """Return a statement that changes a job, and wakes every process when another job waits for the same lane."""
    return f"""with changed as ({change}), events as (
            delete from procrastinate_events where job_id in (select id from changed)
        ), told as (
            select pg_notify('procrastinate_any_queue_v1',
                json_build_object('type', 'job_inserted', 'job_id', %(id)s::bigint)::text)
            from changed where %(is_given_back)s::boolean or exists (select 1 from procrastinate_jobs
                where lock = %(lane)s and status = 'todo' and id <> %(id)s)
        )
        select changed.id, (select count(*) from told) from changed"""  # noqa: S608
