"""
The command with all its parts 命令总表.
"""

from typing import Any

import click

from server.commands import (
    backup,
    calendar,
    campaign,
    campaign_places,
    channels,
    conflicts,
    days,
    devices,
    dispatching,
    documents,
    hotline,
    imports,
    jobs,
    ledger,
    ledger_clocks,
    limits,
    look,
    numbers,
    people,
    photo_store,
    photos,
    quarantine,
    ranks,
    records,
    reminders,
    reports,
    rescue,
    rules,
    scheduling,
    serving,
    setup,
    snapshots,
    sources,
    units,
)


class Program(click.Group):
    """A group of commands that says in two languages that a command was not understood."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed; see ``click.Group.invoke``."""
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            told = f"命令写法不对；加 -h 看用法。\n{error.format_message()}"
            raise click.UsageError(told, error.ctx) from error


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="gridward", prog_name="gridward-server")
def main() -> None:
    """Gridward 网格卫: 服务器管理 the office's server."""


for command in (
    setup.init,
    setup.migrate_database,
    backup.backup,
    backup.restore,
    setup.restored,
    setup.doctor,
    serving.serve,
    scheduling.scheduler,
    jobs.jobs,
    people.people,
    devices.enrol_code,
    devices.devices,
    rescue.rescue,
    imports.import_,
    documents.export,
    records.records,
    campaign.campaign,
    quarantine.quarantine,
    conflicts.conflicts,
    ledger.ledger,
    sources.covert,
    hotline.hotline,
    reminders.reminders,
    channels.channels,
    reports.reports,
    days.day,
    days.patrol,
    ranks.ranks,
    snapshots.snapshots,
    photos.photos,
    calendar.calendar,
    limits.limits,
    numbers.numbers,
    units.units,
    dispatching.dispatch_rules,
    look.audit,
    rules.rules,
    rules.replay,
):
    main.add_command(command)

for command in (photo_store.reconsider, photo_store.move):
    photos.photos.add_command(command)
for command in (*ledger_clocks.COMMANDS, *documents.COMMANDS):
    ledger.ledger.add_command(command)
for command in (sources.import_list, sources.list_unanswered):
    ledger.ledger.add_command(command)
for command in campaign_places.COMMANDS:
    campaign.campaign.add_command(command)
