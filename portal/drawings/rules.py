"""What follows from a name, a number or a role alone: no clock, no database, no Flask."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

from portal.rendering.reasons import listing
from portal.rendering.sniff import UNICODE_SINCE, readable_dwg
from portal.tenants.rules import RIGHTS, Right

#: Who looks at drawings and takes them away, and who also changes them. The billing role sees none.
LOOKS = RIGHTS[Right.LOOK]
CHANGES = RIGHTS[Right.CHANGE]

LONGEST_NAME = 200
NAMELESS = "이름 없는 도면"
#: What a file may be to be kept: all of these are drawings, though not all can be shown.
DRAWING_KINDS = frozenset({"dxf", "dxf-binary", "dwg", "pdf"})
#: What a file may be that drawings place as a picture: kept beside them, shown only in them.
PICTURE_KINDS = frozenset({"png", "jpeg", "tiff"})
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
#: Plot styles are kept beside the drawings too, for plots that ask for them.
STYLE_KINDS = frozenset({"ctb", "stb"})
STYLE_ENDINGS = (".ctb", ".stb")
KIND_WORDS = {"dxf": "DXF", "dxf-binary": "DXF(이진)", "dwg": "DWG", "pdf": "PDF"}
#: What a file that is no drawing is called, where its kind is not the name people know it by.
OTHER_WORDS = {"text": "글 파일", "html": "웹 문서", "unknown": "알 수 없는 형식"}

#: The code pages a person can have a drawing's letters read in, by Python's name; "" is what the bytes say.
CODE_PAGES = {
    "": "자동",
    "cp949": "한국어 (CP949)",
    "utf-8": "유니코드 (UTF-8)",
    "johab": "한국어 조합형 (Johab)",
    "cp932": "일본어 (Shift-JIS)",
    "gb18030": "중국어 간체 (GB18030)",
    "cp950": "중국어 번체 (Big5)",
    "cp1251": "키릴 문자 (CP1251)",
    "cp1252": "서유럽 (Latin-1)",
}
#: "A-201", "S-310.2", "KS-A-0012", "A201", "M 114": one to four letters, then digits, as Korean offices number sheets.
_NUMBER = re.compile(
    r"(?P<number>[A-Za-z]{1,4}(?:[-_][A-Za-z]{1,3})?[-_ ]?[0-9]{1,5}(?:[-.][0-9]{1,4}){0,2}[A-Za-z]?)(?=$|[\s_\-.,()\[\]]|[가-힣])"
)
_SEPARATORS = re.compile(r"^[\s_\-.,]+|[\s_\-.,]+$")
#: Leaders and marks that turn a name around or hide in it; a name with them reads as another one than it is.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def letter(position: int) -> str:
    """The letter of the n-th revision, from 1: A … Z, AA, AB …"""
    letters = ""
    while position > 0:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def clean_name(sent: str) -> str:
    """What a person called a file: NFC, without folders and invisible letters, at most 200 letters, never empty.

    It is data to show and compare. No path is ever made of it.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", sent))[-1]
    seen = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in last)
    seen = "".join(sign for sign in seen if unicodedata.category(sign) not in _UNSEEN)
    name = " ".join(seen.split())
    if not name.strip(". "):
        return NAMELESS
    stem, dot, extension = name.rpartition(".")
    if dot and stem and len(extension) <= 8:  # noqa: PLR2004 - longer is a sentence with a full stop, no extension
        return f"{stem[: LONGEST_NAME - len(extension) - 1].rstrip()}.{extension}"
    return name[:LONGEST_NAME]


def stem_of(file_name: str) -> str:
    """The name without its extension."""
    stem, dot, extension = file_name.rpartition(".")
    return stem if dot and stem and len(extension) <= 8 else file_name  # noqa: PLR2004


def name_key(file_name: str) -> str:
    """The name as it is compared: two files with the same key in a folder are revisions of one drawing."""
    return " ".join(unicodedata.normalize("NFKC", stem_of(file_name)).casefold().split())[:LONGEST_NAME]


def kinds_beside(file_name: str) -> frozenset[str]:
    """What a file of this name may be to be kept beside the drawings; they name theirs with these endings, and find no other."""
    name = file_name.casefold()
    if name.endswith(PICTURE_ENDINGS):
        return PICTURE_KINDS
    return STYLE_KINDS if name.endswith(STYLE_ENDINGS) else frozenset()


def folder_key(name: str) -> str:
    """A folder's name as it is compared with its brothers and sisters."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def number_and_title(file_name: str) -> tuple[str, str]:
    """The drawing number and the title in a file name: "A-201_기준층 평면도.dxf" -> ("A-201", "기준층 평면도").

    A name without a number is all title; one that is all number has no title.
    """
    stem = stem_of(file_name).strip()
    found = _NUMBER.match(stem)
    if found is None:
        return "", stem
    number = found["number"].replace("_", "-").replace(" ", "-").upper()
    title = _SEPARATORS.sub("", stem[found.end() :].replace("_", " "))
    return number, title


def disposition(file_name: str) -> str:
    """Content-Disposition of a download (RFC 6266): the name in UTF-8, and a plain one for programs that know no other."""
    stem = stem_of(file_name)
    plain = _plain(stem) or "drawing"
    extension = _plain(file_name[len(stem) + 1 :])
    plain = f"{plain}.{extension}" if extension else plain
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _plain(words: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._ -]", "", ascii_only).strip(" .-_")


def not_drawn(total: int, skipped: dict[str, int]) -> str:
    """The status line of a picture that is not whole: "개체 1,508개 중 3개 표시하지 못함: 3DSOLID"."""
    count = sum(skipped.values())
    if not count:
        return ""
    types = ", ".join(sorted(skipped, key=lambda name: (-skipped[name], name))[:4])
    more = f" 외 {len(skipped) - 4}종" if len(skipped) > 4 else ""  # noqa: PLR2004 - as many as fit a line
    return f"개체 {total:,}개 중 {count:,}개 표시하지 못함: {types}{more}"


def not_drawn_list(skipped: dict[str, int]) -> str:
    """The same in full, with a figure for each type."""
    return listing(skipped, most=len(skipped) or 1)


def drawn_as(version: str, code_page: str, given_key: str = "") -> str:
    """What a render is kept under beside its content: the renderer, the code page a person chose, and its references."""
    return "-".join(part for part in (version, code_page, given_key) if part)


def has_code_page(kind: str, version: str) -> bool:
    """Whether the letters of a file may be read in one code page or another.

    A text DXF of any version, because its bytes often are not what its header says; a DWG from before Unicode.
    """
    return kind == "dxf" or (kind == "dwg" and readable_dwg(version) and version < UNICODE_SINCE)


def code_page_word(encoding: str) -> str:
    """The name of an encoding for a person; its own for one that is not offered."""
    return CODE_PAGES.get(encoding, encoding.upper()) if encoding else ""


def below(folder_id: int, parents: Iterable[tuple[int, int | None]]) -> set[int]:
    """The ids of a folder and of all folders below it, by (id, parent id) of every folder."""
    children: dict[int | None, list[int]] = {}
    for child, parent in parents:
        children.setdefault(parent, []).append(child)
    found, open_ends = set(), [folder_id]
    while open_ends:
        current = open_ends.pop()
        if current not in found:
            found.add(current)
            open_ends.extend(children.get(current, ()))
    return found
