"""How the platform is run: all of it on one machine, or each service in its container."""
