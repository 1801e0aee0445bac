"""Inside the engine: the backward pass op by op, signals through deep networks, and mistakes."""
