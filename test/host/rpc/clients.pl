# Drives a network daemon through Sys::Virt: perl clients.pl URI. Prints one line a fact, in a fixed order.
use strict;
use warnings;
use Sys::Virt;
use Sys::Virt::Network;
use Sys::Virt::NetworkPort;

my $uuid = "0a0a0a0a-1111-4222-8333-000000000002";
my $port = "0a0a0a0a-1111-4222-8333-000000000502";
my $xml = "<network><name>pl</name><uuid>$uuid</uuid><bridge name='vdpl'/><mac address='52:54:00:77:00:02'/>"
    . "<ip address='10.89.2.1' netmask='255.255.255.0'><dhcp><range start='10.89.2.10' end='10.89.2.99'/></dhcp></ip></network>";
my $port_xml = "<networkport><uuid>$port</uuid><owner><name>guest</name><uuid>$uuid</uuid></owner><mac address='52:54:00:99:00:02'/>"
    . "<bandwidth><inbound average='10'/></bandwidth></networkport>";

sub attempt {
    my ($name, $call) = @_;
    my @result = eval { $call->() };
    if (my $error = $@) {
        print ref $error ? "$name ! " . join(" ", $error->level, $error->code, $error->domain, $error->message) . "\n" : "$name ! $error";
        return;
    }
    print "$name = ", join(",", map { defined $_ ? $_ : "undef" } @result), "\n";
    return $result[0];
}

my $conn = Sys::Virt->new(uri => $ARGV[0]);
attempt("type", sub { $conn->get_type });
attempt("version", sub { $conn->get_version });
my $net = $conn->define_network($xml);
attempt("names", sub { map { $_->get_name } $conn->list_all_networks });
attempt("defined", sub { map { $_->get_name } $conn->list_defined_networks });
attempt("active", sub { map { $_->get_name } $conn->list_networks });
attempt("create", sub { $net->create; 1 });
attempt("active", sub { map { $_->get_name } $conn->list_networks });
attempt("counts", sub { ($conn->num_of_networks, $conn->num_of_defined_networks) });
attempt("bridge", sub { $net->get_bridge_name });
attempt("autostart", sub { $net->set_autostart(1); $net->get_autostart });
attempt("update", sub { $net->update(Sys::Virt::Network::UPDATE_COMMAND_ADD_LAST, Sys::Virt::Network::SECTION_IP_DHCP_HOST, -1,
    "<host mac='52:54:00:88:00:02' ip='10.89.2.6'/>", Sys::Virt::Network::UPDATE_AFFECT_LIVE | Sys::Virt::Network::UPDATE_AFFECT_CONFIG); 1 });
attempt("xml", sub { $net->get_xml_description });
attempt("leases", sub { scalar(my @l = $net->get_dhcp_leases) });
my $p = $net->create_port($port_xml);
attempt("port", sub { $p->get_uuid_string });
attempt("ports", sub { map { $_->get_uuid_string } $net->list_all_ports });
attempt("parameters", sub { my $v = $p->get_parameters; map { "$_=$v->{$_}" } sort keys %$v });
attempt("set", sub { $p->set_parameters({ "outbound.average" => 33 }); 1 });
attempt("parameters", sub { my $v = $p->get_parameters; map { "$_=$v->{$_}" } sort keys %$v });
attempt("port xml", sub { $p->get_xml_description });
attempt("port delete", sub { $p->delete; 1 });
attempt("lookup", sub { $conn->get_network_by_name("nope") });
attempt("lookup", sub { $conn->get_network_by_uuid($uuid)->get_name });
attempt("bad", sub { $conn->define_network("<network/>") });
attempt("destroy", sub { $net->destroy; 1 });
attempt("undefine", sub { $net->undefine; 1 });
