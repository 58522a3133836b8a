/* SPDX-License-Identifier: BSD-3-Clause */
/* The application of a fuzzed end: every call, in any order, and every event held to its rules. */
#include <errno.h>
#include <string.h>

#include <base/addr.h>

#include "end.h"

/* Events that only an open connection has. */
#define OF_AN_OPEN_ONE (SPT_RECEIVED | SPT_SENT | SPT_PEER_CLOSED | SPT_URGENT)

/* ---- options ---------------------------------------------------------------------- */

/* Times are short enough for all to be over in 400 s. */
void
end_options(struct fuzz_input *in, struct spt_conn_options *o)
{
	static const uint32_t buffers[] = {
	    0, 1, 100, 536, 1460, 3000, 65535, 65536, 1 << 20, 1 << 30};
	static const uint32_t times[] = {0, 1, 100, 1000, 5000, 30000, 60000, 100000};
	static const uint16_t mss[] = {0, 64, 88, 536, 1000, 1440, 1460, 9000};
	uint8_t flags = fuzz_u8(in), b = fuzz_u8(in), t = fuzz_u8(in), k = fuzz_u8(in);

	*o = (struct spt_conn_options){
	    .receive_buffer = buffers[b % RTE_DIM(buffers)],
	    .send_buffer = buffers[b / RTE_DIM(buffers) % RTE_DIM(buffers)],
	    .mss = mss[flags & 7],
	    .nodelay = flags & 8,
	    .no_delayed_ack = flags & 16,
	    .no_timestamps = flags & 32,
	    .no_window_scale = flags & 64,
	    .keepalive = flags & 128,
	    .user_timeout_ms = times[t & 7],
	    .r2_ms = times[t >> 3 & 7],
	    .r1_retries = t >> 6,
	    .keepalive_idle_ms = times[k & 7],
	    .keepalive_interval_ms = times[k >> 3 & 7],
	    .keepalive_probes = k >> 6,
	    .fin_wait2_ms = times[k >> 2 & 7],
	    .idle_timeout_ms = k & 0x20 ? times[t >> 5] : 0,
	    .dscp = b & 63,
	    .ttl = k,
	    .no_sack = b >= 200,
	    .congestion = t & 1,
	    .ecn = (k >> 1) % 3,
	    .receive_buffer_max = b & 1 ? 0 : 1 << 20,
	};
}

/* ---- connections -------------------------------------------------------------------- */

static struct end_conn *
conn_new(struct end *e)
{
	for (unsigned int i = 0; i < END_CONNS; i++) {
		if (e->conn[i].used)
			continue;
		e->conn[i] = (struct end_conn){.used = true};
		return &e->conn[i];
	}
	EXPECT(!"fewer connections than the engine may have");
	return NULL;
}

/* Some connection that the engine has, or NULL. */
static struct end_conn *
conn_pick(struct end *e, uint8_t which)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < END_CONNS; i++)
		n += e->conn[i].used && !e->conn[i].aborted;
	if (n == 0)
		return NULL;
	which %= n;
	for (unsigned int i = 0;; i++) {
		if (e->conn[i].used && !e->conn[i].aborted && which-- == 0)
			return &e->conn[i];
	}
}

/* No more can be sent: we said so, or the engine did for us. */
static bool
is_shut(const struct end *e, const struct end_conn *c)
{
	return c->shut || (e->fin_closes && !c->active);
}

/* The same of spt_close. */
static bool
is_closed(const struct end *e, const struct end_conn *c)
{
	return c->closed || (e->fin_closes && !c->active);
}

static void
conn_know(struct end *e, struct end_conn *c)
{
	struct spt_conn_info info;

	EXPECT(spt_conn_info(e->engine, c->conn, &info) == 0);
	c->local = info.local;
	c->remote = info.remote;
	c->iss = info.iss;
	c->irs = info.irs;
	EXPECT(spt_conn_set_user(e->engine, c->conn, c) == 0);
}

