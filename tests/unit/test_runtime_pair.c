/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runtimes over memory pairs, side by side on two lcores and in turns on one: connections opened
 * by one end and served by the other, the order in which they stop, calls into a core.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <septet/runtime.h>

#include "base/addr.h"

#define MBUFS       4095
#define PAIRS       2
#define CONNECTIONS 1000 /* opened by each own core */
#define IN_PROGRESS 64
#define PORT        4711
#define HOUR        (3600 * SPT_NS_PER_SEC)
#define BYTES       100 /* that each connection carries */

/* What a test wants of the own cores. */
struct wish {
	unsigned int connections; /* opened, then the loop ends; 0: it ends when asked */
	bool patient;             /* asked to end, it waits for the deadline */
	bool peer_refuses;        /* the peers' start fails */
	bool wrap_refuses;        /* what is put around the last own port fails */
	unsigned int engines, wrapped;
};

struct end {
	const struct wish *wish;
	unsigned int core;
	struct spt_engine *engine;
	int source;
	unsigned int opened, connected, accepted, closed, failed;
	uint64_t bytes, events;
	unsigned int own_at_stop; /* own cores that had not ended when this one was asked */
	unsigned int stops;
	spt_time deadline;
	bool ended, finished;
	pthread_t thread;
	unsigned int calls; /* atomic */
};

static struct end ends[2 * PAIRS];
static struct spt_runtime *runtime;
static struct spt_eal_info eal;
static unsigned int processors; /* that this process may use */
static uint32_t own_running;    /* atomic */

static const struct spt_endpoint server = {
    .addr = {.w = {0, 0, RTE_BE32(0xffff), RTE_BE32(0x0a000002)}}, .port = PORT};

/* ---- the two programs ------------------------------------------------------ */

static int
end_start(void *app, unsigned int core, struct spt_engine *engine, void **state)
{
	ends[core] = (struct end){.wish = app, .core = core, .engine = engine};
	*state = &ends[core];
	return 0;
}

static int
own_start(void *app, unsigned int core, unsigned int port, struct spt_engine *engine, spt_time now,
    void **state, char *error, size_t error_size)
{
	const struct spt_source_options options = {0};

	end_start(app, core, engine, state);
	ends[core].source = spt_source_add(engine, &options);
	return ends[core].source < 0 ? ends[core].source : 0;
}

static int
peer_start(void *app, unsigned int core, unsigned int port, struct spt_engine *engine, spt_time now,
    void **state, char *error, size_t error_size)
{
	const struct spt_listen_options options = {.close_on_fin = true};
	const struct wish *wish = app;
	int rc;

	if (wish->peer_refuses) {
		snprintf(error, error_size, "the peer refuses");
		return -EADDRINUSE;
	}
	end_start(app, core, engine, state);
	rc = spt_listen(engine, &server, &options);
	return rc < 0 ? rc : 0;
}

/* A delay around each own port, which shows in its counters. */
static int
own_wrap(void *app, unsigned int core, unsigned int port_index, struct rte_mempool *pool,
    struct spt_port **port, char *error, size_t error_size)
{
	const struct spt_impair_config delay = {.rx = {.delay_ns = 1}, .pool = pool};
	struct wish *wish = app;

	assert_non_null(pool);
	assert_int_equal(port_index, 0);
	assert_int_equal(core, wish->wrapped);
	assert_null(ends[core].engine); /* it has not begun */
	if (wish->wrap_refuses && core + 1 == wish->engines) {
		snprintf(error, error_size, "nothing is put around core %u", core);
		return -ENOMEM;
	}
	wish->wrapped++;
	return spt_port_impair_create(&delay, *port, port);
}

static void
own_open(struct end *e)
{
	/* The first finds out the peer's link address: few packets may wait for that. */
	unsigned int window = e->connected ? IN_PROGRESS : 1;
	spt_conn conn;

	while (e->opened < e->wish->connections && e->opened - e->closed < window) {
		struct rte_mbuf *m;

		if (spt_connect(e->engine, e->source, NULL, &server, NULL, &conn) != 0)
			return; /* asked again in the next turn */
		e->opened++;
		m = spt_buffer_alloc(e->engine);
		assert_non_null(m);
		memset(rte_pktmbuf_append(m, BYTES), 'x', BYTES);
		assert_int_equal(spt_send(e->engine, conn, m, 0), 0);
	}
}

