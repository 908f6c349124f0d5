"""Reading forms off a page as a browser without script does."""

import pytest

from xmo_demo.forms import Form, read

ASK = """
<form method="POST" action="/a/T"><fieldset>
<label><input type="radio" name="feeling" value="good" required> Good</label>
<label><input type="radio" name="feeling" value="bad"> Bad</label></fieldset>
<input type="text" name="aside">
<button>Send</button><button form="decline" name="why" value="none">No</button></form>
<form id="decline" method="post" action="/a/T/decline"></form>
<form method="get" action="/search"><input type="radio" name="feeling" value="very_bad"></form>
"""


def test_the_choices_of_a_form_are_those_between_its_tags() -> None:
    assert read(ASK) == [
        Form(action="/a/T", offered={"feeling": ["good", "bad"]}),
        Form(action="/a/T/decline", offered={}),
    ]


def test_a_named_button_is_a_choice_too() -> None:
    buttons = '<button name="more" value="yes">Yes</button><button name="more" value="no">No</button>'
    page = f'<form method="post" action="/a">{buttons}</form>'
    assert read(page) == [Form(action="/a", offered={"more": ["yes", "no"]})]


def test_a_page_without_forms_has_none() -> None:
    assert read("<p>Thank you.</p><button name='stray' value='1'>") == []


def test_what_is_wanted_and_offered_is_posted() -> None:
    form = Form(action="/a", offered={"feeling": ["good", "bad"], "choices": ["good"], "time": ["yes"]})
    assert form.filled({"feeling": "bad", "choices": None, "other": "x"}) == {"feeling": "bad"}


def test_a_value_that_is_not_on_offer_cannot_be_chosen() -> None:
    with pytest.raises(ValueError, match="offers no feeling=splendid, only good, bad"):
        Form(action="/a", offered={"feeling": ["good", "bad"]}).filled({"feeling": "splendid"})