void
end_connect(struct end *e, unsigned int source, const struct spt_endpoint *local,
    const struct spt_endpoint *remote)
{
	struct end_conn *c = conn_new(e);
	spt_conn conn = SPT_CONN_NONE;
	int number = e->source[source % 2];
	int rc = spt_connect(e->engine, number, local, remote, c, &conn);

	if (rc != 0) {
		EXPECT(rc == -EADDRNOTAVAIL || rc == -EADDRINUSE || rc == -EAGAIN ||
		       rc == -ENFILE || rc == -ENOBUFS || (rc == -ENOENT && number < 0) ||
		       rc == -EINVAL);
		c->used = false;
		return;
	}
	EXPECT(number >= 0 && conn != SPT_CONN_NONE);
	/* ISNs are the same for 4 us: to the monitor it is the old SYN again, with other options.
	 */
	e->wild |= e->ended_at == e->now;
	c->conn = conn;
	c->active = true;
	conn_know(e, c);
	EXPECT(addr_eq(&c->remote.addr, &remote->addr) && c->remote.port == remote->port);
}

/* ---- sending ------------------------------------------------------------------------------ */

/* A chain of 'n' bytes in pieces, of a pool of ours or the engine's, an empty mbuf among them. */
static struct rte_mbuf *
make_chain(struct end *e, const struct end_conn *c, uint32_t n, uint8_t how)
{
	uint32_t seed = end_seed(&c->local.addr, c->local.port, &c->remote.addr, c->remote.port);
	uint32_t piece = how & 3 ? 1u << (how & 15) : 2000, at = 0;
	struct rte_mbuf *head = NULL, *m;

	do {
		uint16_t take;

		m = how & 16 ? rte_pktmbuf_alloc(e->frames) : spt_buffer_alloc(e->engine);
		if (m == NULL)
			break;
		if (how & 32)
			m->data_off = 0; /* no headroom */
		take = (uint16_t)RTE_MIN(RTE_MIN(n - at, piece), rte_pktmbuf_tailroom(m));
		if ((how & 64) && head != NULL && head->nb_segs == 1)
			take = 0;
		end_fill((uint8_t *)rte_pktmbuf_append(m, take), take, seed,
		    (uint32_t)(c->iss + 1 + c->sent + at));
		at += take;
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) != 0)
			EXPECT(!"a chain of so many");
	} while (at < n && head->nb_segs < 200);
	return head;
}

static void
conn_send(struct end *e, struct end_conn *c, struct rte_mbuf *m, unsigned int flags)
{
	uint32_t n = m->pkt_len;
	int rc = spt_send(e->engine, c->conn, m, flags);

	if (rc == 0) {
		EXPECT(!c->shut && n > 0);
		c->sent += n;
		return;
	}
	EXPECT(rc == -EAGAIN || rc == -ENOBUFS || (rc == -EPIPE && is_shut(e, c)) ||
	       rc == -EINVAL || (rc == -ESTALE && is_closed(e, c)));
	if (rc == -EAGAIN || rc == -ENOBUFS)
		c->blocked = true;
	rte_pktmbuf_free(m);
}

static void
act_send(struct end *e, struct end_conn *c, struct fuzz_input *in)
{
	uint8_t size = fuzz_u8(in), how = fuzz_u8(in);
	uint32_t n = size < 128 ? size : (size - 127u) * 400u;
	struct rte_mbuf *m = make_chain(e, c, n, how);

	if (m != NULL)
		conn_send(e, c, m, how >> 5 & 7);
}

