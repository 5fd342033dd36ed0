"""How a question to those who decide is opened, told and answered. Pure: one module per kind."""
