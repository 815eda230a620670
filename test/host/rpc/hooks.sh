#!/bin/sh
# Makes everything happen that a hook is told of, and prints what virsh prints. LIBVIRT_DEFAULT_URI names the daemon.
#   hooks.sh LOG     the file that the hook writes to
set -u
log=$1
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
uuid() { echo "0c0c0c0c-$1-4222-8333-00000000000$2"; }
net() { printf '<network><name>%s</name><uuid>%s</uuid>%s</network>' "$1" "$(uuid 1111 "$2")" "$3" >"$work/$1"; }
plain() {
  echo "<bridge name='vk$1'/><mac address='52:54:00:0c:00:0$1'/>" \
    "<ip address='10.95.$1.1' netmask='255.255.255.0'><dhcp><range start='10.95.$1.10' end='10.95.$1.20'/></dhcp></ip>"
}
for i in 1 2 3 4 5; do
  printf "<networkport><uuid>%s</uuid><owner><name>g%s</name><uuid>%s</uuid></owner><mac address='52:54:00:0c:01:0%s'/></networkport>" \
    "$(uuid 2222 $i)" $i "$(uuid 3333 $i)" $i >"$work/port$i"
done
v() { virsh "$@" 2>&1 | sed "s|$work||g"; }

net a 1 "<forward mode='nat'/>$(plain 1)<portgroup name='pg' default='yes'><bandwidth><inbound average='50'/></bandwidth></portgroup>"
v net-define "$work/a"; v net-start a
v net-port-create a "$work/port1"; v net-port-create a "$work/port2"
v net-update a add ip-dhcp-host "<host mac='52:54:00:0c:02:01' ip='10.95.1.15'/>" --live
v net-update a add dns-txt "<txt name='x' value='y'/>" --config
v net-update a add dns-txt "<txt name='z' value='y'/>" --live --config
v net-update a add dns-txt "<txt name='z' value='y'/>" --live
v net-desc a --live new text; v net-autostart a
v net-port-delete a "$(uuid 2222 1)"
v net-define "$work/a"; v net-destroy a
v net-create "$work/a"; v net-destroy a; v net-undefine a
# A start that is refused before anything is done, and one that is refused when all is there.
net refused 2 "$(plain 2)"
v net-create "$work/refused"; v net-define "$work/refused"; v net-start refused; v net-info refused
net late 5 "$(plain 5)"
v net-create "$work/late"; v net-list --all
# A guest that is refused; an update cannot be.
net full 3 "$(plain 3)"
v net-create "$work/full"; v net-port-create full "$work/port3"; v net-port-list full; v net-destroy full
net fixed 4 "$(plain 4)"
v net-create "$work/fixed"; v net-update fixed add dns-txt "<txt name='x' value='y'/>" --live; v net-dumpxml fixed; v net-destroy fixed
net pool 6 "<forward mode='bridge'><interface dev='eth20'/><interface dev='eth21'/></forward>"
v net-create "$work/pool"; v net-port-create pool "$work/port4"; v net-port-create pool "$work/port5"
v net-port-delete pool "$(uuid 2222 4)"; v net-destroy pool
# While the hook of one network runs, others start and stop and get guests, and what is asked of that network waits. By uuid: a look for a name
# waits in libvirt, as a list does.
waits() { until [ -e "$log.waits" ]; do sleep 0.02; done; rm "$log.waits"; }
go() { touch "$log.go"; }
net slow 7 "$(plain 7)"; net slow-late 8 "$(plain 8)"; net other 9 "$(plain 9)"
v net-define "$work/slow"; v net-define "$work/slow-late"; v net-define "$work/other"
slow=$(uuid 1111 7) late=$(uuid 1111 8) other=$(uuid 1111 9)
v net-start $slow >"$work/said" & waits
v net-start $other; v net-destroy $slow >"$work/then" & v net-port-create $other "$work/port1"
go; waits; v net-destroy $other
go; wait; cat "$work/said" "$work/then"; v net-list --all
v net-start $late >"$work/said" & waits; v net-start $other; go; wait; cat "$work/said"; v net-list --all
v net-start $slow >"$work/said" & waits; go; waits; go; wait; cat "$work/said"
v net-port-create $slow "$work/port2" >"$work/said" & waits
v net-port-create $other "$work/port1"; v net-destroy $other; go; wait; cat "$work/said"; v net-port-list $slow; v net-destroy $slow