/* Data of the peer as data of ours; else it may be kept, which empties the pool. */
static void
dispose(struct end *e, struct end_conn *c, struct rte_mbuf *data)
{
	if (data == NULL)
		return;
	if (c != NULL && e->echo && !c->shut && !c->closed) {
		conn_send(e, c, data, 0);
		return;
	}
	if (e->keep_data && e->n_kept < END_KEPT) {
		e->kept[e->n_kept++] = data;
		return;
	}
	rte_pktmbuf_free(data);
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void
conn_read(struct end *e, struct end_conn *c, uint64_t n)
{
	int rc = spt_receive_done(e->engine, c->conn, (uint32_t)n);

	if (n > c->unread) {
		EXPECT(rc == -EINVAL || rc == -ESTALE);
		return;
	}
	EXPECT(rc == 0 || (rc == -ESTALE && is_closed(e, c)));
	if (rc == 0)
		c->unread -= n;
}

static void
conn_shutdown(struct end *e, struct end_conn *c)
{
	int rc = spt_shutdown(e->engine, c->conn);

	EXPECT(rc == 0 || (rc == -ENOTCONN && c->active && !c->open) ||
	       (rc == -EALREADY && is_shut(e, c)) || (rc == -ESTALE && is_closed(e, c)));
	c->shut |= rc == 0;
}

static void
conn_close(struct end *e, struct end_conn *c)
{
	int rc = spt_close(e->engine, c->conn);

	EXPECT(rc == 0 || rc == -ESTALE);
	c->shut = c->closed = true;
}

static void
conn_abort(struct end *e, struct end_conn *c)
{
	int rc = spt_abort(e->engine, c->conn);

	EXPECT(rc == 0 || (rc == -ESTALE && (c->closed || c->aborted)));
	c->shut = c->closed = c->aborted = true;
}

/* ---- events -------------------------------------------------------------------------------------
 */

static void
take_data(struct end *e, struct end_conn *c, const struct spt_event *event)
{
	uint32_t seed = end_seed(&c->remote.addr, c->remote.port, &c->local.addr, c->local.port);
	uint32_t n = 0;

	for (struct rte_mbuf *m = event->data; m != NULL; m = m->next) {
		uint32_t seq = (uint32_t)(c->irs + 1 + c->received + n);

		if (!e->tainted)
			EXPECT(end_match(
			    rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, seed, seq));
		n += m->data_len;
	}
	EXPECT(n == event->bytes && n > 0 && event->data->pkt_len == n);
	EXPECT(!c->peer_closed);
	c->received += n;
	c->unread += n;
}

static bool
reason_fits(const struct end *e, const struct end_conn *c, int reason)
{
	switch (reason) {
	case 0: return c->open || c->closed;
	case -ECONNRESET: return true;
	case -ETIMEDOUT: return true;
	case -ECONNREFUSED: return c->active && !c->open;
	case -ECONNABORTED: return is_closed(e, c);
	}
	return false;
}

static void
closed(struct end *e, struct end_conn *c, const struct spt_event *event)
{
	struct spt_conn_info info;

	EXPECT(spt_conn_info(e->engine, event->conn, &info) == -ESTALE);
	EXPECT(reason_fits(e, c, event->reason));
	monitor_forget(e->monitor, &c->local, &c->remote);
	e->stale = c->conn;
	e->ended_at = e->now;
	c->used = false;
}

static struct end_conn *
accepted(struct end *e, const struct spt_event *event)
{
	struct end_conn *c;

	EXPECT(event->listener < 4 * RTE_DIM(e->listener));
	if (event->events & SPT_CLOSED)
		return NULL; /* whose it was nobody can tell any more */
	c = conn_new(e);
	c->conn = event->conn;
	c->open = true;
	conn_know(e, c);
	return c;
}

void
end_event(struct end *e, const struct spt_event *event)
{
	struct end_conn *c = event->user;

	EXPECT(event->events != 0);
	EXPECT(!!(event->events & SPT_RECEIVED) == (event->data != NULL));
	if (event->events & SPT_ACCEPTED)
		c = accepted(e, event);
	if (c == NULL) {
		EXPECT(event->events & SPT_ACCEPTED);
		rte_pktmbuf_free(event->data);
		return;
	}
	EXPECT(c >= e->conn && c < e->conn + END_CONNS && c->used && c->conn == event->conn);
	if (event->events & SPT_CONNECTED) {
		EXPECT(c->active && !c->open);
		c->open = true;
		if (!(event->events & SPT_CLOSED))
			conn_know(e, c);
	}
	if (event->events & OF_AN_OPEN_ONE)
		EXPECT(c->open || (event->events & SPT_CLOSED));
	if (event->events & SPT_RECEIVED)
		take_data(e, c, event);
	if (event->events & SPT_WRITABLE) {
		EXPECT(c->blocked);
		c->blocked = false;
	}
	if (event->events & SPT_PEER_CLOSED) {
		EXPECT(!c->peer_closed);
		c->peer_closed = true;
	}
	c->acked += event->acked;
	EXPECT(c->acked <= c->sent);
	if (event->events & SPT_CLOSED) {
		rte_pktmbuf_free(event->data);
		closed(e, c, event);
		return;
	}
	dispose(e, c, event->data);
	if (e->read_at_once && c->unread > 0)
		conn_read(e, c, c->unread);
	if (e->close_at_fin && c->peer_closed && !c->shut)
		conn_close(e, c);
}

/* ---- acts
 * -------------------------------------------------------------------------------------------- */

static void
act_listen(struct end *e, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	struct spt_endpoint local = {.port = 80 + (how & 1)};
	struct spt_listen_options options = {
	    .backlog = how >> 1 & 3, .defer_accept = how & 8, .close_on_fin = how & 16};
	unsigned int slot = how >> 6;
	int rc;

	e->fin_closes |= options.close_on_fin;
	end_options(in, &options.conn);
	rc = spt_listen(e->engine, &local, &options);
	EXPECT(rc >= 0 || rc == -EADDRINUSE || rc == -ENOSPC || rc == -EINVAL);
	if (rc < 0)
		return;
	if (e->listener[slot] >= 0) {
		EXPECT(spt_unlisten(e->engine, e->listener[slot], SPT_UNLISTEN_DRAIN) == 0);
		e->late = true;
		monitor_forget_half_open(e->monitor);
	}
	e->listener[slot] = rc;
}

static void
act_unlisten(struct end *e, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	int *listener = &e->listener[how & 3];
	int rc =
	    spt_unlisten(e->engine, *listener, how & 4 ? SPT_UNLISTEN_RESET : SPT_UNLISTEN_DRAIN);

	EXPECT(rc == (*listener >= 0 ? 0 : -ENOENT));
	*listener = -1;
	e->late = true; /* RSTs may wait while the monitor forgets what they are about */
	monitor_forget_half_open(e->monitor);
}

static void
act_source(struct end *e, struct fuzz_input *in, bool add)
{
	struct spt_source_options options = {0};
	uint8_t how = fuzz_u8(in);
	int *source = &e->source[how & 1];
	int rc;

	if (*source >= 0) {
		EXPECT(spt_source_remove(e->engine, *source) == 0);
		EXPECT(spt_source_remove(e->engine, *source) == -ENOENT);
		*source = -1;
	}
	if (!add)
		return;
	end_options(in, &options.conn);
	if (how & 2) {
		options.port_first = 80;
		options.port_last = (uint16_t)(80 + (how >> 4));
	}
	rc = spt_source_add(e->engine, &options);
	EXPECT(rc >= 0 || rc == -EINVAL || rc == -ENOSPC);
	*source = rc >= 0 ? rc : -1;
}

static void
act_set(struct end *e, struct end_conn *c, struct fuzz_input *in)
{
	struct spt_conn_options options, got;
	int rc;

	end_options(in, &options);
	rc = spt_conn_set(e->engine, c->conn, &options);
	EXPECT(rc == 0 || rc == -EINVAL || rc == -ENOMEM || (rc == -ESTALE && is_closed(e, c)));
	if (rc == 0)
		EXPECT(spt_conn_get(e->engine, c->conn, &got) == 0);
}

static void
act_policy(struct end *e, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	e->read_at_once = how & 1;
	e->close_at_fin = how & 2;
	e->keep_data = how & 4;
	if (how & 8)
		e->echo = true; /* for good: what is sent is no pattern any more */
	e->max_events = how & 16 ? 1 : 16;
}

static void
act_drain(struct end *e, struct fuzz_input *in)
{
	unsigned int leave = fuzz_u8(in) & 15;
	struct rte_mbuf *m;

	e->late = true;
	while (e->n_drained < END_MBUFS && rte_mempool_avail_count(e->pool) > leave) {
		m = rte_pktmbuf_alloc(e->pool);
		EXPECT(m != NULL);
		e->drained[e->n_drained++] = m;
	}
}

static void
act_stale(struct end *e, spt_conn stale)
{
	struct spt_conn_options options = {0};
	struct spt_conn_info info;
	struct rte_mbuf *m = rte_pktmbuf_alloc(e->frames);

	if (m != NULL) {
		rte_pktmbuf_append(m, 1);
		EXPECT(spt_send(e->engine, stale, m, 0) == -ESTALE);
		rte_pktmbuf_free(m);
	}
	EXPECT(spt_receive_done(e->engine, stale, 1) == -ESTALE);
	EXPECT(spt_shutdown(e->engine, stale) == -ESTALE);
	EXPECT(spt_close(e->engine, stale) == -ESTALE);
	EXPECT(spt_abort(e->engine, stale) == -ESTALE);
	EXPECT(spt_conn_info(e->engine, stale, &info) == -ESTALE);
	EXPECT(spt_conn_get(e->engine, stale, &options) == -ESTALE);
	EXPECT(spt_conn_set(e->engine, stale, &options) == -ESTALE);
	EXPECT(spt_conn_set_user(e->engine, stale, NULL) == -ESTALE);
}

static void
act_on_conn(struct end *e, enum end_act act, struct fuzz_input *in)
{
	struct end_conn *c = conn_pick(e, fuzz_u8(in));

	if (c == NULL)
		return;
	if (act == END_SEND)
		act_send(e, c, in);
	else if (act == END_READ)
		conn_read(e, c, fuzz_u8(in) & 1 ? c->unread : fuzz_u8(in));
	else if (act == END_SHUTDOWN)
		conn_shutdown(e, c);
	else if (act == END_CLOSE)
		conn_close(e, c);
	else if (act == END_ABORT)
		conn_abort(e, c);
	else
		act_set(e, c, in);
}

void
end_act(struct end *e, enum end_act act, struct fuzz_input *in)
{
	switch (act) {
	case END_LISTEN: act_listen(e, in); break;
	case END_UNLISTEN: act_unlisten(e, in); break;
	case END_SOURCE: act_source(e, in, true); break;
	case END_SOURCE_REMOVE: act_source(e, in, false); break;
	case END_SEND:
	case END_READ:
	case END_SHUTDOWN:
	case END_CLOSE:
	case END_ABORT:
	case END_SET: act_on_conn(e, act, in); break;
	case END_POLICY: act_policy(e, in); break;
	case END_DRAIN: act_drain(e, in); break;
	case END_RELENT: end_relent(e); break;
	case END_REFUSE:
		e->port->room = fuzz_u8(in);
		e->late = true;
		break;
	case END_STALE: act_stale(e, e->stale != SPT_CONN_NONE ? e->stale : fuzz_u8(in)); break;
	case END_ACTS: break;
	}
}

void
end_abort_all(struct end *e)
{
	for (unsigned int i = 0; i < END_CONNS; i++) {
		if (e->conn[i].used)
			conn_abort(e, &e->conn[i]);
	}
}

/* Whatever it left unread so far. */
void
end_read_all(struct end *e)
{
	for (unsigned int i = 0; i < END_CONNS; i++) {
		if (e->conn[i].used && e->conn[i].unread > 0)
			conn_read(e, &e->conn[i], e->conn[i].unread);
	}
}

void
end_close_all(struct end *e)
{
	for (unsigned int i = 0; i < END_CONNS; i++) {
		if (e->conn[i].used)
			conn_close(e, &e->conn[i]);
	}
}
