"""Pure functions that parse, validate and format phone numbers, without a database."""
