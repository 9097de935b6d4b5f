"""One module per kind of file, reading and writing it. What a file means is decided elsewhere."""
