"""Accounts of people: invitations, e-mail addresses and sign-in."""
