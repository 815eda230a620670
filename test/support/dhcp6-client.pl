#!/usr/bin/perl
# A DHCPv6 client (RFC 8415): asks for one address and takes it.
#   dhcp6-client.pl DEV DUID [NAME]
# DUID in hex digits. NAME is sent as Client FQDN option (RFC 4704). Prints the address, `none` where the server has none
# to give, or `silent` after 10 tries of a second each.
use strict;
use warnings;
use IO::Select;
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6 AF_INET6 IPPROTO_IPV6 IPV6_MULTICAST_IF);

use constant { SOLICIT => 1, ADVERTISE => 2, REQUEST => 3, REPLY => 7 };
use constant { CLIENTID => 1, SERVERID => 2, IA_NA => 3, IAADDR => 5, FQDN => 39 };
my ($dev, $duid, $name) = @ARGV;
open(my $file, '<', "/sys/class/net/$dev/ifindex") or die "$dev: $!";
chomp(my $index = <$file>);
socket(my $socket, AF_INET6, SOCK_DGRAM, 17) or die "socket: $!";
bind($socket, pack_sockaddr_in6(546, inet_pton(AF_INET6, '::'))) or die "bind: $!";
my $servers = pack_sockaddr_in6(547, inet_pton(AF_INET6, 'ff02::1:2'), $index);
my $select = IO::Select->new($socket);

sub option { my ($code, $value) = @_; return pack('n2', $code, length $value) . $value }
sub options {
  my ($text) = @_;
  my %found;
  while (length $text >= 4) {
    my ($code, $length) = unpack('n2', $text);
    $found{$code} = substr($text, 4, $length);
    $text = substr($text, 4 + $length);
  }
  return %found;
}
# The address in an IA_NA; undef where there is none.
sub address {
  my %granted = options(length($_[0] // '') > 12 ? substr($_[0], 12) : '');
  return exists $granted{+IAADDR} ? inet_ntop(AF_INET6, substr($granted{+IAADDR}, 0, 16)) : undef;
}
# One message and the answer to it.
sub exchange {
  my ($type, $wanted, @options) = @_;
  my $id = "\x01\x02" . chr($type);
  my $fqdn = defined $name ? option(FQDN, "\x00" . pack('C/a', $name)) : '';
  send($socket, chr($type) . $id . option(CLIENTID, pack('H*', $duid)) . $fqdn . join('', @options), 0, $servers);
  while ($select->can_read(1)) {
    recv($socket, my $text, 1500, 0);
    return options(substr($text, 4)) if ord($text) == $wanted && substr($text, 1, 3) eq $id;
  }
  return;
}

for (1 .. 10) {
  my %offer = exchange(SOLICIT, ADVERTISE, option(IA_NA, pack('N3', 1, 0, 0))) or next;
  unless (address($offer{+IA_NA})) { print "none\n"; exit 0 }
  my %answer = exchange(REQUEST, REPLY, option(SERVERID, $offer{+SERVERID}), option(IA_NA, $offer{+IA_NA})) or next;
  print address($answer{+IA_NA}), "\n";
  exit 0;
}
print "silent\n";
