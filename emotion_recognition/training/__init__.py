"""Making the weights: scripts that train each part of the model."""
