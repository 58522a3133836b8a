/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports by name: what a user writes after --port, as the device string that EAL wants.
 * The options in those strings are the ones that were found to work (docs/ports.md).
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_pci.h>

#include <septet/runtime.h>

#include "core.h"

struct spec_kind {
	const char *name;
	const char *driver;   /* its devices get a number; NULL: the user names the device */
	const char *format;   /* of what EAL is told behind the name; %s is the device */
	const char *expected; /* shown when the device is missing */
	enum spt_port_kind kind;
	bool options; /* ",key=value" may follow the device */
};

static const struct spec_kind spec_kinds[] = {
    {"tap", "net_tap", ",iface=%s", "tap:NAME, a name for the kernel's interface", SPT_PORT_TAP,
        false},
    {"af_packet", "net_af_packet", ",iface=%s,qdisc_bypass=1",
        "af_packet:IFACE, an interface that exists", SPT_PORT_AF_PACKET, false},
    {"af_xdp", "net_af_xdp", ",iface=%s,start_queue=0,queue_count=1,busy_budget=0",
        "af_xdp:IFACE, an interface that exists", SPT_PORT_AF_XDP, false},
    {"memif", "net_memif", ",socket=%s,socket-abstract=no,rsize=11",
        "memif:SOCKET[,role=server], a path for the socket", SPT_PORT_MEMIF, true},
    {"vhost", "net_vhost", ",iface=%s,queues=1", "vhost:PATH, a path for the socket",
        SPT_PORT_VHOST, true},
    {"virtio_user", "net_virtio_user", ",path=%s,queues=1,queue_size=1024",
        "virtio_user:PATH, the socket of a vhost port", SPT_PORT_VIRTIO_USER, true},
    {"pci", NULL, "", "pci:ADDRESS, such as pci:0000:03:00.0", SPT_PORT_PCI, true},
    {"vdev", NULL, "", "vdev:DEVICE, a device string of DPDK", SPT_PORT_VDEV, true},
};

static bool
spec_is_interface(enum spt_port_kind kind)
{
	return kind == SPT_PORT_TAP || kind == SPT_PORT_AF_PACKET || kind == SPT_PORT_AF_XDP;
}

static bool
spec_is_socket(enum spt_port_kind kind)
{
	return kind == SPT_PORT_MEMIF || kind == SPT_PORT_VHOST || kind == SPT_PORT_VIRTIO_USER;
}

/* "03:00.0" or "0000:03:00.0"; written out in full, for that is how DPDK's devices are called. */
static bool
spec_is_pci(char *device, size_t size)
{
	struct rte_pci_addr address;

	if (rte_pci_addr_parse(device, &address) != 0)
		return false;
	rte_pci_device_name(&address, device, size);
	return true;
}

/* Is the device one that this kind of port could have? */
static int
spec_check_device(
    const struct spec_kind *k, struct spt_port_spec *spec, char *error, size_t error_size)
{
	const char *d = spec->device;

	if (d[0] == '\0') {
		snprintf(error, error_size, "port '%s' names no device: expected %s", spec->text,
		    k->expected);
		return -EINVAL;
	}
	if (spec_is_interface(k->kind) && (strlen(d) >= IFNAMSIZ || strpbrk(d, "/ ,"))) {
		snprintf(error, error_size,
		    "port '%s': an interface name has at most %d characters, no '/', ',' or blank",
		    spec->text, IFNAMSIZ - 1);
		return -EINVAL;
	}
	/* The driver looks for the socket's directory, and finds none without a '/' in front. */
	if (k->kind == SPT_PORT_MEMIF && d[0] != '/') {
		snprintf(error, error_size,
		    "port '%s': memif wants the socket's whole path, from '/' on", spec->text);
		return -EINVAL;
	}
	if (k->kind == SPT_PORT_PCI && !spec_is_pci(spec->device, sizeof(spec->device))) {
		snprintf(error, error_size, "port '%s': no PCI address; expected %s", spec->text,
		    k->expected);
		return -EINVAL;
	}
	return 0;
}

/* Is 'word' what 'options' begin with, up to their end or the next comma? */
static bool
spec_is_word(const char *options, const char *word)
{
	size_t length = strlen(word);

	return strncmp(options, word, length) == 0 &&
	       (options[length] == '\0' || options[length] == ',');
}

/* The argument for EAL, with the option that memif cannot do without. */
static int
spec_format(const struct spec_kind *k, struct spt_port_spec *spec, const char *options, char *error,
    size_t error_size)
{
	const char *given = k->kind == SPT_PORT_MEMIF ? strstr(options, ",role=") : NULL;
	const char *role = "";
	int n;

	if (k->kind == SPT_PORT_MEMIF && !given)
		role = ",role=client";
	if (given && !spec_is_word(given, ",role=server") && !spec_is_word(given, ",role=client")) {
		snprintf(error, error_size,
		    "port '%s': expected role=server, or role=client (the default)", spec->text);
		return -EINVAL;
	}
	n = snprintf(spec->argument, sizeof(spec->argument), k->format, spec->device);
	if (n >= 0 && (size_t)n < sizeof(spec->argument)) {
		n += snprintf(
		    spec->argument + n, sizeof(spec->argument) - (size_t)n, "%s%s", options, role);
		if ((size_t)n < sizeof(spec->argument))
			return 0;
	}
	snprintf(error, error_size, "port '%s' is too long", spec->text);
	return -EINVAL;
}

