"""The installation: embedded parts, stubs, containers, and chorale up itself."""
