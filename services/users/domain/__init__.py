"""What may happen to accounts, sessions and rattachements. Pure: one module per entity."""
