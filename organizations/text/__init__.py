"""Rules for texts that people and programs enter."""
