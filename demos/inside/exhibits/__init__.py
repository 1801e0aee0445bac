"""The exhibits of the museum of mistakes, by the model that is trained with them."""
