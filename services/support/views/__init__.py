"""What support shows of its own. Read side only."""
