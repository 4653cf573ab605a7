"""How a statement reaches the server and how its answer comes back."""
