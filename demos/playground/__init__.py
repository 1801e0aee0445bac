"""The playground: draw, move, ask, and the real models answer, live in a browser.

    browser  ──JSON──▶  server  ──▶  a room's function  ──▶  the engine  ──▶  JSON

A room is two halves that meet in its requests: `rooms/draw.py` computes, `static/draw.html`, `.js`
and `.css` show. What a request may hold stands beside the function that answers it, and the server
refuses everything else before the function is called.

__main__    the command line
server      HTTP on the loopback address, and what it refuses
room        how a room says what it answers; its visitors
fields      what a request may hold
models      the models, where they are kept, and how far they are
training    a process of low priority that trains those that are missing
measure     how long the answers take
rooms/      what the rooms compute
static/     the page
"""
