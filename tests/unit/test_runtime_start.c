/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program whose second core cannot start: the first, its engine, the device and the pools are
 * taken down again. (A device is closed for good, so this test is a process of its own.) And a
 * start that EAL makes the end of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include <septet/runtime.h>

#include "base/addr.h"

static unsigned int starts, finishes;
static unsigned int refused; /* the core that does not start */

static int
start(void *app, unsigned int core, unsigned int port, struct spt_engine *engine, spt_time now,
    void **state, char *error, size_t error_size)
{
	starts++;
	if (core == refused) {
		snprintf(error, error_size, "core %u refuses", core);
		return -EADDRINUSE;
	}
	*state = app;
	return 0;
}

static bool
turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	return false;
}

static void
stop(void *state, spt_time now, spt_time deadline)
{
}

static void
finish(void *state)
{
	finishes++;
}

static void
test_start_fails(void **state)
{
	static const struct spt_core_ops ops = {
	    .start = start, .turn = turn, .stop = stop, .finish = finish};
	struct spt_local local = {
	    .first = addr_from_v4(RTE_BE32(0x0a000001)), .count = 1, .prefix = 24};
	struct spt_runtime_port port = {.local = &local, .n_local = 1};
	struct spt_eal_config eal = {.port = &port, .n_ports = 1, .mbufs = 2 * 4095};
	struct spt_runtime_config config = {
	    .port = &port,
	    .n_ports = 1,
	    .mbufs = 4095,
	    .engine = {.connections = 64},
	    .ops = &ops,
	    .app = &local,
	};
	struct spt_runtime *runtime;
	struct spt_eal_info info;
	char error[256] = "";

	eal.cores = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1;
	refused = eal.cores - 1;
	assert_int_equal(
	    spt_port_spec_parse("vdev:net_null0", &port.spec, error, sizeof(error)), 0);
	assert_int_equal(spt_eal_start(&eal, &info, error, sizeof(error)), 0);
	assert_int_equal(info.cores, eal.cores);
	assert_int_equal(spt_runtime_create(&config, &runtime, error, sizeof(error)), -EADDRINUSE);
	assert_null(runtime);
	assert_non_null(strstr(error, "refuses"));
	assert_int_equal(starts, eal.cores);
	/* Those that had started are told. */
	assert_int_equal(finishes, eal.cores - 1);
	assert_null(rte_mempool_lookup("septet_mbufs_0"));
	assert_null(rte_ring_lookup("septet_mail_0"));
	spt_eal_stop();
}

/* EAL ends the program when it was asked for help: as root a directory was made for it by then. */
static void
test_eal_ends_the_program(void **state)
{
	char word[] = "--help", *const help[] = {word};
	struct spt_runtime_port port = {.spec = {.kind = SPT_PORT_MEMORY}};
	struct spt_eal_config eal = {
	    .port = &port, .n_ports = 1, .mbufs = 4095, .extra = help, .n_extra = 1};
	struct spt_eal_info info;
	char error[256], left[64];
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		spt_eal_start(&eal, &info, error, sizeof(error));
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(left, sizeof(left), "/tmp/septet-%d", (int)pid);
	assert_int_not_equal(access(left, F_OK), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_eal_ends_the_program), /* before there are threads */
	    cmocka_unit_test(test_start_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
