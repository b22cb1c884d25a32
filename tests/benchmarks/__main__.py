"""Run the measurements: ``python -m tests.benchmarks [NAME …]``; without names, all of them."""

import argparse

from tests.benchmarks import (
    deadlines,
    digest,
    documents,
    ledger,
    merging,
    photos,
    reading,
    reminders,
    snapshots,
    stages,
    storm,
    tablets,
    uploads,
)
from tests.benchmarks.figures import print_figures
from tests.postgres import LocalPostgres

SCENES = {
    "uploads": ("上传 Uploads", uploads.measure),
    "reading": ("读取 Reading", reading.measure),
    "tablets": ("平板 Tablets", tablets.measure),
    "storm": ("重连风暴 Storm", storm.measure),
    "snapshots": ("快照 Snapshots", snapshots.measure),
    "photos": ("照片 Photos", photos.measure),
    "ledger": ("台账 The ledger", ledger.measure),
    "digest": ("日报 The day's digest", digest.measure),
    "documents": ("台账文档 Documents", documents.measure),
    "merging": ("合并 Merging", merging.measure),
    "reminders": ("提醒 Reminders", reminders.measure),
    "deadlines": ("时限 Deadlines", deadlines.measure),
    "stages": ("各阶段 Stages of an upload, each a check", stages.measure),
}


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCENES, []], help="which measurements")
    names = parser.parse_args().names or list(SCENES)
    with LocalPostgres(durable=True) as postgres:
        for name in names:
            title, measure = SCENES[name]
            print_figures(title, measure(postgres))


if __name__ == "__main__":
    main()
