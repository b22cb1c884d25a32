"""
What can go wrong on a tablet, and what to do next 错误.

SyncError               base of all: catch this one to keep a worker working
├── Unreachable         no answer came; nothing is lost, try again later
│   ├── NoAddress       nobody said where the server is
│   ├── CaptivePortal   somebody else's log-in page answered
│   ├── UntrustedServer the server could not prove who it is (often the tablet's date is wrong)
│   ├── GarbledAnswer   an answer came, but cut off or damaged
│   └── Busy            the server asked to be left alone for a while
├── Refused             the server said no; asking again unchanged will not help
│   ├── NotEnrolled     this tablet's token is unknown or revoked
│   │   └── NobodyWorks     it is enrolled, but whoever worked on it has logged out
│   └── OutdatedClient  the server no longer speaks this protocol version
├── SyncUnderWay        another sync of this tablet is running
├── NoSuchRecord        the tablet holds no such record, draft or person
├── WrongPin            the PIN is not this person's
├── WorkWaiting         somebody would leave, or empty the tablet, while work still waits
├── WrongReleaseCode    the release code is wrong, used, or none was asked for
└── StoreError          the tablet's own file
    ├── LocalStoreDamaged   it can no longer be trusted; it is never deleted
    ├── StoreTooNew         a newer client wrote it
    ├── StoreFull           no space; what was being recorded is not kept, everything before it is
    ├── StoreReadOnly       it, or its folder, cannot be written to
    ├── StoreLocked         another program keeps it busy
    ├── StoreMoved          it was replaced while it was open
    ├── NotSealed           it is plain, and a key was given
    └── StoreSealed         it is sealed and stays shut; it was not touched
        ├── NoKey               the key is not where it was kept, or is none
        ├── WrongKey            this key does not open it
        ├── NoSealing           the library that opens sealed files is not installed
        └── SealUnreadable      the note of how it was sealed is missing or damaged

Those about photos alone stand in ``sync_client.photos.errors``.

What the local check of a record finds wrong is a ``schemas.problems.Refusal`` and writes nothing. A
change the server will not take is an outcome in the report, not an exception.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from sync_client.photos.values import PhotoReport, Tidied
    from sync_client.values import SyncReport


class SyncError(Exception):
    """
    Something a worker can be told about; ``str()`` gives both languages and what to do next.

    Attributes:
        report: What the sync had done before it stopped; None outside a sync.
        photos: The same of a sending of photos.
        tidied: What tidying up had removed that needs no asking.
        retry_after_s: When asking again makes sense, where the server said so.
    """

    code: ClassVar[str] = "sync_error"
    zh: ClassVar[str] = "出现错误。"
    en: ClassVar[str] = "Something went wrong."
    next_zh: ClassVar[str] = "数据仍在平板上，请稍后再试。"
    next_en: ClassVar[str] = "Nothing is lost; try again later."
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, retry_after_s: int | None = None) -> None:
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.report: SyncReport | None = None
        self.photos: PhotoReport | None = None
        self.tidied: Tidied | None = None
        super().__init__(detail)

    @property
    def problem(self) -> dict[str, Any]:
        """The error in the shape of every other problem: code, both sentences, what to do next."""
        return {
            "code": self.code,
            "message_zh": self.zh,
            "message_en": self.en,
            "next_zh": self.next_zh,
            "next_en": self.next_en,
            "retryable": self.retryable,
            "detail": self.detail,
        }

    def __str__(self) -> str:
        told = self.problem
        detail = f" [{self.detail}]" if self.detail else ""
        return f"{told['message_zh']}{told['next_zh']} {told['message_en']} {told['next_en']}{detail}"


class Unreachable(SyncError):
    """No answer came; nothing is lost."""

    code = "unreachable"
    zh = "连接不上服务器。"
    en = "The server cannot be reached."
    retryable = True


class NoAddress(Unreachable):
    """This tablet does not know, or was not told, where its server is."""

    code = "no_address"
    zh = "本机不知道服务器地址。"
    en = "This tablet does not know where its server is."
    next_zh = "请向街道管理员要登记码，用 --server 写明地址重新登记；数据仍在平板上。"
    next_en = "Ask the street office for a code and enrol again with --server; nothing is lost."
    retryable = False


class CaptivePortal(Unreachable):
    """Somebody else's page answered in the server's place 认证页面."""

    code = "captive_portal"
    zh = "当前网络需要先登录认证，没有到达服务器。"
    en = "This network answers with its own log-in page instead of the server."
    next_zh = "请在浏览器中登录该网络，或改用移动数据，再同步。"
    next_en = "Log in to the network in a browser, or use mobile data, then sync again."
    retryable = False


class UntrustedServer(Unreachable):
    """The TLS certificate does not hold."""

    code = "untrusted_server"
    zh = "无法确认服务器身份。"
    en = "The server could not prove who it is."
    next_zh = "请检查平板的日期和网络；仍不行请联系街道管理员。"
    next_en = "Check the tablet's date and the network; if that does not help, ask the street office."
    retryable = False


class GarbledAnswer(Unreachable):
    """An answer came but could not be read; whether the server took the push is unknown."""

    code = "garbled_answer"
    zh = "服务器的回答不完整。"
    en = "The server's answer was cut off or damaged."


class Busy(Unreachable):
    """The server asked to be left alone for a while (429, 5xx)."""

    code = "busy"
    zh = "服务器繁忙。"
    en = "The server is busy."


class Refused(SyncError):
    """
    The server said no to the whole request; asking again unchanged will not help.

    Args:
        told: The problem body the server sent (RFC 9457 with both languages).
        status: The HTTP status.
    """

    code = "refused"
    zh = "服务器拒绝了请求。"
    en = "The server refused the request."
    next_zh = "数据仍在平板上，请联系街道管理员。"
    next_en = "Nothing is lost; ask the street office."

    def __init__(self, told: Mapping[str, Any] | None = None, status: int = 0, detail: str = "") -> None:
        super().__init__(detail)
        self.told = dict(told or {})
        self.status = status

    @property
    def problem(self) -> dict[str, Any]:
        """The server's own words where it gave any, ours for the rest."""
        return {**super().problem, **self.told}


