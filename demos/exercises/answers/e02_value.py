"""02 Value   ★   20 minutes

    y = a + b       ȳ goes to both: ā += ȳ, b̄ += ȳ
    y = a · b       ā += b·ȳ, b̄ += a·ȳ
    y = tanh(a)     ā += (1 - y²)·ȳ

    Value(data)     a number that remembers what it was computed from; its gradient is .grad
    a + b, a * b    two Values -> Value
    a.tanh()        Value -> Value

Given: __init__ and backward, which walks from the last result to the first and calls each Value's
pull. To write: what + and * and tanh return, with a pull that adds to the .grad of the inputs;
y.grad is ȳ, the gradient by y. Use math.tanh. Not allowed: tinygen.

By hand: with a = 2 and b = 3, y = a·b + a is 8. a is used twice, so its gradient adds up: b from
the product and 1 from the sum, 4 in all. The gradient by b is a = 2.

    python -m demos exercises check 02
"""
import math


class Value:
    def __init__(self, data, inputs=(), pull=None):
        self.data, self.grad = data, 0.0
        self.inputs, self.pull = inputs, pull  # pull() hands self.grad on to the inputs

    def backward(self):
        order, seen = [], set()

        def visit(value):
            if value not in seen:
                seen.add(value)
                for x in value.inputs:
                    visit(x)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            if value.pull:
                value.pull()

    def __add__(self, other):
        # ---- answer
        y = Value(self.data + other.data, (self, other))

        def pull():
            self.grad += y.grad
            other.grad += y.grad
        y.pull = pull
        return y
        # ---- end

    def __mul__(self, other):
        # ---- answer
        y = Value(self.data * other.data, (self, other))

        def pull():
            self.grad += other.data * y.grad
            other.grad += self.data * y.grad
        y.pull = pull
        return y
        # ---- end

    def tanh(self):
        # ---- answer
        y = Value(math.tanh(self.data), (self,))

        def pull():
            self.grad += (1 - y.data ** 2) * y.grad
        y.pull = pull
        return y
        # ---- end
