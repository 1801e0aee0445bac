"""Where boxes and lines go, from top to bottom: layers as in Sugiyama, Tagawa and Toda (1981).

Each frame is laid out by itself, and is then one large box for the frame around it. Its boxes stand
in layers, each below all that it depends on. A line that passes a layer has a place of its own
there, as if it were a narrow box, so that no line runs through a box; a line that enters a frame or
leaves it has a place on its border. Lengths are in inches, and y grows downwards.
"""
from tinygen.backend import np

BESIDE, BELOW = 0.22, 0.2  # least distance of two boxes in a layer, and of two layers
STEEP = 0.06               # more distance of two layers for each inch that a line goes sideways
PASSAGE = 0.06             # width of the place of a line
BORDER, CAPTION = 0.16, 0.26  # from a frame to what is in it; the same at the top, for its title
ENTRIES = 0.14             # least distance of two lines that enter a box
SWEEPS = 13                # odd: the last one goes down
LIGHT = 1e-4               # a line's weight where it is in a box's way


def layout(frame, consumers, title_width):
    """Give all boxes in `frame` and all lines their places, and the frame its size.

    consumers: node -> the numbers of the nodes that use it. title_width: a function of a frame.
    Boxes that are no frames have their sizes and exits.
    """
    for child in frame.children:
        if child.children:
            layout(child, consumers, title_width)
    layers = _Layers(frame, consumers)
    layers.order()
    layers.align()
    layers.straighten()
    layers.write(title_width(frame))


class _Place:
    """What has a place in a layer: a child; or a line on its way (passing) or on the border.

    x: of the middle. sources and targets: node -> the place in the layer above that its line comes
    from, the places in the layer below that it goes on to.
    """

    def __init__(self, layer, box=None, passing=False):
        self.layer, self.box, self.passing = layer, box, passing
        self.width, self.height = (box.width, box.height) if box else (PASSAGE, 0.0)
        self.x, self.position = 0.0, 0
        self.sources, self.targets = {}, {}

    def exit(self, node):
        """How far right of the middle the line of `node` leaves."""
        return self.box.exits[node] - self.width / 2 if self.box else 0.0

    def entry(self, node):
        """How far right of the middle it enters; in a box that is no frame, not decided yet."""
        return self.box.entries[node] - self.width / 2 if self.box and self.box.children else 0.0

    def ends(self, above):
        """Its lines upwards, or downwards: (the place there, how far right it is there, and here).
        """
        if above:
            return [(source, source.exit(node), self.entry(node))
                    for node, source in self.sources.items()]
        return [(target, target.entry(node), self.exit(node))
                for node, targets in self.targets.items() for target in targets]


