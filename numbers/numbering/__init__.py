"""What a text says about a phone number: pure functions, without a database."""
