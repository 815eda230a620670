# Sends one packet (or opens one connection) for each line `KEY PROTOCOL ADDRESS [PORT]` of its input, all at once, and prints `KEY RESULT`:
# the address that the other side saw us by (`-` for ICMP, which does not say), `refused` (an ICMP error or a reset), `unreachable` or
# `silent`. PROTOCOL is tcp, udp or icmp. Needs perl-base alone; ICMP needs net.ipv4.ping_group_range to hold group 0.
use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS);
use Fcntl qw(F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT getaddrinfo AI_NUMERICHOST IPPROTO_ICMP IPPROTO_ICMPV6 IPPROTO_TCP IPPROTO_UDP);
use Time::HiRes qw(time);

my ($seconds) = @ARGV;
my %open;
my @out;
while (my $line = <STDIN>) {
    my ($key, $protocol, $address, $port) = split ' ', $line;
    my ($err, $ai) = getaddrinfo($address, $port || 7777, { flags => AI_NUMERICHOST, socktype => SOCK_STREAM });
    die "$address: $err" if $err;
    my ($type, $proto) = $protocol eq 'tcp' ? (SOCK_STREAM, IPPROTO_TCP) : $protocol eq 'udp' ? (SOCK_DGRAM, IPPROTO_UDP)
      : (SOCK_DGRAM, $ai->{family} == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    socket(my $s, $ai->{family}, $type, $proto) or die "socket $protocol: $!";
    fcntl($s, F_SETFL, O_NONBLOCK);
    if (!connect($s, $ai->{addr}) && $! != EINPROGRESS) { push @out, "$key " . failure($!); next }
    my $message = $protocol eq 'icmp' ? pack('C2n3', $ai->{family} == AF_INET6 ? 128 : 8, 0, 0, 0, 1) : 'x';
    if ($protocol ne 'tcp' && !defined syswrite($s, $message)) { push @out, "$key " . failure($!); next }
    $open{$key} = [$s, $protocol];
}
sub failure {
    my $error = 0 + $_[0];
    return 'refused' if $error == Errno::ECONNREFUSED();
    return 'unreachable' if $error == Errno::EHOSTUNREACH() || $error == Errno::ENETUNREACH() || $error == Errno::EACCES();
    return "error-$error";
}

my $end = time + $seconds;
while (%open && (my $left = $end - time) > 0) {
    my $bits = '';
    vec($bits, fileno($_->[0]), 1) = 1 for values %open;
    next unless select($bits, undef, undef, $left) > 0;
    for my $key (keys %open) {
        my ($s, $protocol) = @{ $open{$key} };
        next unless vec($bits, fileno($s), 1);
        my $n = sysread($s, my $data, 2000);
        # A refusal that arrives during connect counts with the next try, a second later.
        next if !defined $n && $! == EAGAIN;
        push @out, "$key " . (!defined $n ? failure($!) : $protocol eq 'icmp' ? '-' : $n == 0 ? 'closed' : (split ' ', $data)[0]);
        delete $open{$key};
    }
}
print "$_\n" for @out, map { "$_ silent" } keys %open;
