"""The pages of imports and bulk changes."""
