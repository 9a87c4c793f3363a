"""Names of this machine, for those who must not load a server to know them."""

LOOPBACK = "127.0.0.1"
LOCAL_NAMES = (LOOPBACK, "localhost", "[::1]")
