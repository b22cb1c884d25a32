"""
Sealing 本机加密: the tablet's file kept under a key, by SQLCipher; the optional extra ``gridward[sealed]``.

``keys`` finds or makes the key, ``driver`` opens a file with it, ``converting`` turns a plain file into a
sealed one and back, ``opening`` puts them together. Nothing here is needed by a tablet that is not sealed.
"""
