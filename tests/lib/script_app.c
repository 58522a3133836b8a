/* SPDX-License-Identifier: BSD-3-Clause */
/* The script's application: events kept for expectations, bytes compared, calls made. */
#include <inttypes.h>
#include <string.h>

#include <base/addr.h>

#include "script_priv.h"

static const struct {
	uint32_t bit;
	const char *name;
	bool strict; /* must be expected */
} names[] = {
    {SPT_ACCEPTED, "ACCEPTED", false},
    {SPT_RECEIVED, "RECEIVED", false},
    {SPT_SENT, "SENT", false},
    {SPT_WRITABLE, "WRITABLE", false},
    {SPT_PEER_CLOSED, "PEER_CLOSED", true},
    {SPT_URGENT, "URGENT", true},
    {SPT_SOFT_ERROR, "SOFT_ERROR", true},
    {SPT_CLOSED, "CLOSED", true},
    {SPT_CONNECTED, "CONNECTED", true},
};

static const char *
event_name(uint32_t bit)
{
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		if (names[i].bit == bit)
			return names[i].name;
	}
	return "an unknown event";
}

static struct flow *
flow_of(const struct spt_event *e)
{
	struct spt_conn_info info;

	for (unsigned int i = 0; i < SCRIPT_PEERS; i++) {
		if (script->flow[i].open && script->flow[i].conn == e->conn)
			return &script->flow[i];
	}
	if (!(e->events & SPT_ACCEPTED))
		script_fail("an event of a connection that was never opened, or is closed");
	if (spt_conn_info(script->engine, e->conn, &info) != 0) {
		/* Accepted and closed in one turn: only the present peer can be meant. */
		if (!(e->events & SPT_CLOSED))
			script_fail("no info of a connection just accepted");
		return script->f;
	}
	if (info.remote.port < SCRIPT_PEER_PORT ||
	    info.remote.port >= SCRIPT_PEER_PORT + SCRIPT_PEERS)
		script_fail("accepted a connection of no peer: port %u", info.remote.port);
	return &script->flow[info.remote.port - SCRIPT_PEER_PORT];
}

/* Received bytes are the next ones of the peer's stream. */
static void
take_data(struct flow *f, const struct spt_event *e)
{
	uint64_t n = 0;

	for (struct rte_mbuf *m = e->data; m != NULL; m = m->next) {
		const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);

		if (pattern_match(at, m->data_len, SEED_PEER(f->number) + 1000u * f->salt,
		        f->delivered + n + 1) != m->data_len)
			script_fail("wrong bytes delivered behind byte %" PRIu64 " of the stream",
			    f->delivered + n);
		n += m->data_len;
	}
	if (n != e->bytes || (e->data != NULL && e->data->pkt_len != e->bytes))
		script_fail("the event says %u bytes, the chain has %" PRIu64, e->bytes, n);
	f->delivered += n;
	rte_pktmbuf_free(e->data);
	if (script->given.read_at_once && n > 0 && !(e->events & SPT_CLOSED))
		spt_receive_done(script->engine, f->conn, (uint32_t)n);
}

static void
record(struct flow *f, uint32_t bit, int reason)
{
	if (script->finishing)
		return;
	if (f->n_events == SCRIPT_EVENTS) {
		memmove(f->event, f->event + 1, sizeof(f->event) - sizeof(f->event[0]));
		f->n_events--;
	}
	f->event[f->n_events++] = (struct script_event){.bit = bit, .reason = reason};
}

/* What was half open may end without a word: the monitor is told. */
static void
closed(struct flow *f)
{
	struct spt_endpoint local = {script->local[f->local], f->lport};
	struct spt_endpoint remote = {script->peer, f->port};

	f->open = false;
	if (f->dialled)
		monitor_forget(script->monitor, &local, &remote);
}

void
script_dispatch(const struct spt_event *e)
{
	struct flow *f = flow_of(e), *current = script->f;

	if (e->events & SPT_ACCEPTED) {
		f->conn = e->conn;
		f->open = true;
		f->dialled = false;
		if (e->listener != (uint32_t)script->listener)
			script_fail("ACCEPTED says listener %u", e->listener);
	}
	if ((e->events & SPT_CONNECTED) && e->user != f)
		script_fail("CONNECTED has another user pointer than spt_connect was given");
	if (e->events & SPT_RECEIVED)
		take_data(f, e);
	else if (e->data != NULL || e->bytes != 0)
		script_fail("data without RECEIVED");
	f->acked += e->acked;
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		if (e->events & names[i].bit)
			record(f, names[i].bit, e->reason);
	}
	if (e->events & SPT_CLOSED)
		closed(f);
	script->f = f;
	for (unsigned int i = 0; i < script->n_on; i++) {
		if ((e->events & script->on[i].bit) && f->open)
			script->on[i].verb();
	}
	script->f = current;
}

