# Answers on TCP and UDP port 7777, IPv4 and IPv6, with the address that the other side is seen by. Needs perl-base alone.
use strict;
use warnings;
use Socket qw(:DEFAULT getnameinfo NI_NUMERICHOST NI_NUMERICSERV IPPROTO_IPV6 IPV6_V6ONLY pack_sockaddr_in6 IN6ADDR_ANY);

my $port = 7777;
sub open_socket {
    my ($family, $type) = @_;
    socket(my $s, $family, $type, 0) or die "socket: $!";
    setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
    setsockopt($s, IPPROTO_IPV6, IPV6_V6ONLY, 1) if $family == AF_INET6;
    bind($s, $family == AF_INET6 ? pack_sockaddr_in6($port, IN6ADDR_ANY) : pack_sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
    if ($type == SOCK_STREAM) { listen($s, 256) or die "listen: $!" }
    return $s;
}
sub name { my ($err, $host) = getnameinfo($_[0], NI_NUMERICHOST | NI_NUMERICSERV); return "$host\n" }

my @all = map { my $f = $_; map { [open_socket($f, $_), $_] } (SOCK_STREAM, SOCK_DGRAM) } (AF_INET, AF_INET6);
$| = 1;
print "ready\n";
while (1) {
    my $bits = '';
    vec($bits, fileno($_->[0]), 1) = 1 for @all;
    select($bits, undef, undef, undef) > 0 or next;
    for my $entry (@all) {
        my ($s, $type) = @$entry;
        next unless vec($bits, fileno($s), 1);
        if ($type == SOCK_STREAM) {
            my $peer = accept(my $c, $s) or next;
            syswrite($c, name($peer));
            close($c);
        } else {
            my $peer = recv($s, my $data, 2000, 0);
            send($s, name($peer), 0, $peer) if defined $peer && length $peer;
        }
    }
}
