"""The tax office's business-status service: whether a business number is active, suspended, closed or unknown.

Which number is what follows from the number, unless `/_control/business` says otherwise: a number that fails its check
digit is unknown; else the four digits of the serial decide (see SERIALS); every other number is active.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from portal.core.clock import SEOUL
from portal.sandbox.world import Service, World

PREFIX = "/api/nts-businessman/v1"
MOST_PER_CALL = 100
STATES = {
    "active": ("01", "계속사업자"),
    "suspended": ("02", "휴업자"),
    "closed": ("03", "폐업자"),
    "unknown": ("", ""),
}
TAX_TYPES = {
    "01": "부가가치세 일반과세자",
    "02": "부가가치세 간이과세자",
    "03": "부가가치세 면세사업자",
    "04": "비영리법인 또는 국가기관",
    "05": "수익사업을 영위하지 않는 비영리법인",
    "06": "고유번호가 부여된 단체",
    "07": "부가가치세 간이과세자(세금계산서 발급사업자)",
}
UNREGISTERED = "국세청에 등록되지 않은 사업자등록번호입니다."
#: Digits 6 to 9 -> state and tax type: 101-81-90020 has the serial 9002.
SERIALS = {
    "9002": ("suspended", "01"),
    "9003": ("closed", "01"),
    "9004": ("unknown", ""),
    "9005": ("active", "02"),
    "9006": ("active", "03"),
    "9007": ("active", "07"),
}
_REQUIRED = ("b_no", "start_dt", "p_nm")


def service() -> Service:
    return Service("business-status", "사업자 상태조회", PREFIX, _blueprint)


def standing(world: World, number: str) -> dict[str, str]:
    """What is on record of a number: `state`, `tax_type_cd`, `end_dt`, and perhaps `p_nm` and `start_dt`."""
    told = world.store.rows("SELECT * FROM business WHERE number = ?", number)
    if told:
        return {key: str(value) for key, value in told[0].items() if key != "number"}
    state, tax_type = "unknown", ""
    if _may_exist(number):
        state, tax_type = SERIALS.get(number[5:9], ("active", _tax_type(number[3:5])))
    end = f"{world.now().astimezone(SEOUL):%Y}0630" if state == "closed" else ""
    return {"state": state, "tax_type_cd": tax_type, "end_dt": end, "p_nm": "", "start_dt": ""}


def _may_exist(number: str) -> bool:
    """Whether the tax office could have given this number. Reckoned apart from the portal's own check, as outside."""
    if not re.fullmatch(r"[1-9][0-9]{9}", number):
        return False
    digits = [int(letter) for letter in number]
    weighted = [digit * weight for digit, weight in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5, 1), strict=True)]
    return (sum(weighted) + weighted[8] // 10) % 10 == 0


def _digits(text: str) -> str:
    return text.replace("-", "").replace(" ", "")


def _tax_type(kind: str) -> str:
    """By the middle digits: 90 to 99 are exempt persons, 82 and 83 bodies without profit or of the state."""
    if kind >= "90":
        return "03"
    return "04" if kind in {"82", "83"} else "01"


def _record(world: World, number: str) -> dict[str, str]:
    """One entry of the answer's `data`."""
    found = standing(world, number)
    code, name = STATES[found["state"]]
    known = code != ""
    return {
        "b_no": number,
        "b_stt": name,
        "b_stt_cd": code,
        "tax_type": TAX_TYPES[found["tax_type_cd"]] if known else UNREGISTERED,
        "tax_type_cd": found["tax_type_cd"] if known else "",
        "end_dt": found["end_dt"] if known else "",
        "utcc_yn": "N" if known else "",
        "tax_type_change_dt": "",
        "invoice_apply_dt": "",
        "rbf_tax_type": "해당없음" if known else "",
        "rbf_tax_type_cd": "99" if known else "",
    }


def _blueprint(world: World) -> Blueprint:
    both = Blueprint("business_status", __name__)
    both.register_blueprint(_api(world))
    both.register_blueprint(_control(world))
    return both


def _api(world: World) -> Blueprint:
    """What the tax office offers."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)

    @api.before_request
    def check_key() -> ResponseReturnValue | None:
        key = request.args.get("serviceKey", "")
        if not key:
            return jsonify(code=-401, msg="인증키는 필수 항목 입니다."), 401
        if key != (world.settings.nts_status_key or "sandbox"):
            return jsonify(code=-4, msg="등록되지 않은 인증키 입니다."), 400
        return None

    @api.post("/status")
    def status() -> ResponseReturnValue:
        numbers = _list_of("b_no")
        if isinstance(numbers, Response):
            return numbers
        if not all(isinstance(number, str) for number in numbers):
            return _refused("REQUEST_DATA_MALFORMED", 411)
        records = [_record(world, _digits(number)) for number in numbers]
        registered = sum(1 for record in records if record["b_stt_cd"])
        return jsonify(request_cnt=len(numbers), match_cnt=registered, status_code="OK", data=records)

    @api.post("/validate")
    def validate() -> ResponseReturnValue:
        businesses = _list_of("businesses")
        if isinstance(businesses, Response):
            return businesses
        if not all(isinstance(asked, dict) and all(asked.get(name) for name in _REQUIRED) for asked in businesses):
            return _refused("REQUEST_DATA_MALFORMED", 411)
        answers = [_validated(world, asked) for asked in businesses]
        valid = sum(1 for answer in answers if answer["valid"] == "01")
        return jsonify(request_cnt=len(businesses), valid_cnt=valid, status_code="OK", data=answers)

    return api


def _control(world: World) -> Blueprint:
    """`/_control/business`: GET what was told and the rules, POST one number's standing, DELETE what was told."""
    control = Blueprint("control", __name__, url_prefix="/_control/business")

    @control.get("")
    def told() -> ResponseReturnValue:
        rules = {serial: {"state": state, "tax_type_cd": tax_type} for serial, (state, tax_type) in SERIALS.items()}
        return jsonify(told=world.store.rows("SELECT * FROM business ORDER BY number"), serials=rules)

    @control.post("")
    def tell() -> ResponseReturnValue:
        """`{"number","state","tax_type_cd"?,"end_dt"?,"p_nm"?,"start_dt"?}`: from now on this number is so."""
        wanted: Any = request.get_json(force=True, silent=True)
        problem = _problem(wanted)
        if problem:
            return jsonify(error=problem), 400
        number = _digits(wanted["number"])
        tax_type = wanted.get("tax_type_cd") or ("" if wanted["state"] == "unknown" else _tax_type(number[3:5]))
        values = (number, wanted["state"], tax_type, *(wanted.get(name, "") for name in ("end_dt", "p_nm", "start_dt")))
        with world.store.open() as rows:
            rows.execute(
                "REPLACE INTO business (number, state, tax_type_cd, end_dt, p_nm, start_dt) VALUES (?,?,?,?,?,?)",
                values,
            )
        return jsonify(_record(world, number))

    @control.delete("")
    def forget() -> ResponseReturnValue:
        with world.store.open() as rows:
            rows.execute("DELETE FROM business")
        return "", 204

    return control


def _list_of(name: str) -> list[Any] | Response:
    """The list under `name` in the request's JSON, or the refusal to answer with."""
    try:
        sent = json.loads(request.get_data())
    except ValueError:
        return _refused("BAD_JSON_REQUEST", 400)
    values = sent.get(name) if isinstance(sent, dict) else None
    if not isinstance(values, list) or not values:
        return _refused("REQUEST_DATA_MALFORMED", 411)
    if len(values) > MOST_PER_CALL:
        return _refused("TOO_LARGE_REQUEST", 413)
    return values


def _refused(code: str, status: int) -> Response:
    answer = jsonify(status_code=code)
    answer.status_code = status
    return answer


def _validated(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Whether number, opening day and owner belong together; what was never told is taken to fit."""
    number = _digits(str(asked["b_no"]))
    found, record = standing(world, number), _record(world, number)
    fits = record["b_stt_cd"] != "" and all(
        not found[name] or found[name] == asked[name] for name in ("p_nm", "start_dt")
    )
    answer: dict[str, Any] = {"b_no": number, "valid": "01" if fits else "02", "request_param": asked}
    return {**answer, "status": record} if fits else {**answer, "valid_msg": "확인할 수 없습니다."}


def _problem(wanted: Any) -> str | None:  # noqa: ANN401 - whatever JSON came in
    if not isinstance(wanted, dict) or not re.fullmatch(r"[0-9]{10}", _digits(str(wanted.get("number", "")))):
        return "number must have ten digits"
    if wanted.get("state") not in STATES:
        return f"state must be one of {', '.join(STATES)}"
    if wanted.get("tax_type_cd", "") not in {"", *TAX_TYPES}:
        return f"tax_type_cd must be one of {', '.join(TAX_TYPES)}"
    if not all(isinstance(wanted.get(name, ""), str) for name in ("end_dt", "p_nm", "start_dt")):
        return "end_dt, p_nm and start_dt must be texts"
    return None
