"""The widget that draws long lists of choices by itself."""

from django import forms
from django.test.html import parse_html

from organizations.web.views.widgets import LongSelect

CHOICES = [("", "any"), ("1", "United <States>"), ("44", 'Britain "UK"')]


class Country(forms.Form):
    quick = forms.ChoiceField(choices=CHOICES, widget=LongSelect(attrs={"class": "x"}))
    plain = forms.ChoiceField(choices=CHOICES, widget=forms.Select(attrs={"class": "x"}))


def test_it_says_what_the_usual_one_says():
    form = Country({"quick": "44", "plain": "44"})
    drawn = str(form["quick"]).replace("quick", "plain")
    assert parse_html(drawn) == parse_html(str(form["plain"]))


def test_choices_are_escaped():
    assert "United &lt;States&gt;" in str(Country()["quick"])
