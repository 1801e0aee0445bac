"""All exhibits, in the order of a visit."""
from demos.common.options import closest
from demos.inside.exhibits.autoencoders import AUTOENCODERS
from demos.inside.exhibits.gans import GANS
from demos.inside.exhibits.gpts import GPTS
from demos.inside.exhibits.vaes import VAES

EXHIBITS = {exhibit.name: exhibit for exhibit in (*AUTOENCODERS, *VAES, *GANS, *GPTS)}
ALL = "all"


def chosen(name):
    """The exhibits that --exhibit asks for. Raises ValueError for an unknown name."""
    if name == ALL:
        return list(EXHIBITS.values())
    if name not in EXHIBITS:
        near = closest(name, [ALL, *EXHIBITS])
        raise ValueError(f"--exhibit: there is no exhibit {name!r}: "
                         f"{f'did you mean {near}? ' if near else ''}choose {ALL} or one of "
                         f"{', '.join(EXHIBITS)}")
    return [EXHIBITS[name]]
