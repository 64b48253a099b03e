"""Why a file was refused or only partly drawn, as a code for programs and a sentence for the person who sent it."""

from __future__ import annotations

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "": "",
    "skipped": "도면의 개체 {total}개 중 {count}개를 표시하지 못했습니다: {types}. 원본 파일에는 그대로 남아 있습니다.",
    "recovered": "파일이 일부 손상되어 읽을 수 있는 부분만 표시했습니다. CAD에서 복구(RECOVER)한 뒤 다시 저장해 올려 주십시오.",
    "cut": "파일 끝이 잘려 있어 읽을 수 있는 부분만 표시했습니다. 원본을 다시 저장해 올려 주십시오.",
    "empty-file": "빈 파일입니다. 도면을 다시 저장해 올려 주십시오.",
    "not-a-drawing": "도면 파일이 아닙니다({kind}). DXF, DWG, PDF로 저장해 올려 주십시오.",
    "dwg-old": "DWG {version} 형식은 너무 오래되어 읽지 못합니다. CAD에서 DWG 2013이나 DXF로 다시 저장해 올려 주십시오.",
    "pdf-damaged": "PDF가 손상되어 열 수 없습니다. PDF를 다시 내보내 올려 주십시오.",
    "pdf-lost": "PDF가 손상되어 그려진 내용을 읽을 수 없습니다. PDF를 다시 내보내 올려 주십시오.",
    "pdf-recovered": "PDF가 일부 손상되어 읽을 수 있는 부분만 표시했습니다. PDF를 다시 내보내 올려 주십시오.",
    "pdf-locked": "암호가 걸린 PDF입니다. 암호를 풀어 다시 저장한 뒤 올려 주십시오.",
    "pdf-empty": "PDF에 쪽이 하나도 없습니다. PDF를 다시 내보내 올려 주십시오.",
    "pdf-page-size": "PDF의 용지 크기가 도면이라고 보기 어려워 표시할 수 없습니다. 용지 크기를 바로잡아 다시 내보내 주십시오.",
    "pdf-pages": "PDF {total}쪽 중 {shown}쪽만 표시하고 {left}쪽은 표시하지 않았습니다. 모두 보시려면 PDF를 나누어 올려 주십시오.",
    "pdf-skipped": "PDF {total}쪽 중 {count}쪽을 표시하지 못했습니다. 그 쪽을 다시 내보내 올려 주십시오.",
    "pdf-coarse": "{count}쪽은 낮은 해상도로 표시했습니다. 자세히 보시려면 PDF를 나누어 올려 주십시오.",
    "pdf-time": "PDF가 복잡하여 정해진 시간 안에 표시하지 못했습니다. 쪽을 나누거나 단순하게 다시 내보내 올려 주십시오.",
    "pdf-memory": "PDF가 복잡하여 정해진 메모리 안에서 표시하지 못했습니다. 쪽을 나누거나 단순하게 다시 내보내 올려 주십시오.",
    "plot-of-pdf": "PDF는 그대로 인쇄할 수 있는 파일입니다. 원본을 내려받아 인쇄해 주십시오.",
    "plot-no-sheet": "그 시트가 없습니다. 이 도면의 시트는 {count}개이며 0부터 셉니다. 다시 골라 주십시오.",
    "plot-too-small": "1:{scale}로는 도면({width} × {height} mm)이 용지에 들어가지 않습니다. 1:{fits} 또는 더 큰 용지를 골라 주십시오.",
    "too-large": "파일이 너무 큽니다({size} MB). 필요한 부분만 남겨 다시 저장해 올려 주십시오.",
    "too-many-lines": "파일이 너무 깁니다. PURGE로 쓰지 않는 내용을 지운 뒤 다시 저장해 올려 주십시오.",
    "damaged": "파일이 손상되어 열 수 없습니다. CAD에서 복구(RECOVER)한 뒤 다시 저장해 올려 주십시오.",
    "lost": "파일이 손상되어 도면 내용을 읽을 수 없습니다. CAD에서 복구(RECOVER)한 뒤 다시 저장해 올려 주십시오.",
    "empty-drawing": "도면에 표시할 개체가 없습니다. 모형 공간이나 배치에 그린 내용이 있는지 확인해 주십시오.",
    "nothing-drawn": "표시할 수 있는 개체가 없습니다: {types}. 2D 선으로 바꾸어 DXF로 다시 저장해 올려 주십시오.",
    "references-missing": "도면의 내용이 모두 참조 파일에 있습니다: {names}. 이 파일을 같은 폴더에 올려 주십시오.",
    "block-cycle": "블록 '{block}' 안에 자기 자신이 들어 있어 펼칠 수 없습니다. 블록 정의를 고쳐 다시 올려 주십시오.",
    "too-deep": "블록이 {depth}단계보다 깊게 겹쳐 있어 펼칠 수 없습니다. 블록을 분해해 다시 올려 주십시오.",
    "too-many-objects": "블록을 모두 펼치면 개체가 {count}개로 너무 많습니다(한도 {limit}개). 도면을 나누어 올려 주십시오.",
    "too-many-layers": "레이어가 {count}개로 너무 많습니다(한도 {limit}개). 쓰지 않는 레이어를 정리해 다시 올려 주십시오.",
    "output-too-large": "도면을 표시한 결과가 너무 큽니다. 도면을 나누어 올려 주십시오.",
    "time": "도면이 복잡하여 정해진 시간 안에 표시하지 못했습니다. 도면을 나누거나 정리(PURGE)해 다시 올려 주십시오.",
    "memory": "도면이 복잡하여 정해진 메모리 안에서 표시하지 못했습니다. 도면을 나누거나 정리(PURGE)해 다시 올려 주십시오.",
    "crashed": "도면을 표시하는 중에 문제가 생겼습니다. DXF로 다시 저장해 올려 주십시오. 계속되면 문의해 주십시오.",
    "unreadable": "파일을 읽을 수 없습니다. 파일을 다시 올려 주십시오.",
}


class Refused(Exception):  # noqa: N818 - it is an answer for a person, not a fault of the program
    """The file cannot be drawn; `reason` is a key of SENTENCES, `values` fill its sentence."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values

    @property
    def message(self) -> str:
        """Give the Korean sentence."""
        return sentence(self.reason, **self.values)


def sentence(reason: str, **values: object) -> str:
    """Give the Korean sentence of `reason`, numbers with thousands separators; raises KeyError for an unknown code."""
    shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
    return SENTENCES[reason].format(**shown)


def listing(skipped: dict[str, int], most: int = 4) -> str:
    """List skipped types for a sentence, the most frequent first: "3DSOLID 3개, MESH 1개 외 2종"."""
    ranked = sorted(skipped.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {count:,}개" for name, count in ranked[:most])
    return f"{shown} 외 {len(ranked) - most}종" if len(ranked) > most else shown