static void
end_event(struct end *e, const struct spt_event *event)
{
	e->events++;
	e->accepted += (event->events & SPT_ACCEPTED) != 0;
	if (event->events & SPT_CONNECTED) {
		e->connected++;
		spt_close(e->engine, event->conn);
	}
	if (event->events & SPT_RECEIVED) {
		e->bytes += event->bytes;
		spt_receive_done(e->engine, event->conn, event->bytes);
		rte_pktmbuf_free(event->data);
	}
	if (event->events & SPT_CLOSED) {
		e->closed++;
		e->failed += event->reason != 0;
	}
}

/* Whether the loop of this end goes on. */
static bool
end_goes_on(const struct end *e, spt_time now)
{
	if (e->wish->connections && e->core < PAIRS && e->closed == e->wish->connections)
		return false;
	if (e->stops == 0)
		return true;
	if (e->wish->connections && e->accepted == e->closed)
		return false;
	return (e->wish->patient || e->wish->connections) && now < e->deadline;
}

static bool
end_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct end *e = state;

	for (unsigned int i = 0; i < n; i++)
		end_event(e, &events[i]);
	e->thread = pthread_self();
	return end_goes_on(e, now);
}

static bool
own_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct end *e = state;

	e->ended = !end_turn(state, now, events, n);
	if (e->ended)
		__atomic_sub_fetch(&own_running, 1, __ATOMIC_SEQ_CST);
	else
		own_open(e);
	return !e->ended;
}

static bool
peer_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct end *e = state;

	e->ended = !end_turn(state, now, events, n);
	return !e->ended;
}

static void
end_stop(void *state, spt_time now, spt_time deadline)
{
	struct end *e = state;

	e->own_at_stop += __atomic_load_n(&own_running, __ATOMIC_SEQ_CST);
	e->stops++;
	e->deadline = deadline;
}

static void
end_finish(void *state)
{
	((struct end *)state)->finished = true;
}

static const struct spt_core_ops own_ops = {
    .start = own_start, .turn = own_turn, .stop = end_stop, .finish = end_finish};
static const struct spt_core_ops peer_ops = {
    .start = peer_start, .turn = peer_turn, .stop = end_stop, .finish = end_finish};

/* ---- what the tests share ---------------------------------------------------- */

/* 'engines' pairs: with two lcores one of them lies side by side, of two each has one lcore. */
static int
create(struct wish *wish, unsigned int engines, const struct spt_impair_config *impair, char *error,
    size_t error_size)
{
	const struct spt_local own = {
	    .first = addr_from_v4(RTE_BE32(0x0a000001)), .count = 1, .prefix = 24};
	const struct spt_local peer = {.first = server.addr, .count = 1, .prefix = 24};
	struct spt_runtime_port port = {.impair = impair, .local = &own, .n_local = 1};
	struct spt_runtime_config config = {
	    .port = &port,
	    .n_ports = 1,
	    .engines = engines,
	    .mbufs = MBUFS,
	    .engine = {.connections = 256, .timewait = 2048},
	    .ops = &own_ops,
	    .app = wish,
	    .wrap_port = own_wrap,
	    .peer_engine = {.local = &peer, .n_local = 1, .connections = 256},
	    .peer_ops = &peer_ops,
	    .peer_app = wish,
	    .idle_sleep = true,
	};

	assert_int_equal(spt_port_spec_parse("memory", &port.spec, error, error_size), 0);
	memset(ends, 0, sizeof(ends));
	own_running = engines;
	wish->engines = engines;
	wish->wrapped = 0;
	return spt_runtime_create(&config, &runtime, error, error_size);
}

