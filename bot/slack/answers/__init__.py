"""How a click or a command is answered beyond its acknowledgement: a window that is filled, a message afterwards."""
