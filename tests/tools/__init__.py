"""What writes the committed files that follow from the code, and what compares them."""
