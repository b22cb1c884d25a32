"""
Every "no" of the system: a stable code, Chinese and English, and what to do next 问题代码.

Codes never change their meaning; the sentences may improve. A sentence may hold ``{placeholders}``
that the place raising it fills in. On the wire a problem is an RFC 9457 body (envelope) or stands
inside an outcome (one mutation).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of refusal; ``status`` is its HTTP status where it concerns a whole request."""

    code: str
    status: int
    zh: str
    en: str
    next_zh: str
    next_en: str
    retryable: bool = False


class Words(NamedTuple):
    """What fills a placeholder in the Chinese sentence, and in the English one."""

    zh: str
    en: str


class Refusal(Exception):
    """
    Something was refused, with a problem people can read.

    Args:
        code: A code of ``KINDS``.
        errors: What is wrong per field path, ``{"items.A1": [{"zh": ..., "en": ...}]}``.
        retry_after_s: When asking again makes sense, for retryable problems.
        details: Fills the placeholders of the sentences; ``Words`` fill each in its own language.
    """

    def __init__(
        self,
        code: str,
        errors: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
        **details: object,
    ) -> None:
        self.kind = KINDS[code]
        self.errors = errors
        self.retry_after_s = retry_after_s
        self.details = details
        super().__init__(f"{code}: {self.message_en}")

    @classmethod
    def again(cls, body: Mapping[str, Any]) -> "Refusal":
        """Return the refusal that *body*, as ``body()`` returned it once, tells of: in the very same sentences."""
        refusal = cls(body["code"], body.get("errors"))
        said = (str(body[name]) for name in ("message_zh", "message_en", "next_zh", "next_en"))
        # They were filled in; what stands between braces in them is no placeholder any more.
        zh, en, next_zh, next_en = (text.replace("{", "{{").replace("}", "}}") for text in said)
        refusal.kind = replace(refusal.kind, zh=zh, en=en, next_zh=next_zh, next_en=next_en)
        return refusal

    @property
    def code(self) -> str:
        """The stable code."""
        return self.kind.code

    @property
    def message_zh(self) -> str:
        """The Chinese sentence, filled in."""
        return self._filled(self.kind.zh, 0)

    @property
    def message_en(self) -> str:
        """The English sentence, filled in."""
        return self._filled(self.kind.en, 1)

    def _filled(self, sentence: str, language: int) -> str:
        told = {name: each[language] if isinstance(each, Words) else each for name, each in self.details.items()}
        return sentence.format_map(_Lenient(told))

    def body(self) -> dict[str, Any]:
        """Return the problem as it stands on the wire: code, both sentences, what to do next."""
        body: dict[str, Any] = {
            "code": self.code,
            "message_zh": self.message_zh,
            "message_en": self.message_en,
            "next_zh": self._filled(self.kind.next_zh, 0),
            "next_en": self._filled(self.kind.next_en, 1),
            "retryable": self.kind.retryable,
        }
        if self.errors:
            body["errors"] = self.errors
        return body


