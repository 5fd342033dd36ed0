"""What may happen to what the structures service keeps: one module per kind of thing. Pure."""
