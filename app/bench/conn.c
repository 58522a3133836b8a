/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a connection, as its mode has it: opened, used, ended as asked, and counted once:
 * completed, or failed for one reason.
 */
#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "bench/core.h"

static void
conn_count_failure(struct bench_core *core, enum bench_failure failure)
{
	struct bench_failures *f = &core->totals.failed;

	switch (failure) {
	case FAILURE_NONE: break;
#define X(field, text)                                                                             \
	case FAILURE_##field: f->field++; break;
		BENCH_FAILURES(X)
#undef X
	}
}

static void
conn_record(struct bench_core *core, enum bench_latency which, spt_time since)
{
	histogram_record(core->latency[which], core->now > since ? core->now - since : 0);
}

/* ---- states and lists ------------------------------------------------------ */

static uint32_t
conn_index(const struct bench_core *core, const struct bench_conn *c)
{
	return pool_index(&core->conns, c);
}

static void
conn_unlist(struct bench_core *core, struct bench_conn *c)
{
	if (!(c->flags & CONN_LISTED))
		return;
	c->flags &= ~CONN_LISTED;
	fifo_remove(c->state == CONN_IDLE ? &core->idle : &core->retry, conn_index(core, c));
}

static void
conn_list(struct bench_core *core, struct bench_conn *c)
{
	if (c->flags & CONN_LISTED)
		return;
	c->flags |= CONN_LISTED;
	fifo_append(c->state == CONN_IDLE ? &core->idle : &core->retry, conn_index(core, c));
}

static bool
conn_settled(uint8_t state)
{
	return state == CONN_IDLE || state == CONN_BUSY;
}

static void
conn_enter(struct bench_core *core, struct bench_conn *c, enum bench_conn_state state)
{
	conn_unlist(core, c);
	if (conn_settled(c->state))
		core->settled--;
	if (conn_settled((uint8_t)state))
		core->settled++;
	c->state = (uint8_t)state;
}

static void
conn_wait_end(struct bench_core *core, struct bench_conn *c)
{
	if (!(c->flags & CONN_WAITING))
		return;
	c->flags &= ~CONN_WAITING;
	fifo_remove(&core->waiting, conn_index(core, c));
}

/* What must come within the time-out: the handshake, a response, the peer's FIN. */
static void
conn_wait(struct bench_core *core, struct bench_conn *c)
{
	spt_time timeout = core->options->timeout_ms * SPT_NS_PER_MS;

	conn_wait_end(core, c);
	if (!timeout)
		return;
	c->flags |= CONN_WAITING;
	c->deadline = bench_tick(core->now + timeout) + 1;
	fifo_append(&core->waiting, conn_index(core, c));
}

/* ---- ends ---------------------------------------------------------------------- */

static void
conn_close(struct bench_core *core, struct bench_conn *c)
{
	conn_wait_end(core, c);
	conn_enter(core, c, CONN_CLOSING);
	spt_close(core->engine, c->conn);
}

static void
conn_abort(struct bench_core *core, struct bench_conn *c)
{
	conn_wait_end(core, c);
	conn_enter(core, c, CONN_CLOSING);
	c->flags |= CONN_ABORTED;
	spt_abort(core->engine, c->conn);
}

static void
conn_fail(struct bench_core *core, struct bench_conn *c, enum bench_failure failure)
{
	c->failure = (uint8_t)failure;
	conn_abort(core, c);
}

/* The server was asked to close first, or does so by itself. */
static bool
conn_server_closes(const struct bench_core *core, const struct bench_conn *c)
{
	return core->options->close == CLOSE_SERVER &&
	       (core->options->mode == MODE_CONNECTIONS || (c->flags & CONN_LAST));
}

/*
 * All is done, end it as asked. chargen sends for ever: our FIN ends it, and what came before the
 * server saw that is read, since closing with data unread would be a reset (RFC 9293 3.6.1).
 */
