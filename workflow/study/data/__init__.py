"""Where samples and first parameters come from, and what is known about them."""
