// What programs over go-libvirt do, which speaks the protocol without libvirt's C library, every answer on a line of its own:
//
//	clients READ-WRITE-SOCKET READ-ONLY-SOCKET
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"sync"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

const system = libvirt.ConnectURI("network:///system")

// call calls a method by its name and gives its answer and its error.
func call(l *libvirt.Libvirt, method string, args ...interface{}) string {
	function := reflect.ValueOf(l).MethodByName(method)
	in := make([]reflect.Value, len(args))
	for i, arg := range args {
		in[i] = reflect.ValueOf(arg).Convert(function.Type().In(i))
	}
	words := []string{method}
	for _, value := range function.Call(in) {
		answer := value.Interface()
		var refused libvirt.Error
		if err, isError := answer.(error); isError && errors.As(err, &refused) {
			answer = fmt.Sprintf("error %d %s", refused.Code, refused.Message)
		}
		words = append(words, fmt.Sprintf("%+v", answer))
	}
	return strings.Join(words, " ")
}

func opened(path string) *libvirt.Libvirt {
	l := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(path)))
	fmt.Println(call(l, "ConnectToURI", system))
	return l
}

func network(number byte) libvirt.Network {
	uuid := libvirt.UUID{0x0e, 0x0e, 0x0e, 0x0e, 0x55, 0x55, 0x42, 0x22, 0x83, 0x33, 0, 0, 0, 0, 0, number}
	return libvirt.Network{Name: fmt.Sprintf("go%d", number), UUID: uuid}
}

func document(net libvirt.Network, elements string) string {
	number := net.UUID[15]
	form := "<network><name>%s</name><uuid>%x</uuid>%s<bridge name='vgo%d'/><mac address='52:54:00:0e:05:%02x'/></network>"
	return fmt.Sprintf(form, net.Name, net.UUID[:], elements, number, number)
}

// together prints in one order what many goroutines say.
func together(count byte, what func(number byte) []string) {
	answers := make([][]string, count)
	var all sync.WaitGroup
	for number := byte(0); number < count; number++ {
		all.Add(1)
		go func(number byte) {
			defer all.Done()
			answers[number] = what(number)
		}(number)
	}
	all.Wait()
	var lines []string
	for _, some := range answers {
		lines = append(lines, some...)
	}
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
}

func main() {
	readWrite, readOnly := os.Args[1], os.Args[2]
	l := opened(readWrite)
	say := func(method string, args ...interface{}) { fmt.Println(call(l, method, args...)) }
	net := network(1)
	ip := "<ip address='10.95.1.1' prefix='24'><dhcp><range start='10.95.1.100' end='10.95.1.200'/></dhcp></ip>"
	lists := func() {
		for _, flags := range []int{0, 1, 2, 4, 8, 16, 64} {
			say("ConnectListAllNetworks", 1, flags)
		}
		say("ConnectListNetworks", 10)
		say("ConnectListDefinedNetworks", 10)
		say("ConnectNumOfNetworks")
	}
	// The connection, and what a network daemon has not.
	for _, method := range []string{"ConnectGetUri", "ConnectGetType", "ConnectGetLibVersion", "Version", "Capabilities", "Domains", "AuthList"} {
		say(method)
	}
	say("LifecycleEvents", context.Background())
	say("QEMUConnectDomainMonitorEventRegister", libvirt.OptDomain{}, libvirt.OptString{}, 0)
	// Events that go-libvirt does not know disturb none of its calls.
	_, err := l.ConnectNetworkEventRegisterAny(0, nil)
	fmt.Println("ConnectNetworkEventRegisterAny", err)
	lists()
	say("NetworkLookupByName", net.Name)
	say("NetworkDefineXML", document(net, ip))
	say("NetworkSetAutostart", net, 1)
	say("NetworkCreate", net)
	say("NetworkCreate", net)
	say("NetworkCreateXML", document(libvirt.Network{Name: "other", UUID: network(2).UUID}, ip))
	lists()
	for _, method := range []string{"NetworkIsActive", "NetworkIsPersistent", "NetworkGetAutostart", "NetworkGetBridgeName"} {
		say(method, net)
	}
	host := "<host mac='52:54:00:0e:05:21' name='a' ip='10.95.1.21'/>"
	for _, change := range [][2]int{{3, 4}, {3, 4}, {2, 4}, {1, 4}, {9, 4}, {3, 99}} {
		say("NetworkUpdateCompat", net, change[0], change[1], -1, host, 3)
	}
	say("NetworkGetXMLDesc", net, 0)
	say("NetworkGetXMLDesc", net, 1)
	say("NetworkGetDhcpLeases", net, libvirt.OptString{}, 1, 0)
	say("NetworkGetDhcpLeases", net, libvirt.OptString{"x"}, 1, 0)
	port := libvirt.NetworkPort{Net: net, UUID: network(9).UUID}
	owner := fmt.Sprintf("<uuid>%x</uuid><owner><name>vm</name><uuid>%x</uuid></owner><mac address='52:54:00:0e:05:31'/>", port.UUID[:], net.UUID[:])
	say("NetworkPortCreateXML", net, "<networkport>"+owner+"</networkport>", 0)
	say("NetworkPortSetParameters", port, []libvirt.TypedParam{{Field: "inbound.average", Value: *libvirt.NewTypedParamValueUint(7)}}, 0)
	say("NetworkPortGetParameters", port, 0, 0)
	say("NetworkPortGetXMLDesc", port, 0)
	say("NetworkListAllPorts", net, 1, 0)
	say("NetworkPortDelete", port, 0)
	say("NetworkPortDelete", port, 0)
	// Many goroutines over one connection, and each with its own.
	together(20, func(number byte) []string {
		net := network(20 + number)
		return []string{
			call(l, "NetworkDefineXML", document(net, "")),
			call(l, "NetworkCreate", net),
			call(l, "NetworkGetXMLDesc", net, 0),
			call(l, "NetworkDestroy", net),
			call(l, "NetworkUndefine", net),
			call(l, "NetworkLookupByName", net.Name),
		}
	})
	together(20, func(number byte) []string { return []string{call(l, "NetworkDestroy", net)} })
	together(20, func(number byte) []string {
		own := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(readWrite)))
		net := network(60 + number)
		return []string{
			call(own, "ConnectToURI", system),
			call(own, "NetworkCreateXML", document(net, "")),
			call(own, "NetworkDestroy", net),
			call(own, "Disconnect"),
			call(own, "NetworkIsActive", net),
		}
	})
	// A document of 4 MB, the longest text that the protocol has.
	long := document(net, "<description>"+strings.Repeat("x", 4<<20-400)+"</description>")
	say("NetworkDefineXML", long)
	text, err := l.NetworkGetXMLDesc(net, 0)
	fmt.Println("NetworkGetXMLDesc", len(text), err)
	say("NetworkUndefine", net)
	lists()
	say("Disconnect")
	say("ConnectNumOfNetworks")
	say("ConnectToURI", system)
	say("ConnectNumOfNetworks")
	say("Disconnect")
	l = opened(readOnly)
	say("NetworkDefineXML", document(net, ""))
	say("ConnectListAllNetworks", 1, 0)
	say("Disconnect")
}