class _Layers:
    """The places in a frame, as a list for each layer."""

    def __init__(self, frame, consumers):
        self.frame = frame
        self.owner = {node: child for child in frame.children for node in child.nodes}
        used = {node: [self.owner.get(user) for user in users] for node, users in consumers.items()}
        # The children that a node's line goes to from outside: from another child, or the border.
        self.uses = {node: list(dict.fromkeys(child for child in children
                                              if child and child is not self.owner.get(node)))
                     for node, children in used.items()}
        self.coming = [n for n, children in self.uses.items() if children and n not in self.owner]
        self.leaving = [node for node in self.owner if None in used[node]]

        levels = self._levels()
        last = max(levels.values()) + 1
        self.layers = [[] for _ in range(last + bool(self.leaving))]
        of_child = {child: self._add(level, child) for child, level in levels.items()}
        self.above = {node: self._add(0) for node in self.coming}
        self.below = {node: self._add(last) for node in self.leaving}
        self.trunks = []
        for node in [*self.coming, *self.owner]:
            targets = [of_child[child] for child in self.uses[node]]
            targets += [self.below[node]] if node in self.below else []
            self._join(node, self.above.get(node) or of_child[self.owner[node]], targets)

    def _add(self, level, child=None, passing=False):
        place = _Place(level, child, passing)
        self.layers[level].append(place)
        return place

    def _levels(self):
        """The layer of each child: the first one below all that it depends on."""
        sources = {child: [] for child in self.frame.children}
        users = {child: [] for child in self.frame.children}
        for node, children in self.uses.items():
            for child in children:
                sources[child].append(self.owner.get(node))
                if node in self.owner:
                    users[self.owner[node]].append(child)
        levels, loose = {}, set()
        for child in self.frame.children:  # in the order in which they ran
            levels[child] = max((levels[source] + 1 for source in sources[child] if source),
                                default=1 if self.coming else 0)
            hangs = [source for source in sources[child]
                     if source not in loose or len(users[source]) > 1]
            if len(sources[child]) < 2 and not hangs:
                loose.add(child)
        for child in reversed(self.frame.children):  # what hangs on nothing comes down to its use
            if child in loose and users[child]:
                levels[child] = min(levels[user] for user in users[child]) - 1
        return levels

    def _join(self, node, place, targets):
        """The line of a node: a trunk from its place to the last target; others branch off."""
        trunk = []
        for level in range(place.layer + 1, max((t.layer for t in targets), default=-1) + 1):
            here = [target for target in targets if target.layer == level]
            if any(target.layer > level for target in targets):
                trunk.append(self._add(level, passing=True))
                here.append(trunk[-1])
            place.targets[node] = here
            for target in here:
                target.sources[node] = place
            place = here[-1]
        if trunk:
            self.trunks.append(trunk)

    # ---- which order in a layer ----

    def order(self):
        """Few crossings: each layer in the order of what it hangs on, from above and from below."""
        self._number()
        best, kept = self._crossings(), [list(layer) for layer in self.layers]
        for sweep in range(SWEEPS):
            above = sweep % 2 == 0
            for layer in self.layers if above else reversed(self.layers):
                means = {place: np.mean([_order(*end[:2]) for end in place.ends(above)]
                                        or [place.position]) for place in layer}
                layer.sort(key=means.get)
                self._number()
            crossings = self._crossings()
            if crossings < best:
                best, kept = crossings, [list(layer) for layer in self.layers]
        self.layers = kept
        self._number()

    def _number(self):
        for layer in self.layers:
            for position, place in enumerate(layer):
                place.position = position

    def _crossings(self):
        count = 0
        for layer in self.layers:
            lines = sorted((_order(place, here), _order(target, there))
                           for place in layer for target, there, here in place.ends(above=False))
            count += sum(a[0] < b[0] and a[1] > b[1]
                         for i, a in enumerate(lines) for b in lines[i + 1:])
        return count

    # ---- how far to the right ----

    def align(self):
        """Straight lines: each place as near as it can be to the middle of what it hangs on.

        A box goes by boxes, if there are any, and lines on their way bend around them.
        """
        for sweep in range(SWEEPS):
            above = sweep % 2 == 0
            for layer in self.layers if above else reversed(self.layers):
                wanted = []
                for place in layer:
                    ends = [(end, end.x + there - here) for end, there, here in place.ends(above)]
                    alike = [x for end, x in ends if end.passing == place.passing]
                    wanted.append(np.mean(alike or [x for _, x in ends] or [place.x]))
                gaps = [_gap(*pair) for pair in zip(layer, layer[1:])]
                weights = [LIGHT if place.passing else 1.0 for place in layer]
                for place, x in zip(layer, apart(wanted, gaps, weights)):
                    place.x = x

    def straighten(self):
        """Make each trunk one vertical line, where there is room for it."""
        for trunk in self.trunks * len(self.trunks):  # one may make room for another
            low, high = -np.inf, np.inf
            for place in trunk:
                layer, i = self.layers[place.layer], place.position
                low = max([low, *(other.x + _gap(other, place) for other in layer[:i][-1:])])
                high = min([high, *(other.x - _gap(other, place) for other in layer[i + 1:][:1])])
            if low <= high:
                x = min(max(np.mean([place.x for place in trunk]), low), high)
                for place in trunk:
                    place.x = x

    # ---- the result ----

    def write(self, title_width):
        """Give the boxes, the lines and the frame what was found, from the frame's corner on."""
        frame, places = self.frame, [place for layer in self.layers for place in layer]
        left = min([place.x - place.width / 2 - BORDER for place in places]
                   + [place.x - title_width - 2 * BORDER for place in self.above.values()])
        for place in places:
            place.x -= left
        frame.width = max([place.x + place.width / 2 + BORDER for place in places]
                          + [title_width + 2 * BORDER])
        frame.entries = {node: place.x for node, place in self.above.items()}
        frame.exits = {node: place.x for node, place in self.below.items()}

        top = 0.0 if self.above else CAPTION
        for number, layer in enumerate(self.layers):
            bottom = top + max(place.height for place in layer)
            for place in layer:
                place.top, place.bottom = top, bottom
                if place.box:
                    place.box.x = place.x - place.width / 2
                    place.box.y = (top + bottom - place.height) / 2
                    if not place.box.children:
                        _spread_entries(place)
            sideways = [abs(place.x + here - target.x - there)
                        for place in layer for target, there, here in place.ends(above=False)]
            top = bottom + BELOW + STEEP * max(sideways, default=0.0)
            if self.above and number == 0:
                top = max(top, CAPTION)
        frame.height = bottom + (0.0 if self.below else BORDER)

        for place in places:
            for node, targets in place.targets.items():
                frame.lines += [_line(place, target, node) for target in targets]


def _order(place, right):
    """Its position in its layer, for a line that is so far right of its middle."""
    return place.position + right / (place.width + 1)


def _gap(a, b):
    return (a.width + b.width) / 2 + BESIDE


def _spread_entries(place):
    """Lines enter a box straight from above where they can, else near its end."""
    room = max(0.0, place.width / 2 - ENTRIES)
    coming = sorted((source.x + source.exit(node) - place.x, node)
                    for node, source in place.sources.items())
    wanted = [min(max(right, -room), room) for right, _ in coming]
    found = apart(wanted, [ENTRIES] * (len(coming) - 1), [1.0] * len(coming))
    place.box.entries = {node: right + place.width / 2 for (_, node), right in zip(coming, found)}


def _line(place, target, node):
    """From a place to one in the next layer: its corners, and whether an arrow ends it."""
    x, box = place.x + place.exit(node), target.box
    start = place.box.y + place.height if place.box else place.top
    end_x, end = (box.x + box.entries[node], box.y) if box else (target.x, target.top)
    corners = [(x, start), (x, place.bottom), (end_x, target.top), (end_x, end)]
    return corners, bool(box and not box.children)


def apart(wanted, gaps, weights):
    """Ascending numbers, each at least its gap from the one before, as near as can be to `wanted`.

    Weighted least squares, by pooling adjacent violators.
    """
    offsets = np.concatenate([[0.0], np.cumsum(gaps)])
    groups = []  # [mean, weight, count] of numbers that stand as close as they may
    for number, weight in zip(np.asarray(wanted) - offsets[:len(wanted)], weights):
        groups.append([number, weight, 1])
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            mean, weight, count = groups.pop()
            last = groups[-1]
            last[0] = (last[0] * last[1] + mean * weight) / (last[1] + weight)
            last[1], last[2] = last[1] + weight, last[2] + count
    means = [mean for mean, _, count in groups for _ in range(count)]
    return [float(mean + offset) for mean, offset in zip(means, offsets)]
