#!/usr/bin/perl
# A DHCPv6 client (RFC 8415): asks for one address and takes it.
#   dhcp6-client.pl DEV DUID [NAME]
# DUID in hex digits. NAME is sent as Client FQDN option (RFC 4704). Prints the address, `none` where the server has none
# to give, or `silent` after 10 tries of a second each.
use strict;
use warnings;
use FindBin;
use IO::Select;
BEGIN { require "$FindBin::Bin/dhcp6-message.pl" }

my ($dev, $duid, $name) = @ARGV;
my ($socket, $servers) = client_of($dev);
my $select = IO::Select->new($socket);

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
