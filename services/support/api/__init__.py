"""What support answers over HTTP: one module per kind of thing."""
