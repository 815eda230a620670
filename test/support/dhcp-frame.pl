#!/usr/bin/perl
# A virtual machine on a tap that computes checksums itself: sends one DHCP DISCOVER as a frame and looks at the OFFER's UDP checksum.
#   dhcp-frame.pl TAP
# Prints `ok`, `bad` or `silent`. The tap is opened as qemu does for virtio: with headers, and with checksums left to the guest.
use strict;
use warnings;
use IO::Select;

use constant { TUNSETIFF => 0x400454ca, TUNSETOFFLOAD => 0x400454d0, TAP_WITH_HEADERS => 0x5002, TUN_F_CSUM => 1 };
my ($name) = @ARGV;
open(my $tap, '+<', '/dev/net/tun') or die "/dev/net/tun: $!";
ioctl($tap, TUNSETIFF, pack('a16 S x22', $name, TAP_WITH_HEADERS)) or die "TUNSETIFF: $!";
ioctl($tap, TUNSETOFFLOAD, TUN_F_CSUM) or die "TUNSETOFFLOAD: $!";

sub sum { # RFC 1071
  my ($text) = @_;
  $text .= "\0" if length($text) % 2;
  my $sum = 0;
  $sum += $_ for unpack('n*', $text);
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xffff;
}

my $mac = pack('C6', 2, 0, 0, 0, 0, 7);
my $dhcp = pack('C4 N n2 x16 a16 x192', 1, 1, 6, 0, 7, 0, 0x8000, $mac) . pack('C4 C3 C x60', 99, 130, 83, 99, 53, 1, 1, 255);
my $udp = pack('n4', 68, 67, 8 + length $dhcp, 0) . $dhcp; # 0: no checksum
my $ip = pack('C2 n3 C2 n N2', 0x45, 0, 20 + length $udp, 1, 0, 64, 17, 0, 0, 0xffffffff);
substr($ip, 10, 2) = pack('n', sum($ip));
my $frame = pack('a6 a6 n', "\xff" x 6, $mac, 0x0800) . $ip . $udp;
my $select = IO::Select->new($tap);
for (1 .. 50) {
  syswrite($tap, ("\0" x 10) . $frame);
  while ($select->can_read(0.2)) {
    sysread($tap, my $got, 2000) or next;
    $got = substr($got, 10); # struct virtio_net_hdr
    next unless unpack('n', substr($got, 12, 2)) == 0x0800 && ord(substr($got, 23, 1)) == 17 && unpack('n', substr($got, 36, 2)) == 68;
    my $length = unpack('n', substr($got, 38, 2));
    my $pseudo = substr($got, 26, 8) . pack('C2 n', 0, 17, $length);
    print sum($pseudo . substr($got, 34, $length)) == 0 ? "ok\n" : "bad\n";
    exit 0;
  }
}
print "silent\n";
