"""Sign-in of people: Patchbay's changes to django-allauth."""
