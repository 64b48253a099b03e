"""What quality shows in the demo: a build server's reports with a failure that came back, and a customer's change requests."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from portal.core.gate import Caller, KeyHolder
from portal.quality import changes, service
from portal.quality.builds import BuildFacts, Sent

JOB = "planroom"
SUITE = "tests.drawings.test_viewer"
PASSED, SKIPPED = "", "건너뜀"
#: Build -> test -> why it failed. #41 mends what #38 showed; #42 shows it again.
BUILDS: dict[int, dict[str, str]] = {
    38: {"test_layers_follow": "assert 3 == 4", "test_fit": PASSED, "test_print": PASSED},
    39: {"test_layers_follow": PASSED, "test_fit": PASSED, "test_print": PASSED},
    40: {"test_layers_follow": PASSED, "test_fit": PASSED, "test_print": SKIPPED},
    41: {"test_layers_follow": PASSED, "test_fit": PASSED, "test_print": PASSED},
    42: {"test_layers_follow": "assert 3 == 4", "test_fit": PASSED, "test_print": "TimeoutError: 30 s"},
}
REQUESTS = (
    ("치수 문자가 도면 밖으로 나갑니다", "A-201 에서 축 치수가 겹쳐 읽기 어렵습니다. 확대하면 문자만 커집니다."),
    ("협력사별로 폴더 권한을 나누고 싶습니다", "구조와 설비 협력사가 서로의 폴더를 보지 않게 해 주십시오."),
)


def make_quality(owner: Caller, developer: Caller) -> None:
    """Reports of five builds and two requests; made again, nothing is added."""
    holder = KeyHolder(key_id=0, scope="reports")
    for number, cases in BUILDS.items():
        facts = BuildFacts(job=JOB, number=number, branch="main", platform="linux", authors=(developer.email,))
        service.take_in(holder, facts, [Sent("TEST-viewer.xml", _report(cases.items()))])
    for place, (title, body) in enumerate(REQUESTS):
        request = changes.file(owner, f"demo-request-{place}", title, body)
        if place == 0 and request.assignee_id is None:
            changes.take(developer, request.id)
            changes.answer(developer, request.id, "같은 현상을 확인했습니다. 다음 배포에서 고치겠습니다.")


def _report(cases: Iterable[tuple[str, str]]) -> bytes:
    lines = []
    for name, why in cases:
        inside = "<skipped/>" if why == SKIPPED else f"<failure message={quoteattr(why)}/>" if why else ""
        lines.append(f"<testcase classname={quoteattr(SUITE)} name={quoteattr(name)}>{inside}</testcase>")
    return f'<testsuite name="pytest">{"".join(lines)}</testsuite>'.encode()