static void
create_ok(struct wish *wish, unsigned int engines, const struct spt_impair_config *impair)
{
	char error[256] = "";

	if (create(wish, engines, impair, error, sizeof(error)) != 0)
		fail_msg("%s", error);
}

static void
destroy_ok(void)
{
	struct spt_runtime_leaks leaks;

	spt_runtime_destroy(runtime, &leaks);
	assert_int_equal(leaks.mbufs, 0);
	assert_int_equal(leaks.driver, 0);
}

/* ---- connections --------------------------------------------------------------- */

static void
check_times(unsigned int n)
{
	struct spt_runtime_snapshot one;

	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(spt_runtime_snapshot(runtime, i, &one), 0);
		assert_true(one.busy > 0 && one.busy <= one.elapsed && one.elapsed <= one.now);
	}
	assert_int_equal(spt_runtime_snapshot(runtime, n, &one), -EINVAL);
}

static void
check_connections(unsigned int pairs)
{
	struct spt_runtime_snapshot own, peer;

	for (unsigned int i = 0; i < pairs; i++) {
		assert_int_equal(ends[i].connected, CONNECTIONS);
		assert_int_equal(ends[i].failed, 0);
		assert_int_equal(ends[i].stops, 0);
		assert_int_equal(ends[pairs + i].accepted, CONNECTIONS);
		assert_int_equal(ends[pairs + i].closed, CONNECTIONS);
		assert_int_equal(ends[pairs + i].failed, 0);
		assert_int_equal(ends[pairs + i].bytes, CONNECTIONS * BYTES);
		/* Nobody asked the own cores to end; they did, and then the peers were asked. */
		assert_int_equal(ends[pairs + i].stops, 1);
		assert_int_equal(ends[pairs + i].own_at_stop, 0);
	}
	assert_int_equal(spt_runtime_snapshot_sum(runtime, SPT_ROLE_OWN, &own), 0);
	assert_int_equal(spt_runtime_snapshot_sum(runtime, SPT_ROLE_PEER, &peer), 0);
	assert_int_equal(own.stats.opened_active, pairs * CONNECTIONS);
	assert_int_equal(own.stats.opened_passive, 0);
	assert_int_equal(peer.stats.opened_passive, pairs * CONNECTIONS);
	assert_int_equal(own.stats.connections + peer.stats.connections, 0);
	/* What one sent the other received; last frames may lie in the ring. */
	assert_true(peer.stats.rx_frames >= pairs * CONNECTIONS * 3);
	assert_true(own.stats.rx_frames <= peer.stats.tx_frames);
	/* A wrapper is around the own end only. */
	assert_true(own.port.impaired[SPT_IMPAIR_DUPLICATED] > 0);
	assert_int_equal(peer.port.impaired[SPT_IMPAIR_DUPLICATED], 0);
	assert_true(own.port.impaired[SPT_IMPAIR_DELAYED] > 0);
	assert_int_equal(peer.port.impaired[SPT_IMPAIR_DELAYED], 0);
}

static void
run_connections(unsigned int pairs)
{
	const struct spt_impair_config impair = {.seed = 1, .tx = {.duplicate_ppm = 10000}};
	struct wish wish = {.connections = CONNECTIONS};
	struct spt_runtime_info info;

	create_ok(&wish, pairs, &impair);
	assert_int_equal(wish.wrapped, pairs);
	spt_runtime_info(runtime, &info);
	assert_int_equal(info.engines, pairs);
	assert_int_equal(info.peers, pairs);
	assert_int_equal(info.lcores, 2 * pairs > eal.cores ? pairs : 2 * pairs);
	assert_int_equal(info.port[0].steering, SPT_STEERING_NONE);
	assert_int_equal(info.mbufs, 2 * pairs * MBUFS);
	assert_string_equal(info.port[0].device.driver, "memory");
	spt_runtime_run(runtime);
	check_connections(pairs);
	check_times(2 * pairs);
	destroy_ok();
	for (unsigned int i = 0; i < 2 * pairs; i++)
		assert_true(ends[i].finished);
}

static void
test_connections_one_pair(void **state)
{
	run_connections(1);
}