class NotEnrolled(Refused):
    """This tablet has no token, or the server no longer knows it."""

    code = "not_enrolled"
    zh = "本机尚未登记，或登记已失效。"
    en = "This tablet is not enrolled, or no longer."
    next_zh = "请向街道管理员索取登记码；未发送的数据仍在平板上。"
    next_en = "Ask the street office for an enrolment code; unsent work stays on the tablet."


class NobodyWorks(NotEnrolled):
    """The tablet is enrolled, but nobody works on it now 无人使用: the last one logged out."""

    code = "nobody_works"
    zh = "现在没有人使用本机。"
    en = "Nobody works on this tablet now."
    next_zh = "请先运行 gridward switch 姓名。"
    next_en = "Run gridward switch NAME first."


class OutdatedClient(Refused):
    """The server no longer speaks this protocol version."""

    code = "upgrade_needed"
    zh = "客户端版本过旧。"
    en = "This client is too old for the server."
    next_zh = "请更新客户端；未发送的数据仍在平板上。"
    next_en = "Update the client; unsent work stays on the tablet."


class SyncUnderWay(SyncError):
    """Another thread or program is syncing this tablet."""

    code = "sync_under_way"
    zh = "正在同步。"
    en = "A sync is already under way."
    next_zh = "请等它结束。"
    next_en = "Wait for it to end."
    retryable = True


class NoSuchRecord(SyncError):
    """The tablet does not hold what was asked for."""

    code = "no_such_record"
    zh = "平板上没有这条记录。"
    en = "The tablet does not hold this."
    next_zh = "请核对编号，或先同步。"
    next_en = "Check the id, or sync first."


class WrongPin(SyncError):
    """The PIN is not this person's."""

    code = "wrong_pin"
    zh = "PIN 不正确。"
    en = "The PIN is wrong."
    next_zh = "请重新输入。"
    next_en = "Enter it again."


class WorkWaiting(SyncError):
    """Somebody would leave, or empty the tablet, while something waits that only this tablet holds."""

    code = "work_waiting"
    zh = "还有数据只在这台平板上，没有送达办公室。"
    en = "Something lies on this tablet alone; the office does not have it."
    next_zh = "请先同步；没有网络可先导出（gridward outbox export --all 文件），或加 --challenge 向街道要解锁码。"
    next_en = "Sync first; or export it (gridward outbox export --all FILE); or ask for a release code (--challenge)."


class WrongReleaseCode(SyncError):
    """The release code 解锁码 is not the one for this tablet's challenge."""

    code = "wrong_release_code"
    zh = "解锁码不正确或已失效。"
    en = "The release code is wrong, or no longer good."
    next_zh = "请核对后再输入；错五次后须用 --challenge 重新申请。"
    next_en = "Type it again; after five wrong ones ask for a new challenge with --challenge."


class StoreError(SyncError):
    """Something about the tablet's own file."""

    code = "store_error"
    zh = "本机数据文件无法读写。"
    en = "The tablet's file cannot be read or written."
    next_zh = "请勿删除该文件，并联系街道管理员。"
    next_en = "Do not delete the file; ask the street office."


class LocalStoreDamaged(StoreError):
    """The tablet's file can no longer be trusted; it is left exactly as it is."""

    code = "local_store_damaged"
    zh = "本机数据文件已损坏，或不是网格卫的数据文件。"
    en = "The tablet's file is damaged, or is not one of ours."


