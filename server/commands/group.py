"""
The command with all its parts 命令总表.
"""

import click

from server.commands import devices, imports, look, people, serving, setup


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gridward", prog_name="gridward-server")
def main() -> None:
    """Gridward 网格卫: 服务器管理 the office's server."""


for command in (
    setup.init,
    setup.migrate_database,
    setup.restored,
    setup.doctor,
    serving.serve,
    people.people,
    devices.enrol_code,
    devices.devices,
    imports.import_,
    look.quarantine,
    look.conflicts,
    look.audit,
):
    main.add_command(command)
