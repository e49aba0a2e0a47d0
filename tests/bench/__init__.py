"""`make bench`: how fast Patchbay is, beside what the machine could do at that moment."""
