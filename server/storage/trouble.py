"""
What a database says when it cannot be used 数据库故障, in words for whoever runs it.
"""

from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

#: Raised by any use of a database that is not there, is misnamed, full, locked or damaged.
DatabaseTrouble = (ArgumentError, NoSuchModuleError, DBAPIError)


def trouble_told(error: BaseException) -> tuple[str, str]:
    """Return what *error*, one of ``DatabaseTrouble``, means in Chinese and in English; never a password."""
    if isinstance(error, DBAPIError):
        zh = "数据库连接不上，或不能读写；请检查磁盘和 GRIDWARD_DATABASE_URL；已损坏的从备份恢复（docs/backup.md）。"
        en = "The database cannot be reached, read or written"
        return zh, f"{en}: {error.orig}. Where it is damaged, restore a backup (docs/backup.md)."
    zh = "GRIDWARD_DATABASE_URL 写法不对，应如 postgresql+psycopg://用户:密码@主机/库名"
    return zh, "GRIDWARD_DATABASE_URL is no database's address; write postgresql+psycopg://user:password@host/name"
