"""The desktop program: a tray icon and a window on the local API, in a process of its own."""