static void
conn_finish(struct bench_core *core, struct bench_conn *c)
{
	c->flags |= CONN_DONE;
	if (core->options->close == CLOSE_RESET) {
		conn_abort(core, c);
	} else if (c->flags & CONN_PEER_CLOSED) {
		conn_close(core, c);
	} else if (conn_server_closes(core, c)) {
		conn_enter(core, c, CONN_AWAIT_FIN);
		conn_wait(core, c);
	} else if (core->options->exchange == EXCHANGE_CHARGEN) {
		conn_enter(core, c, CONN_FINISHING);
		conn_wait(core, c);
		spt_shutdown(core->engine, c->conn);
	} else {
		conn_close(core, c);
	}
}

/* ---- exchanges ------------------------------------------------------------------- */

/* Requests of a connection; 0: as many as the phase has time for. */
static uint32_t
conn_requests(const struct bench_core *core)
{
	uint32_t n = core->options->requests;

	return core->options->mode == MODE_CONNECTIONS && n == 0 ? 1 : n;
}

static void
conn_push(struct bench_core *core, struct bench_conn *c)
{
	switch (exchange_send(&core->exchange, c->conn, &c->exchange)) {
	case EXCHANGE_NO_BUFFER: conn_list(core, c); break;
	/* WRITABLE will come; or CLOSED, and tells why. */
	case EXCHANGE_BLOCKED:
	case EXCHANGE_ENDED:
	case EXCHANGE_SENT: break;
	}
}

static void
conn_begin(struct bench_core *core, struct bench_conn *c)
{
	uint32_t requests = conn_requests(core);
	bool last =
	    core->options->close == CLOSE_SERVER && requests > 0 && c->responses + 1 >= requests;

	if (last)
		c->flags |= CONN_LAST;
	exchange_begin(&core->exchange, &c->exchange, c->target, last);
}

static void
conn_busy(struct bench_core *core, struct bench_conn *c, spt_time due)
{
	conn_enter(core, c, CONN_BUSY);
	c->due = due;
	core->totals.requests++;
	conn_wait(core, c);
}

/* The peer takes no more requests: has all been said that was to be? */
static bool
conn_said_enough(const struct bench_core *core, const struct bench_conn *c)
{
	if (core->draining && core->options->mode != MODE_CONNECTIONS)
		return true;
	return core->options->mode == MODE_REQUESTS && !core->options->requests && c->responses > 0;
}

/* A response is whole. True: another request follows at once. */
static bool
conn_responded(struct bench_core *core, struct bench_conn *c)
{
	bool held = core->options->mode == MODE_CONCURRENT;
	bool lost =
	    (c->flags & CONN_PEER_CLOSED) || !exchange_persists(&core->exchange, &c->exchange);
	uint32_t requests = conn_requests(core);

	core->totals.responses++;
	c->responses++;
	conn_record(core, LATENCY_REQUEST, c->due);
	conn_wait_end(core, c);
	conn_enter(core, c, CONN_IDLE);
	if (!held && requests > 0 && c->responses >= requests)
		conn_finish(core, c);
	else if (lost && !conn_said_enough(core, c))
		conn_fail(core, c, FAILURE_bad_response);
	else if (lost || (core->draining && core->options->mode != MODE_CONNECTIONS))
		conn_finish(core, c);
	else if (bench_requests_rated(core))
		conn_list(core, c);
	else
		return !held;
	return false;
}

void
bench_conn_request(struct bench_core *core, struct bench_conn *c, spt_time due)
{
	do {
		conn_begin(core, c);
		conn_busy(core, c, due);
		conn_push(core, c);
		due = core->now;
		/* Nothing comes back from discard: it is done when TCP has it all. */
	} while (exchange_whole(&core->exchange, &c->exchange) && conn_responded(core, c));
}

