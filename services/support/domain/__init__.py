"""How a ticket is written, sent, treated and closed. Pure: one module per kind."""
