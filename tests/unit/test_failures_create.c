/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Creation with the n-th allocation of memory failing, for every n until none is left to fail:
 * -ENOMEM and nothing kept, then a success. Mappings (tables and records), EAL's heap and its
 * memory zones (rings) are counted by functions of their names here, which stand before those of
 * the libraries.
 */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include <septet/septet.h>

#include <base/addr.h>
#include <base/rss.h>
#include <lib/env.h>
#include <port/port.h>

/* ---- allocations that can fail ------------------------------------------------------- */

static struct {
	bool watching;
	unsigned int seen, fail; /* number 'fail' fails, from 1; 0: none */
	int64_t mapped;          /* bytes */
} memory;

static bool
fails(void)
{
	return memory.watching && ++memory.seen == memory.fail;
}

static void *
next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (function == NULL) {
		fprintf(stderr, "%s is nowhere\n", name);
		_exit(2);
	}
	return function;
}

void *
mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	long m;

	if (memory.watching && fails()) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	m = syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	if (memory.watching && m != -1)
		memory.mapped += (int64_t)length;
	return (void *)m;
}

int
munmap(void *address, size_t length)
{
	if (memory.watching)
		memory.mapped -= (int64_t)length;
	return (int)syscall(SYS_munmap, address, length);
}

void *
rte_malloc(const char *type, size_t size, unsigned int align)
{
	void *(*real)(const char *, size_t, unsigned int) = next(__func__);

	return fails() ? NULL : real(type, size, align);
}

void *
rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	void *(*real)(const char *, size_t, unsigned int) = next(__func__);

	return fails() ? NULL : real(type, size, align);
}

void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	void *(*real)(const char *, size_t, unsigned int, int) = next(__func__);

	return fails() ? NULL : real(type, size, align, socket);
}

const struct rte_memzone *
rte_memzone_reserve_aligned(
    const char *name, size_t size, int socket, unsigned int flags, unsigned int align)
{
	const struct rte_memzone *(*real)(const char *, size_t, int, unsigned int, unsigned int) =
	    next(__func__);

	if (fails()) {
		rte_errno = ENOMEM;
		return NULL;
	}
	return real(name, size, socket, flags, align);
}

/* ---- every one of them ------------------------------------------------------------------- */

static struct rte_mempool *pool;
static struct spt_port *pair[2];

static size_t
heap(void)
{
	struct rte_malloc_socket_stats stats;
	size_t sum = 0;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++) {
		if (rte_malloc_get_socket_stats(socket, &stats) == 0)
			sum += stats.heap_allocsz_bytes;
	}
	return sum;
}

/*
 * 'create' makes something and returns 0 or an error, with *made set; 'destroy' ends it. Returns
 * how many allocations there were.
 */
static unsigned int
each_fails(int (*create)(void **made), void (*destroy)(void *made))
{
	unsigned int mbufs = rte_mempool_in_use_count(pool);
	size_t before = heap();

	for (unsigned int n = 1;; n++) {
		void *made = NULL;
		int rc;

		memory.seen = 0;
		memory.fail = n;
		memory.mapped = 0;
		memory.watching = true;
		rc = create(&made);
		memory.fail = 0;
		if (rc == 0)
			destroy(made);
		else
			assert_null(made);
		memory.watching = false;
		if (memory.mapped != 0 || heap() != before)
			fail_msg("allocation %u fails: %lld bytes of mappings and %lld of the heap "
			         "are lost",
			    n, (long long)memory.mapped, (long long)(heap() - before));
		assert_int_equal(rte_mempool_in_use_count(pool), mbufs);
		if (memory.seen < n) {
			assert_int_equal(rc, 0);
			return n - 1;
		}
		assert_int_equal(rc, -ENOMEM);
		assert_true(n < 200);
	}
}

/* ---- engines -------------------------------------------------------------------------------- */

static struct spt_port *engine_port;

static int
create_engine(void **made)
{
	struct spt_local local = {
	    .first = addr_from_v4(RTE_BE32(0x0a010001)), .count = 3, .prefix = 24};
	struct spt_config config = {.local = &local,
	    .n_local = 1,
	    .gateway4 = addr_from_v4(RTE_BE32(0x0a010009)),
	    .pool = pool,
	    .socket = -1,
	    .connections = 100};
	char error[200] = "";
	int rc = spt_engine_create(
	    &config, engine_port, ENV_EPOCH, (struct spt_engine **)made, error, sizeof(error));

	/* One line that says what is wrong. */
	assert_true((rc != 0) == (error[0] != '\0'));
	assert_null(strchr(error, '\n'));
	if (rc != 0)
		assert_non_null(
		    strstr(error, "memory") ? strstr(error, "memory") : strstr(error, "tables"));
	return rc;
}

static void
destroy_engine(void *made)
{
	spt_engine_destroy(made);
}

static void
test_engine(void **state)
{
	engine_port = pair[0];
	assert_true(each_fails(create_engine, destroy_engine) > 15);
}

