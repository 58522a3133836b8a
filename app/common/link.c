/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports as the command line tells them, and who we are behind each. */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "base/addr.h"
#include "common/address.h"
#include "common/link.h"
#include "common/option.h"

/* What a port has once. */
enum link_given {
	LINK_MTU = 1 << 0,
	LINK_VLAN = 1 << 1,
	LINK_IMPAIR = 1 << 2,
	LINK_GATEWAY4 = 1 << 3,
	LINK_GATEWAY6 = 1 << 4,
	LINK_MERGING = 1 << 5,
	LINK_TSO = 1 << 6,
};

/* ---- the options of a port ---------------------------------------------------- */

int
link_at(struct link_options *link, const char *name, char *error, size_t error_size)
{
	if (link->undecided) {
		snprintf(error, error_size,
		    "whose? The file has %u ports: expected --port before it; name the ports on "
		    "the command line, or write this into the file",
		    link->n_ports);
		return -EINVAL;
	}
	if (link->n_ports == 0 && !link->early)
		link->early = name;
	return link->n_ports ? (int)link->n_ports - 1 : 0;
}

/* The port that takes it, once. */
static int
link_once(struct link_options *link, const char *name, enum link_given what, const char *value,
    char *error, size_t error_size)
{
	int at = link_at(link, name, error, error_size);

	if (at < 0)
		return at;
	if (link->of[at].given & what) {
		snprintf(error, error_size,
		    "'%.100s' is the second of %s: expected one for each --port, leave one away",
		    value, link->n_ports ? link->port[at].spec.text : "the port");
		return -EINVAL;
	}
	link->of[at].given |= what;
	return at;
}

/* One of the same kind that can be. */
static const char *
link_port_example(const char *value)
{
	static const char *const examples[] = {"tap:sept0", "af_packet:eth1", "af_xdp:eth1",
	    "memif:/run/a.sock", "vhost:/run/b.sock", "virtio_user:/run/b.sock", "pci:0000:03:00.0",
	    "vdev:net_pcap0,iface=eth1"};
	size_t n = strcspn(value, ":") + 1;

	for (size_t i = 0; i < RTE_DIM(examples); i++)
		if (strncmp(value, examples[i], n) == 0)
			return examples[i];
	return examples[0];
}

/* An interface of the kernel is one, whichever way it is opened: its frames would go round. */
static bool
link_same_device(const struct spt_port_spec *a, const struct spt_port_spec *b)
{
	bool a_interface = a->kind == SPT_PORT_AF_PACKET || a->kind == SPT_PORT_AF_XDP;
	bool b_interface = b->kind == SPT_PORT_AF_PACKET || b->kind == SPT_PORT_AF_XDP;

	return (a->kind == b->kind || (a_interface && b_interface)) &&
	       strcmp(a->device, b->device) == 0;
}

int
link_parse_port(void *target, const char *value, char *error, size_t error_size)
{
	struct link_options *link = target;
	struct spt_port_spec *spec;
	char why[320];

	if (link->n_ports == SPT_PORTS) {
		snprintf(error, error_size,
		    "'%s' is one too many: expected at most %d ports, leave it away", value,
		    SPT_PORTS);
		return -EINVAL;
	}
	if (link->n_ports == 1 && link->early) {
		snprintf(error, error_size,
		    "'%s' is the second, but --%s stands before the first: expected it behind its "
		    "own --port, move it there",
		    value, link->early);
		return -EINVAL;
	}
	spec = &link->port[link->n_ports].spec;
	if (spt_port_spec_parse(value, spec, why, sizeof(why)) != 0) {
		/* "port 'x' ...": the option says that it is one. */
		snprintf(error, error_size, "%s%s%s",
		    strncmp(why, "port '", 6) == 0 ? why + 5 : why,
		    strstr(why, "such as") ? "" : "; such as ",
		    strstr(why, "such as") ? "" : link_port_example(value));
		return -EINVAL;
	}
	for (unsigned int i = 0; i < link->n_ports; i++) {
		if (!link_same_device(&link->port[i].spec, spec))
			continue;
		snprintf(error, error_size,
		    "'%s' is given twice: expected another device, or leave one away", value);
		return -EINVAL;
	}
	link->n_ports++;
	return 0;
}

int
link_parse_address(void *target, const char *value, char *error, size_t error_size)
{
	struct link_options *link = target;
	int at = link_at(link, "address", error, error_size);

	if (at < 0)
		return at;
	if (link->n_local == LINK_LOCALS) {
		snprintf(error, error_size,
		    "'%s' is one too many: expected at most %d; write a run such as "
		    "10.0.0.1-10.0.0.9/24 as one",
		    value, LINK_LOCALS);
		return -EINVAL;
	}
	link->of[at].n_local++;
	return address_parse_local(value, &link->local[link->n_local++], error, error_size);
}

