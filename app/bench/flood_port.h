/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flood: a port around an engine's that adds frames from forged sources to what the engine sends,
 * so many a second whatever becomes of them (an open loop), through the same queue. What of either
 * finds no room there is dropped, as a NIC would, and counted. What comes back for the forged
 * sources is counted and kept from the engine.
 *
 * Time is the engine's 'now'. What the engine sends in a turn takes places at random among the
 * flood's frames that are due by the next, so neither has the better place in the queue.
 */
#ifndef SPT_APP_FLOOD_PORT_H
#define SPT_APP_FLOOD_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

struct flood_port;

enum flood_kind {
	FLOOD_SYN,
	FLOOD_ACK,    /* of nothing */
	FLOOD_RST,    /* for no connection */
	FLOOD_FIN,    /* with an ACK, for no connection */
	FLOOD_SILENT, /* whole handshakes, which the engine makes (silent.h): no frames of ours */
};

/*
 * After so many frames that were due at once, because the core was elsewhere, the flood's clock
 * stands still for the rest: a generator with a processor of its own would not have sent them at
 * once.
 */
#define FLOOD_CATCH_UP 256

/*
 * X(field, "what it counts"), monotonic. Frames that were made are taken or refused or had no
 * buffer; of those that would have been refused behind another none is made up in full.
 */
#define FLOOD_COUNTS(X)                                                                            \
	X(made, "frames of the flood, due by its rate")                                            \
	X(taken, "of them taken by the port")                                                      \
	X(refused, "of them dropped: the port's queue was full")                                   \
	X(no_mbuf, "of them dropped: no buffer")                                                   \
	X(honest_refused, "frames of the engine dropped: the port's queue was full")               \
	X(syn_acks, "answers to the flood: SYN, ACK")                                              \
	X(resets, "answers to the flood: RST")                                                     \
	X(other_answers, "answers to the flood: anything else")                                    \
	X(lasted_ns, "nanoseconds that the flood lasted")                                          \
	X(stalled_ns, "of them its clock stood still: the core was elsewhere")                     \
	X(second_syns, "handshakes of honest clients that took more than one SYN")

struct flood_counts {
#define X(field, text) uint64_t field;
	FLOOD_COUNTS(X)
#undef X
};

struct flood_config {
	enum flood_kind kind;
	struct spt_addr prefix; /* of the sources; bits behind the length are 0 */
	uint8_t length;         /* of the prefix, within its family */
	const struct spt_endpoint *target;
	unsigned int n_targets; /* of the prefix's family */
	uint64_t seed;
	struct rte_mempool *pool;
};

/* The bits of an address that a prefix leaves open. */
struct spt_addr flood_open_bits(const struct spt_addr *prefix, unsigned int length);

/*
 * Around *port, which is owned from then on and replaced. 0 or -ENOMEM. The targets' link addresses
 * are learnt from what the engine sends to them; those that are unknown yet get nothing.
 */
int flood_port_create(
    const struct flood_config *config, struct spt_port **port, struct flood_port **flood);

/* Are the link addresses of all targets known? */
bool flood_port_ready(const struct flood_port *f);

/* From 'now' on, so many frames a second. */
void flood_port_start(struct flood_port *f, double rate, spt_time now);
void flood_port_stop(struct flood_port *f, spt_time now);

const struct flood_counts *flood_port_counts(const struct flood_port *f);

#endif