class _Lenient(dict[str, object]):
    """Leaves a placeholder that nobody filled as it is; a refusal must never fail to be told."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


_SEND_AGAIN = ("数据仍在平板上，稍后会自动重试。", "Nothing is lost; the tablet tries again later.")
_ASK_OFFICE = (
    "数据已原样保存在隔离区，请联系街道管理员。",
    "It is kept word for word in quarantine; ask the street office.",
)
_FIX_CLIENT = (
    "请更新客户端；数据已原样保存在隔离区。",
    "Update the client; the payload is kept word for word in quarantine.",
)
_ENROL = ("请向街道管理员索取新的登记码，重新登记本机。", "Ask the street office for a new enrolment code.")

_ALL = (
    # -- the envelope -----------------------------------------------------------------------------
    ProblemKind("malformed_body", 400, "请求内容无法读取：{why}", "The body cannot be read: {why}", *_SEND_AGAIN),
    ProblemKind("invalid_request", 400, "请求内容不符合要求。", "The request is not as it should be.",
                "请按 errors 中的说明修改后再试。", "Correct what errors lists and ask again."),
    ProblemKind("invalid_cursor", 400, "游标无效或不属于本机。", "The cursor is not one of ours, or not this device's.",
                "请丢弃该游标，从头读取。", "Drop the cursor and read from the beginning."),
    ProblemKind("unsupported_encoding", 415, "不支持的压缩方式：{encoding}", "Unknown content encoding: {encoding}",
                "请使用 zstd、gzip 或不压缩。", "Use zstd, gzip or none."),
    ProblemKind("unsupported_media_type", 415, "只接受 JSON。", "Only JSON is taken.",
                "请使用 Content-Type: application/json。", "Send Content-Type: application/json."),
    ProblemKind("too_large", 413, "请求过大：上限 {limit}。", "Too large: the limit is {limit}.",
                "请分成较小的批次发送，数据不会丢失。", "Send it in smaller parts; nothing is lost."),
    ProblemKind("not_found", 404, "没有这个地址。", "There is nothing at this address.",
                "请核对地址。", "Check the address."),
    ProblemKind("method_not_allowed", 405, "不支持这种操作。", "This method is not allowed here.",
                "请核对接口文档 /docs。", "See the interface at /docs."),
    ProblemKind("not_enrolled", 401, "本机尚未登记，或登记已失效。", "This device's token is unknown.", *_ENROL),
    ProblemKind("device_revoked", 403, "本机已被停用。", "This device was revoked.",
                "未发送的数据仍保存在平板上，请联系街道管理员。",
                "Unsent work stays on the tablet; ask the street office."),
    ProblemKind("enrol_code_invalid", 403, "登记码错误、已使用或已过期（15 分钟有效）。",
                "The enrolment code is wrong, used or older than 15 minutes.", *_ENROL),
    ProblemKind("too_many_attempts", 429, "尝试次数过多。", "Too many attempts.",
                "请稍后再试。", "Wait a little, then try again.", True),
    ProblemKind("epoch_changed", 409, "服务器已从备份恢复。", "The server was restored from a backup.",
                "请重新上报近 30 天的记录。", "Offer the journal of the last 30 days again.", True),
    ProblemKind("cursor_too_old", 410, "本机离线太久，需重新读取。", "The device was away too long; read everything anew.",
                "请从头读取；未发送的数据照常接收。", "Read from the beginning; unsent work is still taken."),
    ProblemKind("upgrade_needed", 426, "客户端版本过旧，无法读取。", "The protocol version is no longer spoken.",
                "请更新客户端；未发送的数据照常接收。", "Update the client; unsent work is still taken."),
    ProblemKind("busy", 503, "服务器繁忙。", "The server is busy.", *_SEND_AGAIN, True),
    ProblemKind("office_fault", 500, "平台处理这条修改时出错（编号 {incident}），已原样保存。",
                "The office stumbled over this change (incident {incident}) and keeps it as it is.",
                "请告诉办公室这个编号；平台修复后会恢复入库。", "Tell the office the number; it is let in once the server is mended."),
    ProblemKind("internal_error", 500, "服务器内部错误（编号 {incident}）。", "Something broke here (incident {incident}).",
                *_SEND_AGAIN, True),
    # -- one mutation -----------------------------------------------------------------------------
    ProblemKind("malformed_mutation", 400, "这条修改无法读取：{why}", "This mutation cannot be read: {why}", *_FIX_CLIENT),
    ProblemKind("invalid_fields", 422, "有字段不符合要求。", "Some fields are not as they should be.", *_ASK_OFFICE),
    ProblemKind("record_too_large", 413, "单条记录超过 64 KiB。", "The record is over 64 KiB.", *_ASK_OFFICE),
    ProblemKind("unknown_type", 422, "未知的记录类型“{type}”。", "Unknown record type '{type}'.", *_FIX_CLIENT),
    ProblemKind("field_is_derived", 422, "字段由系统计算，不能填写：{fields}", "Computed here, not sent: {fields}", *_FIX_CLIENT),
    ProblemKind("wrong_verb", 422, "字段的写法不对：{fields}", "Written by the wrong verb: {fields}", *_FIX_CLIENT),
    ProblemKind("together_incomplete", 422, "这些字段必须一起填写：{fields}", "These fields are set together: {fields}", *_FIX_CLIENT),
    ProblemKind("not_admitted_person", 403, "此人未在本机登记。", "This person is not admitted to this device.", *_ASK_OFFICE),
    ProblemKind("person_stopped", 403, "该账号已停用，等待网格长确认。", "The account was stopped; a grid leader must confirm.",
                *_ASK_OFFICE),
    ProblemKind("outside_area", 403, "地点 {grid} 不在此人的责任区域内。", "{grid} is outside this person's area.", *_ASK_OFFICE),
    ProblemKind("not_allowed", 403, "此人的身份不能进行这项操作：{what}", "This person's role may not do this: {what}", *_ASK_OFFICE),
    ProblemKind("not_in_charge", 403, "{why_zh}", "{why_en}", *_ASK_OFFICE),
    ProblemKind("not_your_record", 403, "只能修改自己的检查。", "Only one's own check can be corrected.", *_ASK_OFFICE),
    ProblemKind("conflict_unknown", 404, "没有这一项待裁定事项。", "There is no such dispute.",
                "请刷新列表后再试。", "Look at the list again."),
    ProblemKind("record_exists", 409, "编号相同但内容不同的记录已存在。", "Another record already has this id.", *_ASK_OFFICE),
    ProblemKind("wrong_record_type", 409, "编号对应的是另一类记录。", "The id belongs to a record of another type.", *_FIX_CLIENT),
    ProblemKind("act_unknown", 422, "没有“{act}”这项操作。", "There is no act '{act}'.", *_FIX_CLIENT),
    ProblemKind("act_incomplete", 422, "{why_zh}", "{why_en}", *_ASK_OFFICE),
    ProblemKind("group_refused", 409, "同组的另一条未被接受，整组退回。", "Another mutation of the group was refused.", *_ASK_OFFICE),
    ProblemKind("group_too_large", 422, "一组最多 50 条。", "A group holds at most 50 mutations.", *_FIX_CLIENT),
    ProblemKind("depends_on_refused", 409, "它所依据的记录未被接受。", "It depends on something that was refused.", *_ASK_OFFICE),
    ProblemKind("number_reused", 409, "编号已用于另一条内容，平板可能被复制或恢复过。",
                "The number was used for another payload; the tablet may have been copied or restored.", *_ASK_OFFICE),
    # -- the desk, where nothing is kept aside: the clerk is told at once -----------------------------
    ProblemKind("conflict_settled", 409, "这一项已经裁定：{settled_zh}。", "It is settled already: {settled_en}.",
                "如需更改，请先重新裁定（reopen）。", "To change it, open it again first (reopen)."),
    ProblemKind("conflict_changed", 409, "这一项在您查看之后有了变化。", "It has changed since you looked.",
                "请重新查看后再裁定；什么都没有写入。", "Look at it again, then settle it; nothing was written."),
    # -- ready-made bytes ----------------------------------------------------------------------------
    ProblemKind("range_not_satisfiable", 416, "请求的字节范围超出文件（共 {size} 字节）。",
                "The range lies beyond the file's {size} bytes.",
                "请从头下载。", "Download it from the beginning."),
    # -- rescue packages and release codes -------------------------------------------------------------
    ProblemKind("rescue_damaged", 400, "救援包不完整或被改动过：{why_zh}。",
                "The rescue package is damaged or was changed: {why_en}.",
                "什么都没有收下；请换一份副本，或在原平板上重新导出。",
                "Nothing was taken; use another copy, or export it again on its tablet."),
    ProblemKind("rescue_unsafe", 400, "文件里有救援包不该有的东西：{why_zh}。",
                "The file holds what no rescue package holds: {why_en}.",
                "什么都没有收下；请使用平板导出的原文件，不要解压或重新打包。",
                "Nothing was taken; use the very file the tablet wrote, never unpacked or packed again."),
    ProblemKind("rescue_too_large", 413, "救援包过大：上限 {limit}。", "The rescue package is too large: the limit is {limit}.",
                "请交给服务器管理员用 rescue import 导入，或在原平板上用 --no-photos 重新导出、照片原图另行拷贝。",
                "Hand it to the server's operator, or export it again with --no-photos and copy the originals apart."),
    ProblemKind("rescue_too_new", 400, "救援包由更新版本的程序导出（格式 {format}）。",
                "A newer program made this rescue package (format {format}).",
                "什么都没有收下；请更新本程序后再导入。", "Nothing was taken; update this program and import it again."),
    ProblemKind("rescue_foreign", 403, "救援包属于 {theirs}，这里是 {ours}。",
                "The rescue package belongs to {theirs}; this is {ours}.",
                "什么都没有收下；请交给所属区县导入。", "Nothing was taken; hand it to the district it belongs to."),
    ProblemKind("rescue_not_proven", 403, "救援包的签名核对不上：{why_zh}。",
                "The rescue package does not prove whose it is: {why_en}.",
                "什么都没有收下；请把文件交给服务器管理员，核实来源后用 rescue import --trust 导入。",
                "Nothing was taken; hand it to the server's operator, who may import it with --trust."),
    ProblemKind("rescue_device_unknown", 404, "设备台账中没有导出它的平板（{device}）。",
                "No device of ours made this rescue package ({device}).",
                "什么都没有收下；请把文件交给服务器管理员，核实来源后用 rescue import --trust 导入。",
                "Nothing was taken; hand it to the server's operator, who may import it with --trust."),
    ProblemKind("challenge_invalid", 422, "申请码不对，或不是这台平板的。", "This is no challenge, or another device's.",
                "请核对平板屏幕上的申请码和平板名称。", "Compare it with the tablet's screen, and the device's name."),
    # -- the quarantine desk --------------------------------------------------------------------------
    ProblemKind("quarantine_unknown", 404, "隔离区里没有这一条，或不在您的责任区域内。",
                "There is nothing like that in quarantine, or not in your area.",
                "请刷新列表后再试。", "Look at the list again."),
    ProblemKind("quarantine_unreadable", 422, "这一条无法读取，不能入库。", "This one cannot be read, and so not be let in.",
                "可以导出原文（export），或注明原因后搁置（dismiss）。", "Export it word for word, or dismiss it with a reason."),
    ProblemKind("quarantine_settled", 409, "这一条已经入库，不能再搁置。", "It has been let in already and cannot be put aside.",
                "请在记录里更正。", "Correct the record itself."),
    ProblemKind("signed_after_stop", 403, "这一条写于账号停用之后，不能入库。",
                "It was written after the account was stopped, and is not let in.",
                "原文一直保存在隔离区，可以导出（export）。", "It stays in quarantine word for word and can be exported."),
    # -- photos ----------------------------------------------------------------------------------------
    ProblemKind("photo_kind_unknown", 422, "不是照片，或格式不支持（支持 JPEG、PNG、HEIC、WebP）。",
                "It is no picture, or of a kind not taken (JPEG, PNG, HEIC and WebP are).",
                "请用相机重新拍一张。", "Take the picture again with the camera."),
    ProblemKind("photo_damaged", 422, "照片文件不完整，打不开。", "The picture's file is not whole: it does not open.",
                "请当场重新拍一张。", "Take the picture again on the spot."),
    ProblemKind("photo_too_many_pixels", 422, "照片尺寸过大：上限 {limit}00 万像素。",
                "The picture is too large: the limit is {limit} megapixels.",
                "请把相机分辨率调低后重拍。", "Lower the camera's resolution and take it again."),
    ProblemKind("photo_too_large", 413, "照片文件过大：上限 {limit}。", "The picture's file is too large: the limit is {limit}.",
                "请把相机分辨率调低后重拍。", "Lower the camera's resolution and take it again."),
    ProblemKind("photo_not_named", 404, "没有哪条记录提到这张照片。", "No record names this photo.",
                "原图仍在平板上；请核对它所属的记录。", "The original is still on the tablet; look at the record it belongs to."),
    ProblemKind("photo_not_planned", 409, "服务器还没有为这张照片做传送计划。", "The server has no plan for this photo.",
                "平板会重新询问，再接着传。", "The tablet asks for a plan, and goes on."),
    ProblemKind("photo_part_damaged", 422, "照片的这一部分在路上损坏了。", "This part of the photo was damaged on its way.",
                *_SEND_AGAIN, retryable=True),
    ProblemKind("photo_contradicts", 409, "所报的大小或分段与这张照片不符。",
                "The size or the parts told do not fit the photo.",
                "平板会从原图重新计算，再接着传。", "The tablet reckons them again from the original, and goes on."),
    ProblemKind("photo_unknown", 404, "没有这张照片，或不在您的责任区域内。", "There is no such photo, or not in your area.",
                "请刷新后再试。", "Look at the record again."),
    ProblemKind("photo_not_here", 404, "照片还没有传到：原图仍在平板上。", "The photo has not arrived: it is still on the tablet.",
                "请提醒拍照的人联网上传。", "Remind whoever took it to go online."),
    ProblemKind("photo_not_published", 404, "这张照片还没有公开件。", "There is no copy of this photo for publication yet.",
                "请先打码（photos redact）。", "Redact it first (photos redact)."),
    ProblemKind("storage_unavailable", 503, "照片库暂时不可用。", "The photo store is not available just now.",
                *_SEND_AGAIN, retryable=True),
    ProblemKind("photo_expired", 410, "照片已超过保存期限，服务器已按规定删除。",
                "The photo is past its retention period and was deleted here.",
                "不必再传；平板上的原图可以照常清理。", "It need not be sent; the tablet may tidy its original away."),
    ProblemKind("photo_match_unknown", 404, "没有这条重复照片，或不在您的责任区域内。",
                "There is no such match of photos, or not in your area.", "请刷新列表后再试。", "Look at the list again."),
    ProblemKind("photo_too_much_expected", 429, "本机已登记、尚未传到的照片超过 {limit}。",
                "More than {limit} of this device's photos are planned and have not arrived.",
                "先传完已登记的照片；其余照片仍在平板上，下次同步后会再问。",
                "Send those first; the others stay on the tablet, which asks again after the next sync.", True),
    # -- public reports -------------------------------------------------------------------------------
    ProblemKind("report_unknown", 404, "没有这条上报，或查询码不对。", "There is no such report, or the code is wrong.",
                "请核对查询码（12 位，不含 0、O、1、I、L、U）。", "Compare the code: twelve signs, without 0, O, 1, I, L and U."),
    ProblemKind("report_answered", 409, "这条建议已经答复过。", "This suggestion has been answered already.",
                "请刷新列表。", "Look at the list again."),
    ProblemKind("reporter_hidden", 403, "举报人信息对承办单位保密。", "A reporter is hidden from the unit that answers for the case.",
                "请由区创卫办联系举报人。", "Let the district's office call the reporter."),
    # -- the office's ledger ---------------------------------------------------------------------------
    ProblemKind("case_unknown", 404, "台账里没有这件问题，或不在您的可见范围内。",
                "There is no such case in the ledger, or not in your area.", "请刷新列表后再试。", "Look at the list again."),
    ProblemKind("case_changed", 409, "这件问题没有您所说的版本。", "The case has no such version.",
                "请重新查看后再办理；什么都没有写入。", "Look at it again, then act; nothing was written."),
    ProblemKind("act_not_possible", 409, "现在不能这样办理：{why_zh}。", "This is not possible now: {why_en}.",
                "请重新查看这件问题；什么都没有写入。", "Look at the case again; nothing was written."),
    # -- escalation -----------------------------------------------------------------------------------
    ProblemKind("escalation_unknown", 404, "没有这条升级建议，或不在您的可见范围内。",
                "There is no such proposal of escalation, or not in your area.", "请刷新列表后再试。", "Look at the list again."),
    ProblemKind("escalation_over", 409, "这条升级建议{state_zh}，不能再处理。", "This proposal has been ended already: {state_en}.",
                "请刷新列表后再试。", "Look at the list again."),
    # -- notices ----------------------------------------------------------------------------------------
    ProblemKind("not_your_notice", 403, "这条通知不是发给您的，只有接收人本人能标为已阅。",
                "This notice is not yours: only the person it is for acknowledges it.",
                "请由接收人在自己的平板上确认。", "Let the person it is for acknowledge it."),
    # -- documents --------------------------------------------------------------------------------------
    ProblemKind("export_too_large", 422, "符合条件的有 {cases} 件，一份文件最多 {most} 件{with_zh}。",
                "{cases} cases fit, and one document holds at most {most}{with_en}.",
                "请缩小范围（街道、发现日期、状态），或不带照片缩略图导出。",
                "Ask for less (a street, days, states), or leave the pictures out."),
    # -- devices ----------------------------------------------------------------------------------------
    ProblemKind("device_unknown", 404, "没有这台设备，或不在您的可见范围内。", "There is no such device, or not in your area.",
                "请刷新列表后再试。", "Look at the list again."),
    # -- red and black lists ---------------------------------------------------------------------------
    ProblemKind("rank_list_unknown", 404, "没有这份榜单，或不在您的可见范围内。",
                "There is no such list, or not in your area.", "请刷新列表后再试。", "Look at the lists again."),
    ProblemKind("rank_list_over", 409, "这份榜单{state_zh}，不能这样办理。", "This list {state_en}; this is not possible.",
                "请刷新列表；已签发的榜单不再改动，更正写在下一期。",
                "Look at the lists again; an issued one is never changed, the next one carries the correction."),
    ProblemKind("rank_period_running", 409, "评比周期到{last}才结束。", "The period runs until {last}.",
                "周期结束后再公示。", "Open it when the period is over."),
    ProblemKind("rank_objections_open", 409, "异议期到{until}，现在不能签发。",
                "Units may object until {until}; it cannot be signed yet.",
                "请在异议期满后签发。", "Sign it afterwards."),
    ProblemKind("rank_objections_closed", 409, "异议期已于{until}结束。", "Objections were taken until {until}.",
                "请直接与区创卫办联系。", "Speak to the district's office."),
    # -- reminders and channels --------------------------------------------------------------------------
    ProblemKind("reminder_unknown", 404, "没有这条提醒。", "There is no such reminder.",
                "请刷新列表后再试。", "Look at the list again."),
    ProblemKind("channel_unknown", 404, "没有这个渠道。", "There is no such channel.",
                "请刷新列表后再试。", "Look at the list again."),
    ProblemKind("not_yours_to_manage", 403, "这项操作只能由{roles}进行。", "Only {roles} may do this.",
                "什么都没有写入。请由有权限的人员处理。", "Nothing was written. Let somebody do it who may."),
    # -- day reports -----------------------------------------------------------------------------------
    ProblemKind("day_report_unknown", 404, "该区域这一天没有日报。", "There is no report of this area and day.",
                "日报在每日截止后生成；请看列表。", "A report is made at the day's cut-off; look at the list."),
)  # fmt: skip

KINDS: Mapping[str, ProblemKind] = {kind.code: kind for kind in _ALL}
