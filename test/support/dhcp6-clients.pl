#!/usr/bin/perl
# Many DHCPv6 clients on one link (RFC 8415): each asks for an address and takes the one that it is offered.
#   dhcp6-clients.pl DEV BATCH COUNT PER_SECOND   client n of a batch has the DUID 00:03:00:01:02:00:BATCH:n
#   dhcp6-clients.pl DEV renew                    asks for the `DUID ADDRESS` lines of stdin again, at once, each from any server
# A line `DUID ADDRESS` is printed for each answer at once. What gets no answer in half a second begins again; after 40 tries a client gives up.
use strict;
use warnings;
use FindBin;
use IO::Select;
use Socket qw(inet_pton AF_INET6);
use Time::HiRes qw(time);
BEGIN { require "$FindBin::Bin/dhcp6-message.pl" }

my ($dev, $batch, $count, $rate) = @ARGV;
my ($socket, $servers) = client_of($dev);
my $select = IO::Select->new($socket);
my (@duids, @held);
if ($batch eq 'renew') {
  while (<STDIN>) { my ($duid, $address) = split; push @duids, $duid; push @held, $address }
  ($count, $rate) = (scalar @duids, 0);
} else {
  @duids = map { sprintf '00:03:00:01:02:00:%02x:%02x:%02x:%02x', $batch >> 8, $batch & 255, $_ >> 8, $_ & 255 } 0 .. $count - 1;
}

my (%open, $next);
$next = 0;
sub message {
  my ($n, $type, @options) = @_;
  (my $duid = $duids[$n]) =~ tr/://d;
  send($socket, pack('N', ($type << 24) | $n) . option(CLIENTID, pack('H*', $duid)) . join('', @options), 0, $servers);
}
sub begin {
  my ($n) = @_;
  $open{$n} = { at => time, tries => ($open{$n}{tries} // 0) + 1 };
  my $wish = @held ? option(IAADDR, inet_pton(AF_INET6, $held[$n]) . pack('N2', 0, 0)) : '';
  message($n, @held ? REBIND : SOLICIT, option(IA_NA, pack('N3', 1, 0, 0) . $wish));
}

$| = 1;
my ($began, $failed) = (time, 0);
while ($next < $count || %open) {
  my $due = $rate ? int((time - $began) * $rate) + 1 : $count;
  begin($next++) while $next < $count && $next < $due && keys(%open) < 8;
  for my $n (grep { time - $open{$_}{at} > 0.5 } keys %open) {
    if ($open{$n}{tries} < 40) { begin($n) }
    else { delete $open{$n}; $failed++ }
  }
  for ($select->can_read(0.005)) {
    next unless defined recv($socket, my $text, 1500, 0);
    my $n = unpack('N', $text) & 0xffffff;
    next unless $open{$n};
    my %option = options(substr($text, 4));
    my $address = address($option{+IA_NA});
    if (ord $text == ADVERTISE) { message($n, REQUEST, option(SERVERID, $option{+SERVERID}), option(IA_NA, $option{+IA_NA})) if defined $address }
    elsif (ord $text == REPLY && defined $address) { print "$duids[$n] $address\n"; delete $open{$n} }
  }
}
exit($failed > 0 ? 1 : 0);