/* On two lcores each pair takes turns on one. */
static void
test_connections_in_turns(void **state)
{
	run_connections(eal.cores);
}

/* ---- calls and the order of stopping --------------------------------------------- */

struct call {
	struct end *of;
	pthread_t thread;
	spt_time now;
	unsigned int stops;
};

static void
called(void *state, spt_time now, void *argument)
{
	struct call *call = argument;

	call->of = state;
	call->thread = pthread_self();
	call->now = now;
	call->stops = call->of->stops;
	__atomic_add_fetch(&call->of->calls, 1, __ATOMIC_RELEASE);
}

/* Of a core that runs; it may be late on a loaded machine, then the call comes yet. */
static bool
call_of(unsigned int core, struct call *call)
{
	unsigned int before = __atomic_load_n(&ends[core].calls, __ATOMIC_ACQUIRE);
	int rc = spt_runtime_call(runtime, core, called, call);

	while (rc == -ETIMEDOUT && __atomic_load_n(&ends[core].calls, __ATOMIC_ACQUIRE) == before)
		usleep(1000);
	return rc == 0 || rc == -ETIMEDOUT;
}

/* Until core 1, the peer, has been asked n times. */
static bool
peer_asked(unsigned int n, unsigned int *wrong)
{
	static struct call call;

	for (unsigned int i = 0; i < 10000; i++) {
		if (spt_runtime_call(runtime, 1, called, &call) == 0 && call.stops >= n)
			return true;
		usleep(1000);
	}
	*wrong += 1 << 8;
	return false;
}

/* Patient own core: the peer hears of nothing until the second request has ended that. */
static void *
stop_patient(void *arg)
{
	static struct call own, peer;
	unsigned int *wrong = arg;

	*wrong += !call_of(0, &own) || own.of != &ends[0] || own.now == 0;
	*wrong += !call_of(1, &peer) || peer.of != &ends[1] || peer.now == 0;
	*wrong += pthread_equal(own.thread, pthread_self()) != 0;
	*wrong += pthread_equal(own.thread, peer.thread) != (eal.cores < 2);
	*wrong += spt_runtime_call(runtime, 2, called, &peer) != -EINVAL;
	*wrong += spt_runtime_stop(runtime, HOUR) != 0;
	call_of(0, &own);
	call_of(1, &peer);
	*wrong += own.stops != 1 || peer.stops != 0;
	spt_runtime_stop(runtime, 0);
	return NULL;
}

/* Here the own core ends at once, the peer would wait for an hour. */
static void *
stop_peer_twice(void *arg)
{
	unsigned int *wrong = arg;

	*wrong += spt_runtime_stop(runtime, HOUR) != 0;
	if (peer_asked(1, wrong))
		*wrong += ends[1].ended;
	spt_runtime_stop(runtime, 0);
	return NULL;
}

static void
run_stop(struct wish *own, struct wish *peer, void *(*function)(void *))
{
	unsigned int wrong = 0;
	pthread_t thread;

	create_ok(own, 1, NULL);
	ends[1].wish = peer;
	assert_int_equal(pthread_create(&thread, NULL, function, &wrong), 0);
	spt_runtime_run(runtime);
	pthread_join(thread, NULL);
	assert_int_equal(wrong, 0);
	assert_true(ends[0].ended && ends[1].ended);
	assert_int_equal(ends[1].own_at_stop, 0);
}

static void
test_stop_patient(void **state)
{
	struct wish patient = {.patient = true};
	struct call call = {0};
	struct spt_runtime_snapshot s;

	run_stop(&patient, &patient, stop_patient);
	assert_int_equal(ends[0].stops, 2);
	assert_int_equal(ends[1].stops, 1);
	/* A loop that has ended is asked for nothing more, and calls are the caller's own. */
	assert_int_equal(spt_runtime_stop(runtime, 0), 0);
	assert_int_equal(ends[0].stops, 2);
	assert_int_equal(ends[1].stops, 1);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(spt_runtime_call(runtime, i, called, &call), 0);
		assert_ptr_equal(call.of, &ends[i]);
		assert_true(pthread_equal(call.thread, pthread_self()));
		assert_int_equal(spt_runtime_snapshot(runtime, i, &s), 0);
		assert_int_equal(s.now, call.now);
		/* Turns in which nothing moved are not busy, naps neither. */
		assert_true(s.elapsed > 0 && s.busy <= s.elapsed);
		if (s.stats.rx_frames + s.stats.tx_frames + ends[i].events == 0)
			assert_int_equal(s.busy, 0);
	}
	assert_int_equal(spt_runtime_call(runtime, 2, called, &call), -EINVAL);
	destroy_ok();
}

