"""Modules that hold others: in a list, or one after the other."""
from tinygen.errors import describe
from tinygen.nn.module import Module


class ModuleList(Module):
    """A list of modules whose parameters are found: ModuleList([layer, layer, ...])."""

    def __init__(self, modules=()):
        if not hasattr(modules, "__iter__"):
            raise TypeError(f"{type(self).__name__}: takes a list of Modules, got "
                            f"{describe(modules)}")
        for module in modules:
            self.append(module)

    def append(self, module):
        """Add a module at the end."""
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}: items must be Modules, got "
                            f"{describe(module)}; unpack a list with *, or wrap a function as the "
                            f"forward method of one")
        setattr(self, str(len(self)), module)  # a child like any other, named "0", "1", ...

    def __iter__(self):
        return (part for name, part in vars(self).items() if name.isdigit())

    def __len__(self):
        return sum(name.isdigit() for name in vars(self))

    def __getitem__(self, index):
        return list(self)[index]


class Sequential(ModuleList):
    """Layers one after the other: Sequential(f, g, h)(x) = h(g(f(x)))."""

    def __init__(self, *layers):
        super().__init__(layers)

    def forward(self, x):
        for layer in self:
            x = layer(x)
        return x
