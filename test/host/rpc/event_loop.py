"""Runs libvirt's event loop in a thread of its own from here on, and lets no client print its errors by itself."""

import threading

import libvirt

libvirt.registerErrorHandler(lambda _context, _error: None, None)
libvirt.virEventRegisterDefaultImpl()


def loop():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=loop, daemon=True).start()