static void
test_stop_peer_twice(void **state)
{
	struct wish hasty = {0}, patient = {.patient = true};

	run_stop(&hasty, &patient, stop_peer_twice);
	assert_int_equal(ends[1].stops, 2);
	destroy_ok();
}

static void
test_hz(void **state)
{
	/* No processor that DPDK runs on counts slower, nor faster. */
	assert_in_range(spt_runtime_hz(), 10 * 1000 * 1000, UINT64_C(100) * 1000 * 1000 * 1000);
}

/* ---- what is refused ---------------------------------------------------------------- */

static void
test_peer_refuses(void **state)
{
	struct wish wish = {.peer_refuses = true};
	char error[256] = "";

	assert_int_equal(create(&wish, 1, NULL, error, sizeof(error)), -EADDRINUSE);
	assert_string_equal(error, "the peer refuses");
	assert_null(runtime);
	assert_true(ends[0].finished);
	assert_null(rte_mempool_lookup("septet_mbufs_0"));
}

/* The program's own port cannot be: all of the others' are given back. */
static void
test_wrap_refuses(void **state)
{
	struct wish wish = {.wrap_refuses = true};
	char error[256] = "";

	assert_int_equal(create(&wish, eal.cores, NULL, error, sizeof(error)), -ENOMEM);
	assert_int_equal(wish.wrapped, eal.cores - 1);
	assert_non_null(strstr(error, "nothing is put around core"));
	assert_null(runtime);
	assert_null(ends[0].engine);
	assert_null(rte_mempool_lookup("septet_mbufs_0"));
}

static void
test_no_peer(void **state)
{
	struct spt_runtime_port port = {0};
	const struct spt_runtime_config config = {
	    .port = &port, .n_ports = 1, .mbufs = MBUFS, .ops = &own_ops};
	char error[256] = "";

	assert_int_equal(spt_port_spec_parse("memory", &port.spec, error, sizeof(error)), 0);
	assert_int_equal(spt_runtime_create(&config, &runtime, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "memory"));
	assert_null(strchr(error, '\n'));
	assert_null(runtime);
}

/* Nobody said how many lcores: two ends want two, where there are two processors. */
static void
test_lcores(void **state)
{
	assert_int_equal(eal.cores, processors > 1 ? 2 : 1);
}

static int
group_setup(void **state)
{
	cpu_set_t set;
	struct spt_runtime_port port = {0};
	const struct spt_eal_config config = {
	    .port = &port, .n_ports = 1, .mbufs = 2 * PAIRS * MBUFS};
	char error[256];

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return -1;
	processors = (unsigned int)CPU_COUNT(&set);
	if (spt_port_spec_parse("memory", &port.spec, error, sizeof(error)) ||
	    spt_port_spec_check(&port.spec, error, sizeof(error)) ||
	    spt_eal_start(&config, &eal, error, sizeof(error))) {
		print_error("%s\n", error);
		return -1;
	}
	return 0;
}

static int
group_teardown(void **state)
{
	spt_eal_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lcores),
	    cmocka_unit_test(test_no_peer),
	    cmocka_unit_test(test_peer_refuses),
	    cmocka_unit_test(test_wrap_refuses),
	    cmocka_unit_test(test_connections_one_pair),
	    cmocka_unit_test(test_connections_in_turns),
	    cmocka_unit_test(test_stop_patient),
	    cmocka_unit_test(test_stop_peer_twice),
	    cmocka_unit_test(test_hz),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