int
spt_port_spec_parse(const char *text, struct spt_port_spec *spec, char *error, size_t error_size)
{
	const char *colon = strchr(text, ':'), *device, *end;
	const struct spec_kind *k = NULL;
	size_t length;
	int rc;

	memset(spec, 0, sizeof(*spec));
	if (strlen(text) >= sizeof(spec->text)) {
		snprintf(error, error_size, "port '%.40s...' is too long", text);
		return -EINVAL;
	}
	memcpy(spec->text, text, strlen(text) + 1);
	if (strcmp(text, "memory") == 0) {
		spec->kind = SPT_PORT_MEMORY;
		spec->virtual_port = true;
		return 0;
	}
	for (size_t i = 0; colon && i < RTE_DIM(spec_kinds); i++)
		if (strlen(spec_kinds[i].name) == (size_t)(colon - text) &&
		    strncmp(spec_kinds[i].name, text, (size_t)(colon - text)) == 0)
			k = &spec_kinds[i];
	if (!k) {
		snprintf(error, error_size,
		    "port '%s' is of no known kind: expected tap:NAME, af_packet:IFACE, "
		    "af_xdp:IFACE, memif:SOCKET, vhost:PATH, virtio_user:PATH, pci:ADDRESS, "
		    "vdev:DEVICE or memory",
		    text);
		return -EINVAL;
	}
	device = colon + 1;
	end = k->options ? strchrnul(device, ',') : device + strlen(device);
	length = (size_t)(end - device);
	if (length >= sizeof(spec->device)) {
		snprintf(error, error_size, "port '%s': the device's name is too long", text);
		return -EINVAL;
	}
	memcpy(spec->device, device, length);
	spec->kind = k->kind;
	snprintf(spec->driver, sizeof(spec->driver), "%s", k->driver ? k->driver : "");
	spec->virtual_port = k->kind != SPT_PORT_PCI;
	rc = spec_check_device(k, spec, error, error_size);
	return rc ? rc : spec_format(k, spec, end, error, error_size);
}

void
port_spec_name(const struct spt_port_spec *spec, unsigned int position, char name[SPEC_NAME])
{
	if (spec->driver[0])
		snprintf(name, SPEC_NAME, "%s%u", spec->driver, position);
	else
		snprintf(name, SPEC_NAME, "%s", spec->device);
}

static int
spec_check_interface(const struct spt_port_spec *spec, char *error, size_t error_size)
{
	bool tap = spec->kind == SPT_PORT_TAP;

	if (!privilege_has(tap ? CAP_NET_ADMIN : CAP_NET_RAW)) {
		snprintf(error, error_size,
		    "port '%s' needs %s: run as root, or 'setcap %s+ep' septet", spec->text,
		    tap ? "CAP_NET_ADMIN" : "CAP_NET_RAW", tap ? "cap_net_admin" : "cap_net_raw");
		return -EPERM;
	}
	if (tap && access("/dev/net/tun", R_OK | W_OK) != 0) {
		snprintf(error, error_size, "port '%s' needs /dev/net/tun: %s; try 'modprobe tun'",
		    spec->text, strerror(errno));
		return -ENODEV;
	}
	if (!tap && if_nametoindex(spec->device) == 0) {
		snprintf(error, error_size,
		    "port '%s': there is no interface '%s' in this network namespace; "
		    "'ip link' lists them",
		    spec->text, spec->device);
		return -ENODEV;
	}
	/* net_tap would join it as a further queue, and take it from whoever has it. */
	if (tap && if_nametoindex(spec->device) != 0) {
		snprintf(error, error_size,
		    "port '%s': there is an interface '%s' already, perhaps another septet's: "
		    "choose another name",
		    spec->text, spec->device);
		return -EEXIST;
	}
	return 0;
}

static int
spec_check_socket(const struct spt_port_spec *spec, char *error, size_t error_size)
{
	char directory[sizeof(spec->device)];
	char *slash;
	struct stat st;

	if (strlen(spec->device) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		snprintf(error, error_size, "port '%s': the socket's path is too long", spec->text);
		return -EINVAL;
	}
	if (spec->kind == SPT_PORT_VIRTIO_USER ||
	    (spec->kind == SPT_PORT_MEMIF && strstr(spec->argument, "role=client"))) {
		if (stat(spec->device, &st) == 0)
			return 0;
		snprintf(error, error_size, "port '%s': no socket there (%s); start the %s first",
		    spec->text, strerror(errno),
		    spec->kind == SPT_PORT_MEMIF ? "side with role=server" : "vhost side");
		return -ENODEV;
	}
	memcpy(directory, spec->device, sizeof(directory));
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	if (access(slash ? directory : ".", W_OK | X_OK) == 0)
		return 0;
	snprintf(error, error_size, "port '%s': no socket can be made in '%s': %s", spec->text,
	    slash ? directory : ".", strerror(errno));
	return errno == EACCES ? -EPERM : -ENODEV;
}

int
spt_port_spec_check(const struct spt_port_spec *spec, char *error, size_t error_size)
{
	char path[96];

	if (spec_is_interface(spec->kind))
		return spec_check_interface(spec, error, error_size);
	if (spec_is_socket(spec->kind))
		return spec_check_socket(spec, error, error_size);
	if (spec->kind != SPT_PORT_PCI)
		return 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", spec->device);
	if (access(path, F_OK) == 0)
		return 0;
	snprintf(error, error_size,
	    "port '%s': this machine has no such PCI device; 'lspci' lists them", spec->text);
	return -ENODEV;
}
