"""How people come in: what we change about django-allauth."""