int
link_parse_gateway(void *target, const char *value, char *error, size_t error_size)
{
	struct link_options *link = target;
	struct spt_addr address;
	int at, rc = address_parse(value, &address, error, error_size);

	if (rc)
		return rc;
	if (addr_is_zero(&address)) {
		snprintf(error, error_size,
		    "'%s' is no router's address: expected one such as 10.0.0.254", value);
		return -EINVAL;
	}
	at = link_once(link, "gateway", addr_is_v4(&address) ? LINK_GATEWAY4 : LINK_GATEWAY6, value,
	    error, error_size);
	if (at < 0)
		return at;
	if (addr_is_v4(&address))
		link->port[at].gateway4 = address;
	else
		link->port[at].gateway6 = address;
	return 0;
}

int
link_parse_impair(void *target, const char *value, char *error, size_t error_size)
{
	struct link_options *link = target;
	int at = link_once(link, "impair", LINK_IMPAIR, value, error, error_size);
	size_t n = strlen(value), quote;
	char why[256];
	bool alone;

	if (at < 0)
		return at;
	memset(&link->of[at].impair, 0, sizeof(link->of[at].impair));
	link->of[at].impair_text = value;
	if (spt_impair_parse(value, &link->of[at].impair, why, sizeof(why)) == 0)
		return 0;
	/* Of a list it says which item, perhaps in quotes; of one that is alone that is all. */
	quote = why[0] == '"';
	alone = strncmp(why + quote, value, n) == 0 && why[n + 2 * quote] == ':';
	snprintf(error, error_size, "'%.100s': %s%s", value, why + (alone ? n + 2 * quote + 2 : 0),
	    strstr(why, "such as") ? "" : ", such as loss=2%,delay=20ms");
	return -EINVAL;
}

int
link_stored_mtu(void *target, const char *value, char *error, size_t error_size)
{
	struct link_options *link = target;
	int at = link_once(link, "mtu", LINK_MTU, value, error, error_size);

	if (at >= 0)
		link->port[at].mtu = link->mtu;
	return RTE_MIN(at, 0);
}

int
link_stored_vlan(void *target, const char *value, char *error, size_t error_size)
{
	struct link_options *link = target;
	int at = link_once(link, "vlan", LINK_VLAN, value, error, error_size);

	if (at >= 0)
		link->port[at].vlan = link->vlan;
	return RTE_MIN(at, 0);
}

int
link_parse_merging(void *target, const char *value, char *error, size_t error_size)
{
	static const char *const words[] = {"off", "on"};
	struct link_options *link = target;
	int chosen = option_choice(value, words, RTE_DIM(words), error, error_size);
	int at;

	if (chosen < 0)
		return chosen;
	at = link_once(link, "receive-merging", LINK_MERGING, value, error, error_size);
	if (at >= 0)
		link->port[at].merge = chosen == 1;
	return RTE_MIN(at, 0);
}

int
link_parse_tso(void *target, const char *value, char *error, size_t error_size)
{
	static const char *const words[] = {"auto", "off"};
	struct link_options *link = target;
	int chosen = option_choice(value, words, RTE_DIM(words), error, error_size);
	int at;

	if (chosen < 0)
		return chosen;
	at = link_once(link, "tso", LINK_TSO, value, error, error_size);
	if (at >= 0)
		link->port[at].no_tso = chosen == 1;
	return RTE_MIN(at, 0);
}

/* ---- of all ports ----------------------------------------------------------------- */

int
link_parse_idle(void *target, const char *value, char *error, size_t error_size)
{
	static const char *const words[] = {
	    [LINK_IDLE_AUTO] = "auto", [LINK_IDLE_ON] = "on", [LINK_IDLE_OFF] = "off"};
	int chosen = option_choice(value, words, RTE_DIM(words), error, error_size);

	if (chosen >= 0)
		((struct link_options *)target)->idle = (enum link_idle)chosen;
	return RTE_MIN(chosen, 0);
}

int
link_parse_user(void *target, const char *value, char *error, size_t error_size)
{
	if (value[0] && getpwnam(value)) {
		((struct link_options *)target)->user = value;
		return 0;
	}
	snprintf(error, error_size,
	    "'%s' is no user of this machine: expected a user's name, 'getent passwd' lists them",
	    value);
	return -EINVAL;
}

bool
link_command_line(struct link_options *link, bool anew)
{
	bool forget = anew && link->n_ports > 0;

	if (forget) {
		memset(link->port, 0, sizeof(link->port));
		memset(link->of, 0, sizeof(link->of));
		link->n_ports = link->n_local = 0;
		link->early = NULL;
	}
	/* What is given once is so on the command line, which wins. */
	for (unsigned int i = 0; i < SPT_PORTS; i++)
		link->of[i].given = 0;
	link->undecided = link->n_ports > 1;
	return forget;
}