/* What is left of a request; then what follows when that was all. */
static void
conn_go_on(struct bench_core *core, struct bench_conn *c)
{
	conn_push(core, c);
	if (c->state == CONN_BUSY && exchange_whole(&core->exchange, &c->exchange) &&
	    conn_responded(core, c))
		bench_conn_request(core, c, core->now);
}

void
bench_conn_retry(struct bench_core *core, struct bench_conn *c)
{
	conn_unlist(core, c);
	conn_go_on(core, c);
}

/* Bulk data, until the phase is over. */
static void
conn_flow(struct bench_core *core, struct bench_conn *c)
{
	struct spt_conn_info info;

	if (spt_conn_info(core->engine, c->conn, &info) == 0)
		exchange_set_mss(&core->exchange, info.mss);
	conn_enter(core, c, CONN_BUSY);
	exchange_begin(&core->exchange, &c->exchange, c->target, false);
	conn_push(core, c);
}

/* ---- beginning --------------------------------------------------------------------- */

/* The request goes with the connection: queued before the handshake, it rides on the third ACK. */
static bool
conn_asks_at_once(const struct bench_core *core)
{
	switch (core->options->mode) {
	case MODE_CONNECTIONS: return core->options->exchange != EXCHANGE_NONE;
	case MODE_REQUESTS: return !bench_requests_rated(core);
	case MODE_CONCURRENT:
	case MODE_THROUGHPUT: break;
	}
	return false;
}

int
bench_conn_open(struct bench_core *core, spt_time intended)
{
	uint32_t index = pool_get(&core->conns), target = core->next_target;
	struct bench_conn *c;
	spt_conn conn;
	int rc;

	if (index == POOL_NONE)
		return -ENFILE;
	core->next_target =
	    target + 1 < core->first_target + core->n_target ? target + 1 : core->first_target;
	c = bench_conn_at(core, index);
	rc =
	    spt_connect(core->engine, core->source, NULL, &core->options->target[target], c, &conn);
	if (rc) {
		pool_put(&core->conns, index);
		return rc;
	}
	*c = (struct bench_conn){
	    .conn = conn, .begun = intended, .state = CONN_OPENING, .target = target & 0x7f};
	exchange_open(&core->exchange, &c->exchange, core->opened++);
	core->top = RTE_MAX(core->top, index + 1);
	core->in_progress++;
	core->totals.attempts++;
	conn_wait(core, c);
	if (conn_asks_at_once(core)) {
		c->flags |= CONN_QUEUED;
		conn_begin(core, c);
		conn_push(core, c);
	}
	return 0;
}

/* Open, and nothing was asked yet. */
static void
conn_ready(struct bench_core *core, struct bench_conn *c)
{
	conn_enter(core, c, CONN_IDLE);
	if (core->draining || core->options->mode == MODE_CONNECTIONS)
		conn_finish(core, c);
	else if (core->options->mode == MODE_THROUGHPUT)
		conn_flow(core, c);
	else if (core->options->mode == MODE_REQUESTS)
		conn_list(core, c);
}

/* Did the first SYN get in? */
static void
conn_note_syns(struct bench_core *core, const struct bench_conn *c)
{
	struct spt_conn_info info;

	if (spt_conn_info(core->engine, c->conn, &info) == 0)
		core->flood_own.second_syns += info.syn_retransmitted;
}

static void
conn_connected(struct bench_core *core, struct bench_conn *c)
{
	c->flags |= CONN_ESTABLISHED;
	core->open++;
	core->answered |= UINT64_C(1) << c->target;
	core->totals.handshakes++;
	if (core->flood)
		conn_note_syns(core, c);
	conn_record(core, LATENCY_HANDSHAKE, c->begun);
	conn_wait_end(core, c);
	if (!(c->flags & CONN_QUEUED)) {
		conn_ready(core, c);
		return;
	}
	conn_busy(core, c, core->now);
	conn_go_on(core, c);
}

/* ---- events ------------------------------------------------------------------------ */

