"""Inside the engine: the backward pass op by op, and signals through deep networks."""
