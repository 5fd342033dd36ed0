"""The numbers of the platform, each against its bound: ``python -m tests.bench``."""