class StoreTooNew(StoreError):
    """A newer client wrote the file."""

    code = "store_too_new"
    zh = "本机数据由更新版本的客户端写入。"
    en = "A newer client wrote the tablet's file."
    next_zh = "请更新客户端。"
    next_en = "Update the client."


class StoreFull(StoreError):
    """There is no space left; the change at hand was not kept, everything before it was."""

    code = "store_full"
    zh = "存储空间不足，这一步没有保存。"
    en = "There is no space left; this step was not kept."
    next_zh = "请腾出空间后重做这一步；之前的记录都在。"
    next_en = "Free some space and do this step again; everything before it is kept."


class StoreReadOnly(StoreError):
    """The file, or the folder it lies in, may be read but not written."""

    code = "store_read_only"
    zh = "本机数据文件夹不能写入，这一步没有保存。"
    en = "The folder of the tablet's file cannot be written to; this step was not kept."
    next_zh = "请检查文件夹权限或存储卡的写保护，再重做这一步；之前的记录都在。"
    next_en = "Check its permissions or the card's lock and do this step again; everything before it is kept."


class StoreLocked(StoreError):
    """Another program keeps the file busy."""

    code = "store_locked"
    zh = "本机数据正被另一个程序占用。"
    en = "Another program keeps the tablet's file busy."
    next_zh = "请关闭另一个程序后再试。"
    next_en = "Close the other program and try again."
    retryable = True


class StoreMoved(StoreError):
    """Another file lies in the place of the one that was opened: sealed, put back or taken away meanwhile."""

    code = "store_moved"
    zh = "本机数据文件已被替换（加密、解密、恢复或移走），这一步没有保存。"
    en = "The tablet's file was replaced meanwhile (sealed, unsealed, put back or moved); this step was not kept."
    next_zh = "请重新打开后重做这一步；之前的记录都在。"
    next_en = "Open it again and do this step again; everything before it is kept."
    retryable = True


class NotSealed(StoreError):
    """The file is plain 未加密, and was opened with a key."""

    code = "store_not_sealed"
    zh = "本机数据没有加密，却给了密钥。"
    en = "The tablet's file is not sealed, but a key was given."
    next_zh = "请不带密钥打开，或先运行 gridward seal；文件未被改动。"
    next_en = "Open it without a key, or run gridward seal first; the file was not touched."


class StoreSealed(StoreError):
    """The file is sealed 已加密, and was opened without its key."""

    code = "store_sealed"
    zh = "本机数据已加密，没有密钥打不开。"
    en = "The tablet's file is sealed and cannot be opened without its key."
    next_zh = "请用当初的密钥（系统钥匙串、密钥文件或 PIN）打开；文件未被改动。"
    next_en = "Open it with the key it was sealed with (key store, key file or PIN); the file was not touched."


class NoKey(StoreSealed):
    """There is no key where it should be, or what lies there is none."""

    code = "no_key"
    zh = "找不到本机数据的密钥。"
    en = "The key of the tablet's file is not where it was kept."
    next_zh = "请插上或放回密钥文件、解锁系统钥匙串，或输入 PIN；文件未被改动。"
    next_en = "Bring back the key file, unlock the key store or type the PIN; the file was not touched."


class WrongKey(StoreSealed):
    """The key, or the PIN, is another one's."""

    code = "wrong_key"
    zh = "密钥或 PIN 不正确，打不开本机数据。"
    en = "This key or PIN does not open the tablet's file."
    next_zh = "请换用当初的密钥或重新输入 PIN；文件未被改动，忘记的密钥无法找回。"
    next_en = "Use the key it was sealed with, or type the PIN again; the file was not touched. A lost key stays lost."


class NoSealing(StoreSealed):
    """The optional library behind sealing is not installed, or there is no key store on this system."""

    code = "sealing_missing"
    zh = "本机没有安装加密所需的组件。"
    en = "What sealing needs is not installed here."
    next_zh = "请安装 gridward[sealed]（加密组件与系统钥匙串）后再试；文件未被改动。"
    next_en = "Install gridward[sealed], and a key store if the key is kept there; the file was not touched."


class SealUnreadable(StoreSealed):
    """The note beside the file that says how it was sealed cannot be used."""

    code = "seal_unreadable"
    zh = "数据文件旁的加密说明（-seal 文件）缺失或已损坏。"
    en = "The note beside the tablet's file that says how it is sealed is missing or damaged."
    next_zh = "请从备份放回 -seal 文件，勿删除数据文件，并联系街道管理员。"
    next_en = "Put the -seal file back from a copy; do not delete the tablet's file; ask the street office."