/* ---- what they mean together ---------------------------------------------------------- */

/* A gateway that is on no link of ours would never be reached. */
static int
link_check_gateway(const struct link_options *link, unsigned int port,
    const struct spt_addr *gateway, char *error, size_t error_size)
{
	const struct spt_local *local = link_locals(link, port);
	const char *unfit = NULL;
	char text[ADDRESS_TEXT];
	bool on_link = false;

	if (addr_is_zero(gateway))
		return 0;
	for (unsigned int i = 0; i < link->of[port].n_local && !unfit; i++) {
		if (addr_is_v4(&local[i].first) != addr_is_v4(gateway) ||
		    !address_in_network(gateway, &local[i].first, local[i].prefix))
			continue;
		on_link = true;
		unfit = address_in_run(gateway, &local[i])
		            ? "one of our own addresses"
		            : address_unfit(gateway, local[i].prefix);
	}
	if (unfit) {
		snprintf(error, error_size,
		    "--gateway '%s' is %s: expected the router's, give that",
		    address_text(gateway, text), unfit);
		return -EINVAL;
	}
	if (on_link)
		return 0;
	if (link_is_link_local(gateway))
		return 0;
	snprintf(error, error_size,
	    "--gateway '%s' is in no network of that port's --address: expected a router that can "
	    "be reached, or add an --address of its network",
	    address_text(gateway, text));
	return -EINVAL;
}

static int
link_check_locals(const struct link_options *link, char *error, size_t error_size)
{
	char text[2 * ADDRESS_TEXT], other[2 * ADDRESS_TEXT];
	const struct spt_local *local = link->local;

	for (unsigned int i = 0; i < link->n_local; i++) {
		for (unsigned int j = 0; j < i; j++) {
			if (!address_in_run(&local[i].first, &local[j]) &&
			    !address_in_run(&local[j].first, &local[i]))
				continue;
			snprintf(error, error_size,
			    "--address '%s' overlaps '%s', given before: expected each address "
			    "once, leave one away",
			    address_local_text(&local[i], text),
			    address_local_text(&local[j], other));
			return -EINVAL;
		}
	}
	for (unsigned int p = 0; p < RTE_MAX(link->n_ports, 1u); p++) {
		uint32_t total = 0;

		for (unsigned int i = 0; i < link->of[p].n_local; i++)
			total += local++->count;
		if (total <= LINK_ADDRESSES_MAX)
			continue;
		snprintf(error, error_size,
		    "--address: %" PRIu32 " addresses on a port: expected at most %d, shorten a "
		    "run",
		    total, LINK_ADDRESSES_MAX);
		return -EINVAL;
	}
	return 0;
}

int
link_check(const struct link_options *link, char *error, size_t error_size)
{
	int rc;

	for (unsigned int i = 0; i < link->n_ports && link->n_ports > 1; i++) {
		if (link->port[i].spec.kind != SPT_PORT_MEMORY)
			continue;
		snprintf(error, error_size,
		    "--port 'memory' is one of %u: expected it alone, since its peer is in this "
		    "process; leave it or the others away",
		    link->n_ports);
		return -EINVAL;
	}
	rc = link_check_locals(link, error, error_size);
	for (unsigned int i = 0; i < link->n_ports && rc == 0; i++) {
		rc = link_check_gateway(link, i, &link->port[i].gateway4, error, error_size);
		if (rc == 0)
			rc =
			    link_check_gateway(link, i, &link->port[i].gateway6, error, error_size);
	}
	return rc;
}

int
link_check_ports(const struct link_options *link, char *error, size_t error_size)
{
	int rc = 0;

	for (unsigned int i = 0; i < link->n_ports && rc == 0; i++)
		if (link->port[i].spec.kind != SPT_PORT_MEMORY)
			rc = spt_port_spec_check(&link->port[i].spec, error, error_size);
	return rc ? rc
	          : spt_privileges_check(link->port, link->n_ports, link->user, error, error_size);
}

int
link_port_of(const struct link_options *link, const struct spt_addr *address)
{
	const struct spt_local *local = link->local;

	for (unsigned int p = 0; p < link->n_ports; p++)
		for (unsigned int i = 0; i < link->of[p].n_local; i++, local++)
			if (address_in_run(address, local))
				return (int)p;
	return -1;
}

void
link_finish(struct link_options *link)
{
	const struct spt_local *local = link->local;

	for (unsigned int i = 0; i < link->n_ports; i++) {
		struct spt_runtime_port *port = &link->port[i];

		port->local = local;
		port->n_local = link->of[i].n_local;
		local += link->of[i].n_local;
		port->impair = link->of[i].impair_text ? &link->of[i].impair : NULL;
		if (!port->mtu)
			port->mtu = 1500;
	}
}

void
link_free(struct link_options *link)
{
	free(link->config);
	link->config = NULL;
}
