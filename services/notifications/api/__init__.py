"""What notifications answers over HTTP."""
