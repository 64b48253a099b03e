"""What the library says of a wrong field is Korean in every form of every room."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest
import wtforms
from werkzeug.datastructures import MultiDict
from wtforms.fields.choices import SelectChoice

import portal
from portal.core.forms import Form

ROOMS = [one.name for one in pkgutil.iter_modules(portal.__path__) if one.ispkg]


def every_form() -> list[type[wtforms.Form]]:
    found: set[type[wtforms.Form]] = set()
    for room in ROOMS:
        try:
            module = importlib.import_module(f"portal.{room}.forms")
        except ModuleNotFoundError:
            continue
        found |= {
            one
            for one in vars(module).values()
            if isinstance(one, type) and issubclass(one, wtforms.Form) and one is not Form
        }
    return sorted(found, key=lambda one: (one.__module__, one.__name__))


def test_every_form_derives_from_ours() -> None:
    assert len(every_form()) > 20
    assert [one for one in every_form() if not issubclass(one, Form)] == []


class Plain(Form):
    number = wtforms.IntegerField()
    choice = wtforms.SelectField(choices=[SelectChoice("a", "가")])
    several = wtforms.SelectMultipleField(choices=[SelectChoice("a", "가")])
    day = wtforms.DateField()


@pytest.mark.parametrize("name", ["number", "choice", "several", "day"])
def test_what_the_library_says_is_korean(name: str) -> None:
    form = Plain(MultiDict({name: "없는 것"}))
    assert not form.validate()
    (said,) = form[name].errors
    assert re.search("[가-힣]", said)
    assert not re.search("[A-Za-z]{3}", said), said