const struct script_event *
script_take_event(struct flow *f, uint32_t bit)
{
	static struct script_event taken;

	for (unsigned int i = 0; i < f->n_events; i++) {
		if (f->event[i].bit != bit)
			continue;
		taken = f->event[i];
		f->n_events--;
		memmove(&f->event[i], &f->event[i + 1], (f->n_events - i) * sizeof(f->event[0]));
		return &taken;
	}
	return NULL;
}

const char *
script_strict_event(void)
{
	for (unsigned int k = 0; k < SCRIPT_PEERS; k++) {
		const struct flow *f = &script->flow[k];

		for (unsigned int i = 0; i < f->n_events; i++) {
			for (unsigned int j = 0; j < RTE_DIM(names); j++) {
				if (names[j].strict && names[j].bit == f->event[i].bit)
					return names[j].name;
			}
		}
	}
	return NULL;
}

void
script_expect_event(uint32_t bit)
{
	if (script_take_event(script->f, bit) == NULL)
		script_fail("expected the event %s, it did not come", event_name(bit));
}

void
script_expect_no_event(uint32_t bit)
{
	if (script_take_event(script->f, bit) != NULL)
		script_fail("the event %s came", event_name(bit));
}

void
script_expect_reason(uint32_t bit, int reason)
{
	const struct script_event *e = script_take_event(script->f, bit);

	if (e == NULL)
		script_fail("expected the event %s, it did not come", event_name(bit));
	if (e->reason != reason)
		script_fail("expected %s with reason %d (%s), got %d (%s)", event_name(bit), reason,
		    strerror(-reason), e->reason, strerror(-e->reason));
}

void
script_expect_data(uint64_t n)
{
	struct flow *f = script->f;
	uint64_t got = f->delivered - f->delivered_told;

	f->delivered_told = f->delivered;
	if (got != n)
		script_fail("expected %" PRIu64 " bytes to be delivered, got %" PRIu64, n, got);
}

void
script_expect_acked(uint64_t n)
{
	struct flow *f = script->f;
	uint64_t got = f->acked;

	f->acked = 0;
	if (got != n)
		script_fail("expected SENT to tell %" PRIu64 " bytes, it told %" PRIu64, n, got);
}

void
script_expect_salt(uint8_t salt)
{
	script->f->salt = salt;
}

/* ---- calls -------------------------------------------------------------------- */

static void
begin_call(void)
{
	if (script->settling)
		return; /* from app_on, inside a turn */
	script_strict_segments();
	spt_engine_stats(script->engine, &script->before);
}

static void
end_call(const char *name, int result, int wanted)
{
	if (result != wanted)
		script_fail(
		    "%s returned %d (%s), expected %d", name, result, strerror(-result), wanted);
	script_settle();
}

int
script_source(void)
{
	struct spt_source_options options = script->given.source;

	if (script->source >= 0)
		return script->source;
	options.conn = script->given.conn;
	script->source = spt_source_add(script->engine, &options);
	if (script->source < 0)
		script_fail("spt_source_add returned %d", script->source);
	return script->source;
}

struct spt_source_info
script_source_info(void)
{
	struct spt_source_info info;

	if (spt_source_info(script->engine, script_source(), &info) != 0)
		script_fail("spt_source_info does not know the script's source");
	return info;
}

/* The present connection is the one that was just dialled. */
static void
dialled(struct flow *f, spt_conn conn, const struct spt_endpoint *remote)
{
	struct spt_conn_info info;

	f->conn = conn;
	if (spt_conn_info(script->engine, conn, &info) != 0)
		script_fail("spt_connect gave a handle that is stale");
	if (info.state != SPT_SYN_SENT || info.remote.port != remote->port || info.user != f)
		script_fail("spt_connect gave a connection to port %u in %s", info.remote.port,
		    spt_state_name(info.state));
	f->local = 0;
	while (f->local < RTE_DIM(script->local) &&
	       !addr_eq(&info.local.addr, &script->local[f->local]))
		f->local++;
	if (f->local == RTE_DIM(script->local))
		script_fail("the connection is from no address of ours");
	f->port = remote->port;
	f->lport = info.local.port;
	f->dialled = f->open = true;
	if (!f->known)
		script_peer_is(f, &script->given);
}

