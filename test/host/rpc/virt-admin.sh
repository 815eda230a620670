# What virt-admin(1) sees of a daemon, a line each: the same beside libvirtd and virtnetd.
#   sh virt-admin.sh ADMIN-URI SERVER READ-WRITE-URI READ-ONLY-URI
uri=$1 server=$2 readWrite=$3 readOnly=$4

va() {
  printf '$ %s\n' "$*"
  virt-admin -c "$uri" "$@" 2>&1
  printf 'exit %s\n' $?
}

# listener NUMBER URI: a client that stays. Its number is that of its connection.
listener() {
  virsh -c "$2" net-event --loop --event lifecycle >/dev/null 2>&1 &
  until virt-admin -c "$uri" client-list "$server" | grep -q "^ $1 "; do sleep 0.1; done
}

va version
va server-list | sed -n 's/^ [01] *//p' | sort
va client-list "$server"
listener 1 "$readWrite"
first=$!
listener 2 "$readOnly"
second=$!
va client-list "$server"
for client in 1 2 3; do va client-info "$server" "$client" | sed "s/: $first\$/: first/; s/: $second\$/: second/"; done
va client-info nobody 1
va server-threadpool-info nobody

va server-clients-set "$server" --max-clients 300
va server-clients-set "$server" --max-unauth-clients 30
va server-clients-info "$server"
va server-clients-set "$server" --max-unauth-clients 301
va server-clients-set "$server" --max-clients 29
va server-clients-set "$server" --max-clients 2 --max-unauth-clients 2
virsh -c "$readWrite" uri >/dev/null 2>&1 &
third=$!
sleep 0.3
va server-clients-info "$server"
va client-disconnect "$server" 1
wait "$first"
echo "the first client ended with $?"
wait "$third" # libvirtd lets it wait until there is room, virtnetd turns it away
va server-clients-set "$server" --max-clients 5000
va client-disconnect "$server" 1
va client-list "$server"
va server-clients-info admin
va client-disconnect admin 99999

va daemon-log-outputs 4:stderr
va daemon-log-outputs
va daemon-log-outputs '3:stderr 2:stderr'
va daemon-log-filters
va daemon-log-filters ''
for outputs in 3 x:stderr 5:stderr 0:stderr 3: 3:nowhere 3:file 3:stderr:more '3:stderr x'; do va daemon-log-outputs "$outputs"; done
for filters in 1 x:util 5:util 1: ':util' '1:util x'; do va daemon-log-filters "$filters"; done
va server-update-tls "$server"
va daemon-timeout --timeout 0
va server-threadpool-set "$server" --min-workers 0 --max-workers 0 | head -1
kill "$second"
