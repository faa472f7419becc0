"""How far the answer moves: with what was chosen, and with the last digits of a start."""