static void
conn_received(struct bench_core *core, struct bench_conn *c, const struct spt_event *e)
{
	enum exchange_result result = EXCHANGE_GOING;

	core->totals.bytes_in += e->bytes;
	if (c->state != CONN_CLOSING) {
		result = exchange_received(&core->exchange, &c->exchange, e->data);
		spt_receive_done(core->engine, c->conn, e->bytes);
	}
	rte_pktmbuf_free(e->data);
	if (unlikely(result == EXCHANGE_BAD))
		conn_fail(core, c, FAILURE_bad_response);
	else if (unlikely(result == EXCHANGE_WRONG))
		conn_fail(core, c, FAILURE_wrong_data);
	else if (result == EXCHANGE_WHOLE && c->state == CONN_BUSY && conn_responded(core, c))
		bench_conn_request(core, c, core->now);
}

/* In the middle of a response, of which it may be the end, or of bulk data. */
static void
conn_busy_peer_closed(struct bench_core *core, struct bench_conn *c)
{
	enum exchange_result result = core->exchange.endless
	                                  ? EXCHANGE_BAD
	                                  : exchange_peer_closed(&core->exchange, &c->exchange);

	if (result == EXCHANGE_WHOLE)
		conn_responded(core, c);
	else
		conn_fail(
		    core, c, result == EXCHANGE_WRONG ? FAILURE_wrong_data : FAILURE_bad_response);
}

static void
conn_peer_closed(struct bench_core *core, struct bench_conn *c)
{
	c->flags |= CONN_PEER_CLOSED;
	switch ((enum bench_conn_state)c->state) {
	case CONN_BUSY: conn_busy_peer_closed(core, c); break;
	case CONN_IDLE:
		if (conn_said_enough(core, c))
			conn_finish(core, c);
		else
			conn_fail(core, c, FAILURE_bad_response);
		break;
	case CONN_AWAIT_FIN: conn_close(core, c); break;
	case CONN_FINISHING:
		if (!exchange_whole(&core->exchange, &c->exchange)) {
			conn_fail(core, c, FAILURE_bad_response);
			break;
		}
		c->flags |= CONN_DONE;
		conn_close(core, c);
		break;
	case CONN_FREE:
	case CONN_OPENING:
	case CONN_CLOSING: break;
	}
}

/* What the engine's reason says of an attempt that we did not give up ourselves. */
static enum bench_failure
conn_reason(const struct bench_conn *c, int32_t reason)
{
	bool opened = c->flags & CONN_ESTABLISHED;

	switch (-reason) {
	case ECONNREFUSED: return FAILURE_refused;
	case EHOSTUNREACH:
	case ENETUNREACH: return FAILURE_unreachable;
	case ECONNRESET: return FAILURE_reset;
	case ETIMEDOUT:
		if (opened)
			return FAILURE_timed_out;
		return c->unreachable ? FAILURE_unreachable : FAILURE_handshake_timeout;
	/* By us it was not: data that nobody asked for came when we closed. */
	case ECONNABORTED: return FAILURE_bad_response;
	default: return FAILURE_other;
	}
}

static void
conn_closed(struct bench_core *core, struct bench_conn *c, int32_t reason)
{
	bool done = c->flags & CONN_DONE && (reason == 0 || c->flags & CONN_ABORTED);

	conn_wait_end(core, c);
	conn_enter(core, c, CONN_FREE);
	core->answered |= UINT64_C(1) << c->target;
	core->in_progress--;
	if (c->flags & CONN_ESTABLISHED)
		core->open--;
	if (c->failure) {
		conn_count_failure(core, (enum bench_failure)c->failure);
	} else if (done) {
		core->totals.completions++;
		conn_record(core, LATENCY_CONNECTION, c->begun);
	} else {
		conn_count_failure(core, conn_reason(c, reason));
	}
	pool_put(&core->conns, conn_index(core, c));
}