static int
dial(const struct app_connect *c)
{
	struct flow *f = script->f;
	const struct flow *to = c->to ? &script->flow[script_stated(c->to)] : f;
	struct spt_endpoint local = {script->local[c->local], c->lport};
	struct spt_endpoint remote = {script->peer, to->port};
	int source = c->source ? (int)script_stated(c->source) : script_source(), result;
	spt_conn conn = 0;

	if (c->remote != NULL)
		remote = *c->remote;
	result = spt_connect(script->engine, source, c->lport ? &local : NULL, &remote, f, &conn);
	if (result == 0)
		dialled(f, conn, &remote);
	return result;
}

void
script_app_connect(const struct app_connect *c, int error)
{
	begin_call();
	end_call("spt_connect", dial(c), error);
}

int
script_app_try_connect(const struct app_connect *c)
{
	int result;

	begin_call();
	result = dial(c);
	script_settle();
	return result;
}

static struct rte_mbuf *
make_chain(const struct flow *f, uint32_t n)
{
	struct rte_mbuf *head = NULL, *m;
	uint32_t at = 0;

	do {
		uint16_t take;

		m = spt_buffer_alloc(script->engine);
		if (m == NULL)
			script_fail("spt_buffer_alloc has no buffer");
		take = (uint16_t)RTE_MIN(n - at, rte_pktmbuf_tailroom(m));
		pattern_fill((uint8_t *)rte_pktmbuf_append(m, take), take, SEED_ENGINE(f->number),
		    f->app_sent + 1 + at);
		at += take;
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) != 0)
			script_fail("%u bytes are too many for one chain", n);
	} while (at < n);
	return head;
}

static int
send_bytes(uint32_t n, unsigned int flags)
{
	struct flow *f = script->f;
	struct rte_mbuf *m = make_chain(f, n);
	int result = spt_send(script->engine, f->conn, m, flags);

	if (result != 0)
		rte_pktmbuf_free(m);
	else
		f->app_sent += n;
	return result;
}

void
script_app_send(uint32_t n, unsigned int flags, int error)
{
	begin_call();
	end_call("spt_send", send_bytes(n, flags), error);
}

int
script_app_try_send(uint32_t n)
{
	int result;

	begin_call();
	result = send_bytes(n, 0);
	script_settle();
	return result;
}

void
script_app_send_pieces(unsigned int flags, const uint16_t *pieces, unsigned int n)
{
	struct rte_mbuf *head = NULL, *m;
	struct flow *f = script->f;
	int result;

	begin_call();
	for (unsigned int i = 0; i < n; i++) {
		m = make_chain(f, pieces[i]);
		f->app_sent += pieces[i];
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) != 0)
			script_fail("too many mbufs for a chain");
	}
	result = spt_send(script->engine, f->conn, head, flags);
	if (result != 0)
		rte_pktmbuf_free(head);
	end_call("spt_send", result, 0);
}

void
script_app_read(uint32_t n)
{
	begin_call();
	end_call("spt_receive_done", spt_receive_done(script->engine, script->f->conn, n), 0);
}

void
script_app_shutdown(void)
{
	begin_call();
	end_call("spt_shutdown", spt_shutdown(script->engine, script->f->conn), 0);
}

void
script_app_close(void)
{
	begin_call();
	end_call("spt_close", spt_close(script->engine, script->f->conn), 0);
}

void
script_app_abort(void)
{
	begin_call();
	end_call("spt_abort", spt_abort(script->engine, script->f->conn), 0);
}

void
script_app_set(const struct spt_conn_options *options)
{
	begin_call();
	end_call("spt_conn_set", spt_conn_set(script->engine, script->f->conn, options), 0);
}

void
script_app_unlisten(enum spt_unlisten how)
{
	begin_call();
	end_call("spt_unlisten", spt_unlisten(script->engine, script->listener, how), 0);
	monitor_forget_half_open(script->monitor);
}

void
script_app_on(uint32_t bit, void (*verb)(void))
{
	if (script->n_on == RTE_DIM(script->on))
		script_fail("too many app_on");
	script->on[script->n_on].bit = bit;
	script->on[script->n_on++].verb = verb;
}
