/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every subcommand is told of its link: the ports, who we are behind each of them, and the
 * checks that need several of these options.
 */
#ifndef SPT_APP_LINK_H
#define SPT_APP_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <septet/runtime.h>
#include <septet/septet.h>

#define LINK_LOCALS        64    /* runs of addresses, of all ports */
#define LINK_ADDRESSES_MAX 65535 /* of a port, as the engine's contract: struct spt_local */

enum link_idle { LINK_IDLE_AUTO, LINK_IDLE_ON, LINK_IDLE_OFF };

/* What struct spt_runtime_port points to, and what was said. */
struct link_port {
	unsigned int n_local; /* in a row in 'local', behind those of the ports before */
	const char *impair_text;
	struct spt_impair_config impair;
	unsigned int given; /* enum link_given */
};

struct link_options {
	/* As the runtime wants them. One that nobody named yet is there too, in the first place. */
	struct spt_runtime_port port[SPT_PORTS];
	struct link_port of[SPT_PORTS];
	unsigned int n_ports;
	struct spt_local local[LINK_LOCALS];
	unsigned int n_local;
	const char *early;  /* an option of a port that stood before the first */
	bool undecided;     /* the file has several, the command line names none of them */
	uint16_t mtu, vlan; /* the last that was read */
	const char *lcores;
	enum link_idle idle;
	const char *user;
	bool quiet;
	struct config *config; /* its text: values point into it */
};

/* ---- for the table of rows: each puts a value where it belongs. 0 or -EINVAL ------------------
 */

int link_parse_port(void *link, const char *value, char *error, size_t error_size);
int link_parse_address(void *link, const char *value, char *error, size_t error_size);
int link_parse_gateway(void *link, const char *value, char *error, size_t error_size);
int link_parse_impair(void *link, const char *value, char *error, size_t error_size);
int link_parse_merging(void *link, const char *value, char *error, size_t error_size);
int link_parse_tso(void *link, const char *value, char *error, size_t error_size);
int link_parse_idle(void *link, const char *value, char *error, size_t error_size);
int link_parse_user(void *link, const char *value, char *error, size_t error_size);
int link_stored_mtu(void *link, const char *value, char *error, size_t error_size);
int link_stored_vlan(void *link, const char *value, char *error, size_t error_size);

/*
 * The port that an option 'name' belongs to, which stands where we are: the one before it. Its
 * index, or -EINVAL.
 */
int link_at(struct link_options *link, const char *name, char *error, size_t error_size);

/*
 * The command line begins; 'anew': it names ports, which take the place of the file's. True: they
 * were forgotten with all that belonged to them.
 */
bool link_command_line(struct link_options *link, bool anew);

/* ---- afterwards ---------------------------------------------------------------------------- */

/*
 * No address is given twice, there are not too many, each gateway can be reached and is somebody
 * else, and memory stands alone. 0, or -EINVAL with one line that names the option.
 */
int link_check(const struct link_options *link, char *error, size_t error_size);

/* The pointers of 'port' into 'link', which must not move any more. */
void link_finish(struct link_options *link);

/* The first of a port's runs of addresses. */
static inline const struct spt_local *
link_locals(const struct link_options *link, unsigned int port)
{
	const struct spt_local *local = link->local;

	for (unsigned int i = 0; i < port; i++)
		local += link->of[i].n_local;
	return local;
}

/* The port that has an address of ours, or -1. */
int link_port_of(const struct link_options *link, const struct spt_addr *address);

/* Does none of them lead to hardware? */
static inline bool
link_virtual(const struct link_options *link)
{
	bool all = true;

	for (unsigned int i = 0; i < link->n_ports; i++)
		all &= link->port[i].spec.virtual_port;
	return all;
}

static inline bool
link_is_memory(const struct link_options *link)
{
	return link->n_ports > 0 && link->port[0].spec.kind == SPT_PORT_MEMORY;
}

/* fe80::/10, which is on every link. */
static inline bool
link_is_link_local(const struct spt_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/*
 * Can every port be had here, and --user be become with them? Asked before EAL starts. 0, or a
 * negative errno with a line.
 */
int link_check_ports(const struct link_options *link, char *error, size_t error_size);

/* What was kept of a file. */
void link_free(struct link_options *link);

#endif
