/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The monitor: a passive observer at one end's port. It sees exactly what that end sees,
 * in order: every frame received and every frame sent. From what was received it knows
 * what the end may do, and holds the end to it. What the end received is only ever taken
 * into account, never judged: a scripted peer may do anything, a link may lose anything. In a
 * simulation each end has a monitor of its own.
 *
 * The first violation is kept with a ladder of the segments that led to it.
 */
#ifndef TESTS_LIB_MONITOR_H
#define TESTS_LIB_MONITOR_H

#include <stdbool.h>
#include <stdio.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <septet/port.h>

/* X(NAME, "the rule"): what an end may not do. */
#define MONITOR_RULES(X)                                                                           \
	X(MALFORMED, "packets are well formed, checksums and paddings right")                      \
	X(OPTION, "options stand only where RFC 9293, 7323, 2018 let them and were negotiated")    \
	X(ADDRESS, "addresses, ports and MACs belong to somebody who spoke to us")                 \
	X(FLAGS, "flags make sense: ACK always, no SYN with FIN or RST")                           \
	X(SYN, "ISS and options of a SYN do not change, no SYN when synchronized, no data before") \
	X(WINDOW, "nothing beyond the offered window, but one byte to probe it")                   \
	X(GAP, "new data follows what was sent before")                                            \
	X(SEQ_BACK, "nothing is sent again that was acknowledged")                                 \
	X(RETRANSMIT, "retransmitted bytes are those sent first")                                  \
	X(AFTER_FIN, "no data, no new sequence number after FIN; FIN keeps its place")             \
	X(ACK_BACK, "acknowledgments do not go back")                                              \
	X(ACK_AHEAD, "nothing is acknowledged that was not received")                              \
	X(EDGE_BACK, "the right edge of the offered window does not retreat (SHLD-14)")            \
	X(TIMESTAMP, "TSopt is on all segments or none; TSval does not go back; TSecr echoes")     \
	X(SACKED, "nothing is sent again that was SACKed, unless it seems to be let go of")        \
	X(FLIGHT, "no more is out than slow start could allow (RFC 6928, 5681)")                   \
	X(SACK, "SACK blocks tell of what arrived behind a gap, D-SACK of what came twice, once")  \
	X(ECN, "ECT, ECE and CWR where ECN was agreed on: on new text, after CE, on new text")     \
	X(MSS, "no segment larger than the peer's MSS, no packet larger than the MTU")             \
	X(RST, "a RST answers one segment that is no RST, with the numbers of RFC 9293 3.5.2")     \
	X(AFTER_RST, "nothing is sent on a connection that a RST ended")                           \
	X(ENDLESS, "no endless exchange of segments that carry nothing new")

enum monitor_rule {
	MONITOR_NONE,
#define X(name, text) MONITOR_##name,
	MONITOR_RULES(X)
#undef X
	    MONITOR_RULE_COUNT
};

const char *monitor_rule_name(enum monitor_rule rule);

struct monitor;

/*
 * 'name' heads reports ("septet", "client"), 'peer' is the other column of the ladder;
 * 'mac' and 'mtu' are those of the end's port. Never NULL.
 */
struct monitor *monitor_create(
    const char *name, const char *peer, const struct rte_ether_addr *mac, uint16_t mtu);
void monitor_destroy(struct monitor *m); /* NULL is allowed */

/* A frame that the end received (out == false) or sent. The frame is only read. */
void monitor_see(struct monitor *m, spt_time now, bool out, const struct rte_mbuf *frame);

/* The first rule broken, or MONITOR_NONE. */
enum monitor_rule monitor_broken(const struct monitor *m);

/* What was broken, with the ladder as it was then; NULL if nothing. */
const char *monitor_report(const struct monitor *m);

/* TCP segments seen in both directions: a monitor that saw none proves nothing. */
unsigned long monitor_segments(const struct monitor *m);

/*
 * What the end had half open is forgotten without a word on the wire (its listener is
 * gone): the next SYN may be answered with another ISS at once.
 */
void monitor_forget_half_open(struct monitor *m);

/*
 * The end's user gave up this connection, which may be half open: the same, for one 4-tuple,
 * whose other connections live on.
 */
void monitor_forget(
    struct monitor *m, const struct spt_endpoint *local, const struct spt_endpoint *remote);

/*
 * The end answers SYNs by cookies, without state: as long as nobody acknowledged its SYN, another
 * may get another ISS.
 */
void monitor_allow_cookies(struct monitor *m);

/* The end goes back N after a time-out, whatever was SACKed: a simple one, which is not judged. */
void monitor_allow_go_back(struct monitor *m);

/* The end knows this link address without having been told on the wire. */
void monitor_learn(struct monitor *m, const struct rte_ether_addr *mac);

/* The last segments, as a ladder. */
void monitor_print(const struct monitor *m, FILE *to);

/*
 * A port over 'inner' that shows every frame to 'm'. Owns 'inner', not 'm'. Ends the process when
 * there is no memory.
 */
struct spt_port *monitor_port_create(struct monitor *m, struct spt_port *inner);

#endif
