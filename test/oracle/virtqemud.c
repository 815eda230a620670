/*
 * Makes Debian's libvirtd, loaded with the QEMU driver alone, what other distributions ship as virtqemud: its drivers reach networks through the
 * daemon at virtnetworkd-sock, and what a client of qemu:///system asks of networks is passed on there. Loaded before libvirtd by LD_PRELOAD.
 * Whatever is called is looked up when it is called: programs that libvirtd starts know nothing of libvirt.
 */
extern void *dlsym(void *handle, const char *name);
extern int unsetenv(const char *name);

typedef long (*function)();
#define NEXT ((void *)-1L) /* RTLD_NEXT */
#define next(name) ((function)dlsym(NEXT, name))

/* libvirtd says that it is the only daemon of the host (`monolithic`), and libvirt then looks for drivers of others nowhere else. */
int virStateInitialize(_Bool privileged, _Bool mandatory, const char *root, _Bool monolithic, void *inhibit, void *opaque) {
  (void)monolithic;
  unsetenv("LD_PRELOAD");
  return (int)next("virStateInitialize")(privileged, mandatory, root, (_Bool)0, inhibit, opaque);
}

/* What a client asks of its connection's networks goes to a connection of this process to the daemon of networks. */
static void *networks(void) {
  static void *connection;
  if (!connection) connection = (void *)next("virConnectOpen")("network:///system");
  return connection;
}
#define PASSED_ON(type, name, failure)                              \
  type name(void *connection, long a, long b, long c, long d, long e) { \
    (void)connection;                                               \
    connection = networks();                                        \
    return connection ? (type)next(#name)(connection, a, b, c, d, e) : failure; \
  }
PASSED_ON(int, virConnectNumOfNetworks, -1)
PASSED_ON(int, virConnectNumOfDefinedNetworks, -1)
PASSED_ON(int, virConnectListNetworks, -1)
PASSED_ON(int, virConnectListDefinedNetworks, -1)
PASSED_ON(int, virConnectListAllNetworks, -1)
PASSED_ON(int, virConnectNetworkEventRegisterAny, -1)
PASSED_ON(int, virConnectNetworkEventDeregisterAny, -1)
PASSED_ON(void *, virNetworkLookupByName, 0)
PASSED_ON(void *, virNetworkLookupByUUID, 0)
PASSED_ON(void *, virNetworkCreateXML, 0)
PASSED_ON(void *, virNetworkCreateXMLFlags, 0)
PASSED_ON(void *, virNetworkDefineXML, 0)
PASSED_ON(void *, virNetworkDefineXMLFlags, 0)
PASSED_ON(void *, virGetNetwork, 0)