/* Behind a device that spreads flows there are tables more. */
static void
test_engine_with_steering(void **state)
{
	static struct rss rss = {.key_length = 40, .queues = 2, .reta_size = 128, .device = true};
	struct spt_port port = *pair[0];
	unsigned int without;

	engine_port = pair[0];
	without = each_fails(create_engine, destroy_engine);
	for (unsigned int i = 0; i < rss.key_length; i++)
		rss.key[i] = (uint8_t)(i * 29 + 1);
	for (unsigned int i = 0; i < rss.reta_size; i++)
		rss.reta[i] = i % 2;
	port.rss = &rss;
	engine_port = &port;
	assert_true(each_fails(create_engine, destroy_engine) > without);
}

/* ---- what an engine is asked for --------------------------------------------------------------
 */

static struct spt_engine *engine;

static void
make_engine(void)
{
	engine_port = pair[0];
	assert_int_equal(create_engine((void **)&engine), 0);
}

static int
listen_once(void **made)
{
	struct spt_endpoint at = {.port = 7};
	struct spt_listen_options options = {.backlog = 9, .conn = {.ttl = 9}};
	int listener = spt_listen(engine, &at, &options);

	if (listener < 0)
		return listener;
	*made = (void *)(uintptr_t)(listener + 1);
	return 0;
}

static void
unlisten(void *made)
{
	assert_int_equal(spt_unlisten(engine, (int)(uintptr_t)made - 1, SPT_UNLISTEN_DRAIN), 0);
}

static int
add_source(void **made)
{
	struct spt_source_options options = {.conn = {.ttl = 8}};
	int source = spt_source_add(engine, &options);

	if (source < 0)
		return source;
	*made = (void *)(uintptr_t)(source + 1);
	return 0;
}

static void
remove_source(void *made)
{
	assert_int_equal(spt_source_remove(engine, (int)(uintptr_t)made - 1), 0);
}

/* All that an engine needs it has had since its creation (DESIGN 4). */
static void
test_listeners_and_sources(void **state)
{
	make_engine();
	assert_int_equal(each_fails(listen_once, unlisten), 0);
	assert_int_equal(each_fails(add_source, remove_source), 0);
	spt_engine_destroy(engine);
}

/* ---- ports ------------------------------------------------------------------------------------
 */

static int
create_pair(void **made)
{
	static struct spt_port *both[2];
	struct spt_memory_pair_config config = {
	    .name = "failing", .socket = -1, .pool = {pool, pool}};
	int rc = spt_port_memory_pair_create(&config, both);

	if (rc == 0)
		*made = both;
	return rc;
}

static void
destroy_pair(void *made)
{
	struct spt_port **both = made;

	for (unsigned int i = 0; i < 2; i++)
		both[i]->ops->destroy(both[i]);
}

static void
test_memory_pair(void **state)
{
	assert_true(each_fails(create_pair, destroy_pair) >= 3);
}

static int
create_impaired(void **made)
{
	struct spt_impair_config config = {.seed = 1, .rx = {.loss_ppm = 10}, .pool = pool};
	struct spt_port **both, *wrapper = NULL;
	int rc = create_pair((void **)&both);

	if (rc != 0)
		return rc;
	rc = spt_port_impair_create(&config, both[0], &wrapper);
	if (rc == 0)
		both[0] = wrapper;
	else /* 'inner' is still ours */
		destroy_pair(both);
	*made = rc == 0 ? both : NULL;
	return rc;
}

static void
test_impairment_wrapper(void **state)
{
	assert_true(each_fails(create_impaired, destroy_pair) >= 6);
}

static int
create_tagged(void **made)
{
	struct spt_vlan_config config = {.vlan = 7, .pool = pool};
	struct spt_port **both, *wrapper = NULL;
	int rc = create_pair((void **)&both);

	if (rc != 0)
		return rc;
	rc = spt_port_vlan_create(&config, both[0], &wrapper);
	if (rc == 0)
		both[0] = wrapper;
	else
		destroy_pair(both);
	*made = rc == 0 ? both : NULL;
	return rc;
}

static void
test_vlan_wrapper(void **state)
{
	assert_true(each_fails(create_tagged, destroy_pair) >= 4);
}

/* The field of mbufs that queues use is registered once in a process and stays. */
static int
group_setup(void **state)
{
	struct spt_memory_pair_config config = {.name = "test", .socket = -1};

	env_start();
	pool = env_pool_create(512);
	config.pool[0] = config.pool[1] = pool;
	if (spt_port_memory_pair_create(&config, pair) != 0)
		return -1;
	make_engine();
	spt_engine_destroy(engine);
	return 0;
}

static int
group_teardown(void **state)
{
	destroy_pair(pair);
	env_pool_destroy(pool);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_engine),
	    cmocka_unit_test(test_engine_with_steering),
	    cmocka_unit_test(test_listeners_and_sources),
	    cmocka_unit_test(test_memory_pair),
	    cmocka_unit_test(test_impairment_wrapper),
	    cmocka_unit_test(test_vlan_wrapper),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
