# Messages of a DHCPv6 client (RFC 8415) on one link, for those that `require` this.
use strict;
use warnings;
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6 AF_INET6);

use constant { SOLICIT => 1, ADVERTISE => 2, REQUEST => 3, REBIND => 6, REPLY => 7 };
use constant { CLIENTID => 1, SERVERID => 2, IA_NA => 3, IAADDR => 5, FQDN => 39 };

# A socket on the client's port, and where the servers of a device's link are.
sub client_of {
  my ($dev) = @_;
  open(my $file, '<', "/sys/class/net/$dev/ifindex") or die "$dev: $!";
  chomp(my $index = <$file>);
  socket(my $socket, AF_INET6, SOCK_DGRAM, 17) or die "socket: $!";
  bind($socket, pack_sockaddr_in6(546, inet_pton(AF_INET6, '::'))) or die "bind: $!";
  return ($socket, pack_sockaddr_in6(547, inet_pton(AF_INET6, 'ff02::1:2'), $index));
}

sub option { my ($code, $value) = @_; return pack('n2', $code, length $value) . $value }

# The options of a text by their codes.
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

1;
