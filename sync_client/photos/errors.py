"""
What can go wrong with photos 照片的错误, beside what ``sync_client.errors`` tells.

UnsafeAddress     (Unreachable) photos were to go where anybody could read them
SendingUnderWay   (SyncUnderWay) another program is sending this tablet's photos
NoRoomForPhoto    (StoreFull) a photo does not fit on the disk; nothing of it was written
NoRoomToNote      (StoreFull) photos were sent, and the full disk kept no note of it
PhotosNotTaken    the office takes no photos yet; reported, never raised
PhotoAway         a photo cannot be shown, for its files are not on this tablet any more
PhotoLost         a photo is lost on this tablet before the office had it; reported, never raised
├── PhotoGone         its file cannot be read
└── PhotoChanged      its file is not what was taken any more
"""

from sync_client.errors import StoreFull, SyncError, SyncUnderWay, Unreachable


class UnsafeAddress(Unreachable):
    """The server named an address for photos that is not safe to send them to."""

    code = "unsafe_address"
    zh = "服务器给出的照片上传地址不安全（不是 https）。"
    en = "The server named an address for photos that is not safe (not https)."
    next_zh = "照片仍在平板上，请告知街道管理员。"
    next_en = "The photos are still here; tell the street office."
    retryable = False


class SendingUnderWay(SyncUnderWay):
    """Another thread or program is sending this tablet's photos."""

    code = "sending_under_way"
    zh = "照片正在上传。"
    en = "Photos are already on their way."


class NoRoomForPhoto(StoreFull):
    """A photo, its copy and the commit that names them do not fit on the disk; nothing was written."""

    code = "no_room_for_photo"
    zh = "存储空间不足，这张照片没有保存。"
    en = "There is no room for this photo; it was not kept."
    next_zh = "请腾出空间（gridward photos tidy，或删除其他应用的文件）再附一次；之前的照片和记录都在。"
    next_en = "Free some space (gridward photos tidy, or what others keep here) and attach it again; all else is kept."


class NoRoomToNote(StoreFull):
    """The disk is full: photos were sent all the same, and the tablet could not note what arrived."""

    code = "no_room_to_note"
    zh = "存储空间已满，送到了哪些照片记不下来；照片和记录都还在本机。"
    en = "The disk is full: what arrived could not be noted. Every photo and record is still here."
    next_zh = "请腾出空间（gridward photos tidy，或删除其他应用的文件）后再上传一次，送到了的不会重传。"
    next_en = "Free some space (gridward photos tidy, or what others keep here) and send again; nothing travels twice."


class PhotosNotTaken(SyncError):
    """The office takes no photos yet: its server is older than this client."""

    code = "photos_not_taken"
    zh = "服务器版本较旧，还不收照片。"
    en = "The server is older, and takes no photos yet."
    next_zh = "照片留在平板上，服务器更新后再传。"
    next_en = "They stay here, and are sent when it has been brought up to date."


class PhotoAway(SyncError):
    """A photo cannot be shown: its files are not on this tablet (any more)."""

    code = "photo_away"
    zh = "这张照片的文件不在这台平板上。"
    en = "The files of this photo are not on this tablet."
    next_zh = "已上传的照片请在办公室的系统里看。"
    next_en = "What was sent can be seen at the office."


class PhotoLost(SyncError):
    """A photo is lost on this tablet, and the office does not have it 照片丢失."""

    code = "photo_lost"
    zh = "照片在平板上丢失，办公室没有收到。"
    en = "The photo is lost on this tablet, and the office never had it."
    next_zh = "请重新拍摄；如有备份，把文件放回照片文件夹后再传。"
    next_en = "Take it again; or put its file back into the photo folder, and send again."


class PhotoGone(PhotoLost):
    """A photo's file cannot be read."""

    code = "photo_gone"
    zh = "照片文件不在了，或读不出来，办公室没有收到。"
    en = "The photo's file is gone or cannot be read, and the office never had it."


class PhotoChanged(PhotoLost):
    """A photo's file is not, byte for byte, what was taken."""

    code = "photo_changed"
    zh = "照片文件被改动过，已不是拍下的那一份，办公室没有收到。"
    en = "The photo's file was changed since it was taken, and the office never had the true one."
