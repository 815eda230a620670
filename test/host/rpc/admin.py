"""Calls of libvirt's admin program as bytes, and what comes back: the same from libvirtd and virtnetd.   admin.py ADMIN-SOCKET SERVER MAIN-SOCKET"""
import socket
import struct
import sys

admin, server, main = sys.argv[1:]
ADMIN, REMOTE = 0x06900690, 0x20008086


def word(*values):
    return struct.pack('>%dI' % len(values), *(value & 0xFFFFFFFF for value in values))


def text(value):
    raw = value.encode()
    return word(len(raw)) + raw + b'\0' * (-len(raw) % 4)


def client(name, number):
    return text(name) + struct.pack('>QqI', number, 0, 0)


def parameter(field, kind, value):
    return text(field) + word(kind, value)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def int(self):
        self.at += 4
        return struct.unpack_from('>i', self.data, self.at - 4)[0]

    def text(self):
        length = self.int()
        value = self.data[self.at : self.at + length].decode()
        self.at += length + -length % 4
        return value

    def optional(self):
        return self.text() if self.int() else None


def refusal(data):
    r = Reader(data)
    code, domain, message, level, _domain = r.int(), r.int(), r.optional(), r.int(), r.int()
    return code, domain, message, level, r.optional(), r.optional(), r.optional(), r.int(), r.int()


def call(name, procedure, body=b'', program=ADMIN, path=admin, version=1):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(word(len(body) + 28, program, version, procedure, 0, 7, 0) + body)
    length = struct.unpack('>I', s.recv(4, socket.MSG_WAITALL))[0]
    reply = s.recv(length - 4, socket.MSG_WAITALL)
    s.close()
    status = struct.unpack_from('>I', reply, 20)[0]
    said = refusal(reply[24:]) if status else reply[24:].replace(text(server), b'')  # libvirtd lists its servers in any order
    print(name, reply[:20].hex(), status, str(said).replace(server, 'SERVER'))


call('open', 1, word(0))
call('open with flags', 1, word(1))
call('close', 2)
call('version, not opened', 3)
call('count of servers', 4, word(0, 0))
call('servers', 4, word(1, 0))
call('servers with flags', 4, word(1, 5))
call('a server', 5, text('admin') + word(0))
call('a server with flags', 5, text('admin') + word(1))
call('no server', 5, text('none') + word(0))
call('no arguments', 5)
for number in (0, -1, 21, 22):
    call('procedure %d' % number, number)
for name in (server, 'none'):
    for number in (6, 12, 18):
        call('flags of %d' % number, number, text(name) + word(3))
    call('flags of clients', 8, text(name) + word(0, 3))
    call('flags of a client', 9, text(name) + struct.pack('>Q', 999) + word(3))
    call('no client', 9, text(name) + struct.pack('>Q', 999) + word(0))
    for number in (10, 11):
        for flags in (0, 1):
            call('%d of no client' % number, number, client(name, 999) + word(flags))
    for number in (7, 13):
        call('flags of set %d' % number, number, text(name) + word(0) + word(1))
        call('set nothing %d' % number, number, text(name) + word(0) + word(0))
        call('set an unknown one %d' % number, number, text(name) + word(1) + parameter('x', 2, 3) + word(0))
call('clients of none', 8, text('none') + word(1, 0))
call('set what is only told', 13, text(server) + word(1) + parameter('nclients', 2, 3) + word(0))
call('set workers', 7, text(server) + word(1) + parameter('nWorkers', 2, 3) + word(0))
call('of another type', 13, text(server) + word(1) + parameter('nclients_max', 1, 3) + word(0))
call('twice', 13, text(server) + word(2) + parameter('nclients_max', 2, 3) * 2 + word(0))
call('two faults', 13, text(server) + word(3) + parameter('x', 2, 3) + parameter('nclients_max', 2, 3) * 2 + word(0))
call('less than may wait', 13, text(server) + word(2) + parameter('nclients_unauth_max', 2, 3) + parameter('nclients_max', 2, 2) + word(0))
for number in (14, 15):
    call('flags of log %d' % number, number, word(7))
for number in (16, 17):
    call('flags of log %d' % number, number, word(0, 7))
    call('log %d with nothing' % number, number, word(0, 0))
call('outputs', 16, word(1) + text('1:nowhere') + word(0))
call('filters', 17, word(1) + text('9:util') + word(0))
call('flags of timeout', 19, word(1, 1))
for flags in (2, 8):
    call('flags of shutdown', 20, word(flags))
call('another version', 1, word(0), version=2)
call('remote on admin', 1, word(0, 0), program=REMOTE)
call('authentication on admin', 66, program=REMOTE)
call('admin on remote', 1, word(0), path=main)
