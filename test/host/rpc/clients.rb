# frozen_string_literal: true

# What ruby-libvirt's network calls answer, a line each; the errors with the call's name, code, domain and level.
#   clients.rb URI
require 'libvirt'

UUID = '3e3fce45-4f53-4fa7-bb32-000000000077'
XML = "<network><name>rb</name><uuid>#{UUID}</uuid><forward mode='nat'/><bridge name='vbrb'/><mac address='52:54:00:00:00:77'/><ip address='10.77.0.1' netmask='255.255.255.0'><dhcp><range start='10.77.0.2' end='10.77.0.9'/></dhcp></ip></network>"
def say(what)
  answer = yield
  answer = answer.is_a?(Array) ? answer.map { |n| shown(n) } : shown(answer)
  puts "#{what}: #{answer.inspect}"
rescue Libvirt::Error => e
  puts "#{what}: #{e.class} #{e.libvirt_function_name} #{e.libvirt_code} #{e.libvirt_component} #{e.libvirt_level} #{e.libvirt_message}"
rescue StandardError => e
  puts "#{what}: #{e.class} #{e.message}"
end

def shown(value)
  value.is_a?(Libvirt::Network) ? value.name : value
end

c = Libvirt.open(ARGV[0])
say('type') { c.type }
say('version') { c.version }
say('libversion') { c.libversion }
say('hostname') { c.hostname.class }
say('uri') { c.uri.sub(/socket=.*/, '') }
say('encrypted') { c.encrypted? }
say('secure') { c.secure? }
say('alive') { c.alive? }
say('capabilities') { c.capabilities.size > 0 }
say('node_info') { c.node_get_info.cpus > 0 }
say('max_vcpus') { c.max_vcpus }
say('domains') { c.list_domains }
say('pools') { c.list_storage_pools }
say('interfaces') { c.list_interfaces }
say('secrets') { c.list_secrets }
say('nwfilters') { c.list_nwfilters }
say('nodedevs') { c.list_nodedevices }
say('all domains') { c.list_all_domains }
say('num') { [c.num_of_networks, c.num_of_defined_networks] }
say('list') { [c.list_networks.sort, c.list_defined_networks.sort] }
%w[rb x].each { |n| say("lookup #{n}") { c.lookup_network_by_name(n) } }
say('uuid') { c.lookup_network_by_uuid(UUID) }
say('bad uuid') { c.lookup_network_by_uuid('x') }
['<x/>', '<network/>', "<network><name>a/b</name></network>", "<network><name>q</name><forward mode='zz'/></network>"].each { |x| say("define #{x}") { c.define_network_xml(x) } }
say('define') { c.define_network_xml(XML) }
net = c.lookup_network_by_name('rb')
say('name') { [net.name, net.uuid] }
say('active') { [net.active?, net.persistent?, net.autostart?] }
say('bridge') { net.bridge_name }
say('destroy stopped') { net.destroy }
say('leases stopped') { net.dhcp_leases }
say('autostart') { net.autostart = true; net.autostart? }
say('autostart off') { net.autostart = false; net.autostart? }
say('create') { net.create }
say('create again') { net.create }
say('undefine active') { net.undefine; [net.active?, net.persistent?] }
say('autostart transient') { net.autostart = true }
say('redefine') { c.define_network_xml(XML); net.persistent? }
say('xml') { net.xml_desc }
say('xml inactive') { net.xml_desc(1) }
say('xml bad flag') { net.xml_desc(2) }
say('leases') { net.dhcp_leases }
say('leases mac') { net.dhcp_leases('52:54:00:00:00:01') }
say('update') { net.update(3, 4, -1, "<host mac='52:54:00:00:00:01' ip='10.77.0.5'/>", 1) }
say('update again') { net.update(3, 4, -1, "<host mac='52:54:00:00:00:01' ip='10.77.0.5'/>", 1) }
say('update both') { net.update(3, 4, 0, "<host mac='52:54:00:00:00:02' ip='10.77.0.6'/>", 3) }
say('update nonsense') { net.update(99, 99, 7, "<x/>", 0) }
say('xml') { net.xml_desc }
say('all') { c.list_all_networks.sort_by(&:name) }
(0..7).each { |b| say("all #{1 << b}") { c.list_all_networks(1 << b) } }
say('create xml') { c.create_network_xml(XML.gsub('rb<', 'rb2<').gsub('77', '78').gsub('vbrb', 'vbrb2')) }
say('same bridge') { c.create_network_xml(XML.gsub('rb<', 'rb3<').gsub(/<uuid>.*<.uuid>/, '')) }
say('list') { [c.list_networks.sort, c.list_defined_networks.sort] }
say('destroy transient') { n = c.lookup_network_by_name('rb2'); n.destroy; n.active? }
# As vagrant-libvirt makes its networks: the range begins with the bridge's own address.
managed = "<network ipv6='yes'><name>vl</name><bridge name='vbvl' stp='on' delay='0'/><mac address='52:54:00:00:00:79'/><forward mode='nat'/><ip address='10.79.0.1' netmask='255.255.255.0'><dhcp><range start='10.79.0.1' end='10.79.0.254'/></dhcp></ip></network>"
say('vagrant define') { c.define_network_xml(managed) }
vl = c.lookup_network_by_name('vl')
say('vagrant create') { vl.autostart = true; vl.create; [vl.active?, vl.bridge_name, vl.xml_desc.sub(vl.uuid, '')] }
say('vagrant by uuid') { c.lookup_network_by_uuid("#{vl.uuid}\n") }
say('vagrant destroy') { vl.destroy; vl.undefine }
say('destroy') { net.destroy }
say('undefine') { net.undefine }
say('gone') { net.active? }
say('gone') { net.xml_desc }
say('free') { net.free }
say('close') { c.close; c.closed? }
