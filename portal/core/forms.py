"""The form that every room's forms derive from."""

from __future__ import annotations

import wtforms


class Form(wtforms.Form):  # type: ignore[misc]  # WTForms carries no types
    """What the library itself says of numbers, days and choices, it says in Korean."""

    class Meta(wtforms.meta.DefaultMeta):  # type: ignore[misc]  # WTForms carries no types
        """The library reads its settings here."""

        locales = ("ko",)
