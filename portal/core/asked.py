"""The request as views read it: a form of not too many fields, of words without NUL, which PostgreSQL refuses."""

from __future__ import annotations

from functools import cached_property
from io import BytesIO
from typing import IO, Any, Final

from htmx_flask.requests import HtmxAwareRequest
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

#: Fields of one plain form: a hundred times what any of ours has. A million of them cost a second.
MOST_FIELDS: Final = 20_000


class FormParser(FormDataParser):
    """Werkzeug's, which counts the fields of multipart forms only."""

    def _parse_urlencoded(self, stream: IO[bytes], *rest: Any) -> Any:  # noqa: ANN401 - werkzeug's own signature
        body = stream.read()
        if body.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge
        return super()._parse_urlencoded(BytesIO(body), *rest)


class Request(HtmxAwareRequest):  # type: ignore[misc]  # the library carries no types
    """Flask's request with htmx's headers. A search for a NUL is a search for nothing, on every engine."""

    form_data_parser_class = FormParser

    @cached_property
    def args(self) -> MultiDict[str, str]:
        return _without_nul(super().args)

    def _load_form_data(self) -> None:
        if "form" not in self.__dict__:
            super()._load_form_data()
            self.__dict__["form"] = _without_nul(self.__dict__["form"])


def _without_nul(values: MultiDict[str, Any]) -> MultiDict[str, Any]:
    pairs = list(values.items(multi=True))
    if not any("\0" in name or "\0" in value for name, value in pairs):
        return values
    return ImmutableMultiDict((name.replace("\0", ""), value.replace("\0", "")) for name, value in pairs)
