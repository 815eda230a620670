/*
 * Sends a client of libvirt with a fixed URI of QEMU's driver to the networks' daemon of a test: loaded before it by LD_PRELOAD. What is opened is
 * VIRTNET_TEST_URI, whatever is asked for.
 */
extern void *dlsym(void *handle, const char *name);
extern char *getenv(const char *name);

#define NEXT ((void *)-1L) /* RTLD_NEXT */
typedef void *(*openFunction)(const char *uri, void *auth, unsigned int flags);

void *virConnectOpenAuth(const char *uri, void *auth, unsigned int flags) {
  (void)uri;
  return ((openFunction)dlsym(NEXT, "virConnectOpenAuth"))(getenv("VIRTNET_TEST_URI"), auth, flags);
}
