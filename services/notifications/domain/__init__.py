"""Which letter follows which fact, and what becomes of it: one module per kind of thing. Pure."""
