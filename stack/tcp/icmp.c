/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about segments of ours, RFC 9293 3.9.2.2. Only those that quote data in flight
 * are believed (RFC 5927 4). A synchronized connection is never aborted by one, hard or soft
 * (RFC 5927 5.2, a recorded deviation from SHLD-26): the application hears of it. An active open is
 * refused by a hard one (SHLD-26), and goes on after a soft one (MUST-56).
 */
#include "internal.h"

bool
tcp_icmp_error(
    struct tcp *t, const struct flow_key *key, uint32_t seq, int error, bool hard, uint32_t mtu)
{
	flow_ref ref = flow_lookup(&t->flows, key, flow_hash(&t->flows, key));
	struct conn *c;

	if (ref == FLOW_NONE)
		return false;
	if (flow_ref_kind(ref) == FLOW_HALF_OPEN) {
		const struct half_open *h = half_open_at(t, flow_ref_index(ref));

		return seq == h->iss; /* noted; the SYN-ACK timer goes on (RFC 5461 4) */
	}
	if (flow_ref_kind(ref) != FLOW_CONN)
		return false;
	c = conn_at(t, flow_ref_index(ref));
	if (seq - c->snd_una >= c->snd_nxt - c->snd_una)
		return false; /* not in flight */
	if (hard && !conn_is_synchronized(c)) {
		t->stats->connects_refused++;
		conn_refuse(t, c, error);
		return true;
	}
	if (error == -EMSGSIZE)
		pmtu_told(t, c, seq, mtu);
	else if (!(c->flags & CONN_APP_CLOSED))
		event_soft_error(t, c, error);
	return true;
}
