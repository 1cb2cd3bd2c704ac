"""Steps along a gradient, in place on a flat tensor.

torch's own optimizers would load its compiler, about two seconds, for these lines.
"""

__all__ = ["OPTIMIZERS", "Adam", "GradientDescent"]


class GradientDescent:
    """Plain steps."""

    def __init__(self, parameters, learning_rate):
        self.learning_rate = learning_rate

    def step(self, parameters, gradient):
        """Move the parameters."""
        parameters.add_(gradient, alpha=-self.learning_rate)


class Adam:
    """Steps scaled by running means of the gradient and of its square.

    eps is 1e-8: with less, rounding noise of zero gradients makes steps of its own.
    """

    decay = 0.9
    square_decay = 0.999
    eps = 1e-8

    def __init__(self, parameters, learning_rate):
        self.learning_rate = learning_rate
        self.mean = parameters.new_zeros(parameters.shape)
        self.square = parameters.new_zeros(parameters.shape)
        self.n_steps = 0

    def moments(self):
        """Return the state as arrays."""
        mean, square = (each.cpu().numpy() for each in (self.mean, self.square))
        return {"mean": mean, "square": square, "n_steps": self.n_steps}

    def resume(self, moments):
        """Take over a state that `moments` has returned."""
        self.mean = self.mean.new_tensor(moments["mean"])
        self.square = self.square.new_tensor(moments["square"])
        self.n_steps = moments["n_steps"]

    def step(self, parameters, gradient):
        """Move the parameters."""
        self.n_steps += 1
        self.mean.mul_(self.decay).add_(gradient, alpha=1 - self.decay)
        self.square.mul_(self.square_decay)
        self.square.addcmul_(gradient, gradient, value=1 - self.square_decay)
        scale = (1 - self.square_decay**self.n_steps) ** 0.5
        length = self.learning_rate / (1 - self.decay**self.n_steps)
        spread = (self.square.sqrt() / scale).add_(self.eps)
        parameters.addcdiv_(self.mean, spread, value=-length)


OPTIMIZERS = {"adam": Adam, "gd": GradientDescent}
