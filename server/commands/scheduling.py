"""
Running the jobs alone 独立运行定时任务, beside servers that were told to leave them.
"""

import signal
from threading import Event
from typing import Any

import click

from server.channels.sender import Sender
from server.commands.common import open_store, read_settings, telling
from server.jobs import Jobs, start_jobs
from server.jobs.catalogue import Keeping, catalogue
from server.jobs.job import Job
from server.settings import Settings, channel_address
from server.storage.depot import Depot
from server.storage.depot.choosing import depot_of
from server.usecases.mistakes import Mistake
from server.usecases.retain_photos import Policy

_WATCH_EVERY_S = 0.5


def jobs_of(settings: Settings, depot: Depot) -> tuple[Job, ...]:
    """Return the jobs of a server that runs with *settings* and keeps its photos in *depot*."""
    photos = Policy(settings.keep_originals_days, settings.keep_photos_days)
    return catalogue(Keeping(settings.keep_days, settings.keep_contacts_days, depot, photos), Sender(channel_address))


@click.command("scheduler")
@telling
def scheduler() -> None:
    """独立运行定时任务，直到收到停止信号。Run the jobs alone, until told to stop."""
    settings = read_settings()
    store = open_store(settings)
    if not store.places():
        raise Mistake(
            "还没有区县，请先运行 gridward-server init。", "There is no district yet; run gridward-server init."
        )
    ending = Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: ending.set())
    jobs = start_jobs(store, jobs_of(settings, depot_of(settings)))
    try:
        _watch(jobs, ending)
    finally:
        jobs.stop()
    click.echo("已停止 stopped")


def _watch(jobs: Jobs, ending: Event) -> None:
    """Say whenever this process begins or ceases to lead, until it is told to end."""
    told: Any = None
    while not ending.wait(_WATCH_EVERY_S):
        if jobs.leading.leads != told:
            told = jobs.leading.leads
            click.echo(
                "本进程负责执行定时任务 this process leads"
                if told
                else "另有进程负责，本进程候补 another process leads; standing by"
            )
