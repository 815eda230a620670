#!/usr/bin/perl
# Many DHCPv4 clients behind one relay (RFC 2131 with giaddr): each asks for an address and takes the one that it is offered.
#   dhcp-clients.pl RELAY SERVER BATCH COUNT [PER_SECOND]   client n of a batch has the MAC 02:00:BATCH:n
#   dhcp-clients.pl RELAY SERVER renew                      asks for the `MAC ADDRESS` lines of stdin again, as a client does that was rebooted
# RELAY is an address of this machine. A line `MAC ADDRESS` is printed for each answered request at once. An exchange that gets no answer in
# half a second begins again; after 40 tries the client gives up. Ends as soon as all are done.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

my ($relay, $server, $batch, $count, $rate) = @ARGV;
my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => $relay, LocalPort => 67, ReuseAddr => 1) or die "bind: $!";
my $to = sockaddr_in(67, inet_aton($server));
my $select = IO::Select->new($socket);
my $WINDOW = 8;
my (%open, $next, @macs, @held);
$next = 0;
if ($batch eq 'renew') {
  while (<STDIN>) { my ($mac, $address) = split; push @macs, $mac; push @held, $address }
  ($batch, $count, $rate) = (0, scalar @macs, 0);
} else {
  @macs = map { sprintf '02:00:%02x:%02x:%02x:%02x', $batch >> 8, $batch & 255, $_ >> 8, $_ & 255 } 0 .. $count - 1;
}

sub message {
  my ($n, $type, @options) = @_;
  (my $mac = $macs[$n]) =~ tr/://d;
  my $head = pack('C4 N n2 a4 a4 a4 a4 a16 x192', 1, 1, 6, 1, ($batch << 16) | $n, 0, 0, '', '', '', inet_aton($relay), pack('H*', $mac));
  return $head . pack('C4 C3', 99, 130, 83, 99, 53, 1, $type) . join('', @options) . pack('C', 255);
}
sub discover {
  my ($n) = @_;
  $open{$n} = { at => time, tries => ($open{$n}{tries} // 0) + 1 };
  send($socket, @held ? message($n, 3, pack('C2 a4', 50, 4, inet_aton($held[$n]))) : message($n, 1), 0, $to);
}
sub options {
  my ($text) = @_;
  my (%found, $at);
  for ($at = 240; $at < length $text;) {
    my $code = ord substr($text, $at++, 1);
    next if $code == 0;
    last if $code == 255;
    my $length = ord substr($text, $at++, 1);
    $found{$code} = substr($text, $at, $length);
    $at += $length;
  }
  return %found;
}

$| = 1;
my $began = time;
my $failed = 0;
while ($next < $count || %open) {
  my $due = $rate ? int((time - $began) * $rate) + 1 : $count;
  discover($next++) while $next < $count && $next < $due && keys(%open) < $WINDOW;
  for my $n (grep { time - $open{$_}{at} > 0.5 } keys %open) {
    if ($open{$n}{tries} < 40) { discover($n) }
    else { delete $open{$n}; $failed++ }
  }
  for ($select->can_read(0.005)) {
    next unless defined recv($socket, my $text, 1500, 0);
    my $n = unpack('N', substr($text, 4, 4)) & 0xffff;
    next unless $open{$n};
    my %option = options($text);
    my $type = ord $option{53};
    my $address = substr($text, 16, 4);
    if ($type == 2) { send($socket, message($n, 3, pack('C2 a4', 50, 4, $address), pack('C2 a4', 54, 4, $option{54})), 0, $to) }
    elsif ($type == 5) {
      print "$macs[$n] ", inet_ntoa($address), "\n";
      delete $open{$n};
    }
    else { discover($n) }
  }
}
exit($failed > 0 ? 1 : 0);
