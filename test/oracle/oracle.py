"""Asks a private libvirtd. Reads one JSON request a line on stdin, answers one JSON object a line on stdout.

Requests: {"op": "define", "xml"}                     -> {"xml"} inactive document
          {"op": "create", "xml"}                     -> {"xml", "live"} defined and started, then removed
          {"op": "update", "xml", "active", "section", "command", "parentIndex", "fragment", "flags"} -> {"xml", "live"?}
          {"op": "port", "network", "ports": [xml], "flags"} -> {"ports": [{"xml"} | {"error"}], "live"}
          {"op": "domain", "xml"}                     -> {"xml"} of a guest, by the in-memory test driver
An answer with "error": {"code", "domain", "message"} is a refusal. Every request starts and ends without networks.
"""
import json
import sys

import libvirt

libvirt.registerErrorHandler(lambda _context, _error: None, None)
network_host = libvirt.open('network:///system')
domain_host = None


def refusal(error):
    return {'error': {'code': error.get_error_code(), 'domain': error.get_error_domain(), 'message': error.get_error_message()}}


def clean():
    for network in network_host.listAllNetworks():
        if network.isActive():
            network.destroy()
    for network in network_host.listAllNetworks():
        network.undefine()


def define(request):
    network = network_host.networkDefineXML(request['xml'])
    return {'xml': network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)}


def create(request):
    network = network_host.networkDefineXML(request['xml'])
    answer = {'xml': network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)}
    try:
        network.create()
        answer['live'] = network.XMLDesc(0)
    except libvirt.libvirtError as error:
        answer['startError'] = refusal(error)['error']
    return answer


def update(request):
    network = network_host.networkDefineXML(request['xml'])
    if request.get('active'):
        network.create()
    answer = {'before': network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)}
    try:
        # The binding swaps command and section for old daemons; 11.3 and 9.0 take them in this order.
        network.update(request['command'], request['section'], request['parentIndex'], request['fragment'], request.get('flags', 0))
    except libvirt.libvirtError as error:
        answer.update(refusal(error))
    answer['xml'] = network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
    if request.get('active'):
        answer['live'] = network.XMLDesc(0)
    return answer


def port(request):
    network = network_host.networkDefineXML(request['network'])
    network.create()
    answers = []
    for xml in request['ports']:
        try:
            answers.append({'xml': network.portCreateXML(xml, request.get('flags', 0)).XMLDesc(0)})
        except libvirt.libvirtError as error:
            answers.append(refusal(error))
        except SystemError:  # a message that is not UTF-8: reclaiming an unknown device prints random bytes
            answers.append({'error': {'code': 1, 'domain': 19, 'message': '?'}})
    return {'ports': answers, 'live': network.XMLDesc(0)}


def domain(request):
    global domain_host
    domain_host = domain_host or libvirt.open('test:///default')
    guest = domain_host.defineXML(request['xml'])
    try:
        return {'xml': guest.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)}
    finally:
        guest.undefine()


operations = {'define': define, 'create': create, 'update': update, 'port': port, 'domain': domain}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = operations[request['op']](request)
    except libvirt.libvirtError as error:
        answer = refusal(error)
    finally:
        if request['op'] != 'domain':
            clean()
    print(json.dumps(answer), flush=True)