void
bench_conn_event(struct bench_core *core, const struct spt_event *e)
{
	struct bench_conn *c = e->user;

	if (unlikely(e->events & SPT_SOFT_ERROR))
		c->unreachable = e->reason == -EHOSTUNREACH || e->reason == -ENETUNREACH;
	if (e->events & SPT_CONNECTED && c->state == CONN_OPENING)
		conn_connected(core, c);
	if (e->events & SPT_RECEIVED)
		conn_received(core, c, e);
	if (e->events & SPT_WRITABLE && (c->state == CONN_BUSY || c->state == CONN_OPENING))
		conn_go_on(core, c);
	if (e->events & SPT_PEER_CLOSED)
		conn_peer_closed(core, c);
	if (e->events & SPT_CLOSED)
		conn_closed(core, c, e->reason);
}

/* ---- limits ------------------------------------------------------------------------ */

void
bench_conn_expire(struct bench_core *core, struct bench_conn *c)
{
	switch ((enum bench_conn_state)c->state) {
	case CONN_OPENING:
		conn_fail(
		    core, c, c->unreachable ? FAILURE_unreachable : FAILURE_handshake_timeout);
		break;
	/*
	 * A chargen that reads no FIN: the user ends the service, RFC 864 says, and so did we,
	 * after all that was asked for.
	 */
	case CONN_FINISHING: conn_abort(core, c); break;
	case CONN_BUSY:
	case CONN_AWAIT_FIN: conn_fail(core, c, FAILURE_timed_out); break;
	case CONN_FREE:
	case CONN_IDLE:
	case CONN_CLOSING: conn_wait_end(core, c); break;
	}
}

void
bench_conn_end(struct bench_core *core, struct bench_conn *c)
{
	if (c->state == CONN_IDLE) {
		conn_finish(core, c);
		return;
	}
	if (c->state != CONN_BUSY || !core->exchange.endless)
		return;
	exchange_stop(&core->exchange, &c->exchange);
	if (core->options->close == CLOSE_RESET) {
		conn_finish(core, c);
		return;
	}
	/* DONE when all of it has come back, and the peer's FIN. */
	conn_enter(core, c, CONN_FINISHING);
	spt_shutdown(core->engine, c->conn);
}

void
bench_conn_abandon(struct bench_core *core, struct bench_conn *c)
{
	if (c->state == CONN_FREE || (c->flags & CONN_ABORTED))
		return;
	/* As when it expires: a server that sends for ever was read until the end. */
	if (c->state == CONN_FINISHING && core->options->exchange == EXCHANGE_CHARGEN) {
		c->flags |= CONN_DONE;
		conn_abort(core, c);
		return;
	}
	conn_fail(core, c, FAILURE_unfinished);
}

const char *
bench_core_check(const struct bench_core *core)
{
	const struct fifo *fifos[] = {&core->waiting, &core->idle, &core->retry};
	const struct bench_totals *t = &core->totals;
	uint32_t used = 0, open = 0, settled = 0;
	const char *wrong = pool_check(&core->conns);

	for (unsigned int i = 0; i < RTE_DIM(fifos) && !wrong; i++)
		wrong = fifo_check(fifos[i]);
	if (wrong)
		return wrong;
	for (uint32_t i = 0; i < core->top; i++) {
		const struct bench_conn *c = bench_conn_at(core, i);

		if (c->state == CONN_FREE)
			continue;
		used++;
		open += (c->flags & CONN_ESTABLISHED) != 0;
		settled += conn_settled(c->state);
	}
	if (used != core->in_progress || used != pool_used(&core->conns))
		return "connections in progress are not those in use";
	if (open != core->open || settled != core->settled)
		return "established or settled connections are miscounted";
	return t->attempts == t->completions + bench_failures_sum(&t->failed) + core->in_progress
	           ? NULL
	           : "attempts are not completions, failures and what is in progress";
}
