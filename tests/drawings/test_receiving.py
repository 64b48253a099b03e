"""Files come in: each on its own, under its own name, as a new drawing or the next revision."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from portal.core import blobs as blob_store
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.outbox import CompanyMessage
from portal.drawings import corrections, receiving, rules, service
from portal.drawings.models import Drawing, Upload, UploadOutcome
from portal.drawings.receiving import Place
from tests.drawings.world import World

GIF = b"GIF89a" + b"0" * 200


def test_one_bad_file_never_loses_the_others(world: World, dxf: Callable[..., bytes]) -> None:
    lines = world.send(
        "alice", ("A-1 하나.dxf", dxf("하나")), ("그림.dxf", GIF), ("빈.dxf", b""), ("A-2 둘.dxf", dxf("둘"))
    )
    assert [line.outcome for line in lines] == [
        UploadOutcome.NEW,
        UploadOutcome.REFUSED,
        UploadOutcome.REFUSED,
        UploadOutcome.NEW,
    ]
    assert [line.status for line in lines] == [201, 415, 422, 201]
    assert "도면 파일이 아닙니다(gif)" in lines[1].message
    assert "DXF, DWG, PDF로 저장해" in lines[1].next_step
    assert [drawing.label for drawing in world.drawings("alice")] == ["A-1 하나", "A-2 둘"]


def test_a_text_is_called_what_people_call_it(world: World) -> None:
    (line,) = world.send("alice", ("회의록.dxf", "지난주 회의에서 정한 것".encode()))
    assert "도면 파일이 아닙니다(글 파일)" in line.message


def test_a_file_is_announced_and_audited_by_ids_only(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("비밀 도면.dxf", dxf("비밀")))
    messages = world.store("alice").scalars(select(CompanyMessage)).all()
    assert {(one.kind, one.name) for one in messages} == {
        ("event", "drawing.changed"),
        ("event", "revision.received"),
        ("event", "usage.happened"),
        ("job", "drawings.render"),
    }
    told = [one.args for one in messages if one.name != "usage.happened"]
    assert all(args == [world.people["alice"].tenant_id, line.revision_id] for args in told)
    assert "비밀" not in str([one.args for one in messages])
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "drawing.received")).all()
    assert len(entries) == 1
    assert "비밀" not in str(entries[0].details)


def test_the_same_name_in_the_same_folder_is_the_next_revision(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("A-201 기준층.dxf", dxf("첫째")))
    (line,) = world.send("bob", ("a-201  기준층.DXF", dxf("둘째")))
    (drawing,) = world.drawings("alice")
    assert line.outcome == UploadOutcome.REVISED
    assert line.revision.letter == "B"
    assert drawing.newest_id == line.revision_id


def test_a_new_revision_starts_its_standing_again(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("A-201.dxf", dxf("첫째")))
    (drawing,) = world.drawings("alice")
    for verb in ("submit", "approve", "release"):
        service.advance(world.people["alice"], drawing.id, verb)
    assert drawing.state == "released"
    world.send("alice", ("A-201.dxf", dxf("둘째")))
    assert world.drawings("alice")[0].state == "draft"


def test_whoever_wants_a_new_drawing_gets_one(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("A-201.dxf", dxf("첫째")))
    (line,) = world.send("alice", ("A-201.dxf", dxf("둘째")), place=Place(always_new=True))
    assert line.outcome == UploadOutcome.NEW
    assert len(world.drawings("alice")) == 2


def test_the_same_name_elsewhere_is_another_drawing(world: World, dxf: Callable[..., bytes]) -> None:
    folder = service.new_folder(world.people["alice"], "송도 B7")
    world.send("alice", ("A-201.dxf", dxf("첫째")))
    (line,) = world.send("alice", ("A-201.dxf", dxf("둘째")), place=Place(folder_id=folder.id))
    assert line.outcome == UploadOutcome.NEW


def test_the_same_content_is_recognised_and_may_still_be_listed(world: World, dxf: Callable[..., bytes]) -> None:
    content = dxf("같음")
    world.send("alice", ("A-1.dxf", content))
    (line,) = world.send("alice", ("다른 이름.dxf", content))
    assert line.outcome == UploadOutcome.KNOWN
    assert line.message == "같은 내용의 개정이 이미 있습니다."
    assert len(world.drawings("alice")) == 1
    corrections.keep_anyway(world.people["alice"], line.id, None)
    assert [drawing.label for drawing in world.drawings("alice")] == ["A-1", "다른 이름"]
    with pytest.raises(Refusal):
        corrections.keep_anyway(world.people["alice"], line.id, None)


def test_the_same_content_in_another_company_is_nobodys_business(world: World, dxf: Callable[..., bytes]) -> None:
    content = dxf("같음")
    world.send("alice", ("A-1.dxf", content))
    (line,) = world.send("charlie", ("A-1.dxf", content))
    assert line.outcome == UploadOutcome.NEW


def test_the_same_number_is_offered_as_a_revision_and_may_be_joined(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("A-201 기준층.dxf", dxf("첫째")))
    (line,) = world.send("alice", ("A-201 기준층 수정.dxf", dxf("둘째")))
    first = world.drawings("alice")[0]
    assert receiving_offer(world, line) == first.id
    revision = corrections.join(world.people["alice"], line.id, first.id)
    assert (revision.drawing_id, revision.letter) == (first.id, "B")
    assert len(world.drawings("alice")) == 1
    assert world.store("alice").get(Drawing, first.id).newest_id == revision.id


def receiving_offer(world: World, line: Upload) -> int:
    offer = corrections.same_number(world.people["alice"], line)
    assert offer is not None
    return offer.id


def test_what_became_a_revision_by_its_name_may_be_parted(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("A-201.dxf", dxf("첫째")))
    (line,) = world.send("alice", ("A-201.dxf", dxf("둘째")))
    corrections.part(world.people["alice"], line.id)
    first, second = world.drawings("alice")
    assert (first.newest.letter, second.newest.letter) == ("A", "A")
    assert second.newest_id == line.revision_id


def test_a_file_over_the_limit_is_told_and_listed_nowhere(
    world: World, dxf: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LARGEST_FILE", 1024 * 1024)
    (line,) = world.send("alice", ("큰.dxf", dxf("큰") + b"\n" * 1024 * 1024))
    assert (line.outcome, line.status) == (UploadOutcome.REFUSED, 413)
    assert "1 MB보다 큽니다" in line.message
    assert world.drawings("alice") == []
    assert list(blob_store.blobs().keys()) == []


def test_a_full_disk_is_told_and_listed_nowhere(
    world: World, dxf: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "RESERVE", 1 << 62)
    (line,) = world.send("alice", ("A-1.dxf", dxf("하나")))
    assert (line.outcome, line.status) == (UploadOutcome.REFUSED, 507)
    assert world.drawings("alice") == []


def test_viewers_and_billing_hand_nothing_in(world: World, dxf: Callable[..., bytes]) -> None:
    for name in ("vera", "bill"):
        with pytest.raises(Forbidden):
            world.send(name, ("A-1.dxf", dxf("하나")))
    assert world.drawings("alice") == []


def test_an_upload_line_belongs_to_the_one_who_sent_it(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("하나")))
    assert receiving.lines_of(world.people["alice"], line.batch) == [line]
    assert receiving.lines_of(world.people["bob"], line.batch) == []
    with pytest.raises(NotFound):
        corrections.part(world.people["bob"], line.id)


def test_a_drawing_in_the_bin_is_out_of_the_way_and_comes_back(world: World, dxf: Callable[..., bytes]) -> None:
    content = dxf("하나")
    world.send("alice", ("A-1.dxf", content))
    (drawing,) = world.drawings("alice")
    service.delete(world.people["bob"], [drawing.id])
    with pytest.raises(NotFound):
        service.drawing_for(world.people["alice"], drawing.id)
    (line,) = world.send("alice", ("A-1.dxf", content))
    assert line.outcome == UploadOutcome.NEW
    service.restore(world.people["bob"], [drawing.id])
    service.restore(world.people["bob"], [drawing.id])
    assert len(world.drawings("alice")) == 2


def test_folders_differ_in_name_and_vanish_only_when_empty(world: World, dxf: Callable[..., bytes]) -> None:
    alice = world.people["alice"]
    top = service.new_folder(alice, "송도 B7블록")
    with pytest.raises(Refusal, match="이미 있습니다"):
        service.new_folder(alice, "송도  b7블록")
    below = service.new_folder(alice, "송도 B7블록", top.id)
    world.send("alice", ("A-1.dxf", dxf("하나")), place=Place(folder_id=below.id))
    with pytest.raises(Refusal, match="비어 있지 않습니다"):
        service.remove_folder(alice, below.id)
    service.move(alice, [world.drawings("alice")[0].id], None)
    assert service.remove_folder(alice, below.id) == top.id


def test_ids_of_another_company_are_absent(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("A-1.dxf", dxf("하나")), ("A-2.dxf", dxf("둘")))
    world.send("charlie", ("C-1.dxf", dxf("셋")))
    second = world.drawings("alice")[1]
    with pytest.raises(NotFound):
        service.drawing_for(world.people["charlie"], second.id)
    with pytest.raises(NotFound):
        service.delete(world.people["charlie"], [world.drawings("charlie")[0].id, second.id])
    assert len(world.drawings("charlie")) == 1
    with pytest.raises(NotFound):
        service.drawing_for(world.people["charlie"], 2**40)


def test_the_name_of_a_file_never_becomes_a_path(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("../../../도면.dxf", dxf("하나")))
    (key,) = blob_store.blobs().keys()
    assert key.split("/")[0] == "bcdfghjkmnpq"
    assert rules.clean_name("../../../도면.dxf") == world.newest("alice").file_name == "도면.dxf"
