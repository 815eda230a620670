# A machine's end of a tap or macvtap, without the machine: carries frames between two devices as they are, virtio headers included.
#   shuttle.pl DEVICE DEVICE     each a tap by name, or a macvtap by the path of its node. Prints `ready` once both are open.
# Both take large segments with sums to be filled in, as a machine's virtio card does. Needs perl-base alone. Numbers are those of linux/if_tun.h.
use strict;
use warnings;
use Fcntl;

my ($TUNSETIFF, $IFF_TAP, $IFF_NO_PI, $IFF_VNET_HDR) = (0x400454ca, 0x0002, 0x1000, 0x4000);
my ($TUNSETOFFLOAD, $TUN_F_CSUM, $TUN_F_TSO4, $TUN_F_TSO6) = (0x400454d0, 0x01, 0x02, 0x04);
sub open_device {
    my ($name) = @_;
    my $file;
    sysopen($file, $name =~ m{/} ? $name : '/dev/net/tun', O_RDWR) or die "$name: $!";
    my $request = pack('a16 S x22', $name, $IFF_TAP | $IFF_NO_PI | $IFF_VNET_HDR);
    $name =~ m{/} or ioctl($file, $TUNSETIFF, $request) or die "$name: $!";
    ioctl($file, $TUNSETOFFLOAD, $TUN_F_CSUM | $TUN_F_TSO4 | $TUN_F_TSO6) or die "$name: $!";
    return $file;
}

my @ends = map { open_device($_) } @ARGV;
$| = 1;
print "ready\n";
while (1) {
    my $ready = '';
    vec($ready, fileno($_), 1) = 1 for @ends;
    next if select($ready, undef, undef, undef) < 0;
    for my $i (0, 1) {
        next unless vec($ready, fileno($ends[$i]), 1);
        # What cannot be read (the device is down) or written (the other one is full) is lost, as on a wire.
        my $frame;
        syswrite($ends[1 - $i], $frame) if sysread($ends[$i], $frame, 70_000);
    }
}
