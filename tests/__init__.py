"""The tests of Gridward: they mirror its packages, and the stories tell what it promises people."""
