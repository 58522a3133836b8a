/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runtime as a whole, on a device that invents frames as fast as they are taken:
 * engines turn on cores of their own while this thread asks them for statistics, and ends them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <septet/runtime.h>

#include "base/addr.h"

#define ROUNDS 50
#define MBUFS  8191

struct state {
	unsigned int core;
	spt_time last;
	uint64_t turns;
	spt_time deadline; /* not 0: asked to stop */
	unsigned int stops;
	bool back; /* the clock went back */
	bool finished;
};

static struct state states[2];
static struct spt_runtime *runtime;
static struct spt_eal_info eal;

static int
loop_start(void *app, unsigned int core, unsigned int port, struct spt_engine *engine, spt_time now,
    void **state, char *error, size_t error_size)
{
	states[core] = (struct state){.core = core, .last = now};
	*state = &states[core];
	return 0;
}

static bool
loop_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct state *s = state;

	s->back = s->back || now < s->last;
	s->last = now;
	s->turns++;
	return s->deadline == 0 || now < s->deadline;
}

static void
loop_stop(void *state, spt_time now, spt_time deadline)
{
	struct state *s = state;

	s->stops++;
	s->deadline = deadline;
}

static void
loop_finish(void *state)
{
	((struct state *)state)->finished = true;
}

static const struct spt_core_ops ops = {
    .start = loop_start,
    .turn = loop_turn,
    .stop = loop_stop,
    .finish = loop_finish,
};

static uint64_t
verdicts(const struct spt_stats *s)
{
	uint64_t sum = 0;

	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		sum += s->verdict[v];
	return sum;
}

/* What another thread sees: counters that only grow, and frames that are all accounted for. */
static void *
observe(void *arg)
{
	struct spt_runtime_snapshot one, sum, last = {0};
	unsigned int *wrong = arg, answered = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		/* On a loaded machine a core may not answer in time: that is no error. */
		if (spt_runtime_snapshot(runtime, 0, &one) == 0) {
			answered++;
			*wrong += one.stats.rx_frames != verdicts(&one.stats);
			*wrong += one.stats.rx_frames < last.stats.rx_frames || one.now < last.now;
			*wrong += one.port.rx_frames < one.stats.rx_frames;
			last = one;
		}
		if (spt_runtime_snapshot_sum(runtime, SPT_ROLE_OWN, &sum) == 0) {
			*wrong += sum.stats.rx_frames != verdicts(&sum.stats);
			*wrong += sum.stats.rx_frames < last.stats.rx_frames;
		}
	}
	*wrong += answered == 0 || last.stats.rx_frames == 0;
	*wrong += spt_runtime_snapshot(runtime, 99, &one) != -EINVAL;
	*wrong += spt_runtime_stop(runtime, SPT_NS_PER_MS) != 0;
	return NULL;
}

static void
test_loop(void **state)
{
	struct spt_local local = {
	    .first = addr_from_v4(RTE_BE32(0x0a000001)), .count = 1, .prefix = 24};
	struct spt_runtime_port port = {.mtu = 1500, .local = &local, .n_local = 1};
	struct spt_runtime_config config = {
	    .port = &port,
	    .n_ports = 1,
	    .mbufs = MBUFS,
	    .engine = {.connections = 64},
	    .ops = &ops,
	    .app = states,
	    .idle_sleep = true,
	};
	struct spt_runtime_leaks leaks;
	struct spt_runtime_snapshot end;
	struct spt_runtime_info info;
	unsigned int wrong = 0;
	pthread_t thread;
	char error[256];

	assert_int_equal(
	    spt_port_spec_parse("vdev:net_null0", &port.spec, error, sizeof(error)), 0);
	if (spt_runtime_create(&config, &runtime, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	spt_runtime_info(runtime, &info);
	assert_int_equal(info.engines, eal.cores);
	assert_int_equal(info.mbufs, MBUFS * eal.cores);
	assert_true(info.table_bytes > 0 && info.mbuf_bytes > (uint64_t)MBUFS * 2048 * eal.cores);
	assert_int_equal(pthread_create(&thread, NULL, observe, &wrong), 0);
	spt_runtime_run(runtime);
	pthread_join(thread, NULL);
	assert_int_equal(wrong, 0);
	for (unsigned int i = 0; i < eal.cores; i++) {
		assert_true(states[i].turns > 0 && states[i].stops == 1);
		assert_false(states[i].back);
		assert_false(states[i].finished);
	}
	/* The loops are over; what was true then is still to be had. */
	assert_int_equal(spt_runtime_snapshot_sum(runtime, SPT_ROLE_OWN, &end), 0);
	assert_true(end.stats.rx_frames > 0);
	assert_int_equal(end.stats.rx_frames, verdicts(&end.stats));
	spt_runtime_destroy(runtime, &leaks);
	for (unsigned int i = 0; i < eal.cores; i++)
		assert_true(states[i].finished);
	assert_int_equal(leaks.mbufs, 0);
	assert_int_equal(leaks.driver, 0);
}

static int
group_setup(void **state)
{
	struct spt_runtime_port port = {0};
	const struct spt_eal_config config = {
	    .port = &port,
	    .n_ports = 1,
	    .cores = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1,
	    .mbufs = MBUFS * 2,
	};
	char error[256];

	if (spt_port_spec_parse("vdev:net_null0", &port.spec, error, sizeof(error)) ||
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
	    cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
