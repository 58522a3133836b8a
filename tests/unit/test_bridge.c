/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `septet bridge` without devices: frames of two memory pairs through its core in virtual time, the
 * law of its counters, and its options.
 */
#include <errno.h>

#include <bridge/bridge.h>
#include <bridge/core.h>

#include "test_port.h"

#define LENGTH 1250 /* 10,000 bits */
#define MS     SPT_NS_PER_MS

static struct rte_mempool *pool;
static struct bridge_core core;
static struct spt_port *host[2]; /* who the frames are of */
static struct spt_port *device[2];
static spt_time now;

static void
make_link(uint32_t ring)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct spt_memory_pair_config config = {.name = i ? "bridge 1" : "bridge 0",
		    .ring_size = ring,
		    .socket = -1,
		    .pool = {pool, pool}};
		struct spt_port *port[2];

		assert_int_equal(spt_port_memory_pair_create(&config, port), 0);
		device[i] = port[0];
		host[i] = port[1];
	}
	now = ENV_EPOCH;
}

static void
open_bridge(const char *impair0, const char *impair1)
{
	struct spt_impair_config config[2] = {{.seed = 3}, {.seed = 4}};
	const struct spt_impair_config *impair[2] = {NULL, NULL};
	const char *text[2] = {impair0, impair1};
	char error[256];

	make_link(1024);
	for (unsigned int i = 0; i < 2; i++) {
		if (!text[i])
			continue;
		assert_int_equal(spt_impair_parse(text[i], &config[i], error, sizeof(error)), 0);
		impair[i] = &config[i];
	}
	assert_int_equal(bridge_core_init(&core, device, impair, pool), 0);
}

static void
close_bridge(void)
{
	bridge_core_fini(&core);
	for (unsigned int i = 0; i < 2; i++)
		spt_port_destroy(host[i]);
	assert_int_equal(env_pool_in_use(pool), 0);
}

static bool
turn(void)
{
	bool moved = bridge_core_receive(&core);

	bridge_core_send(&core, now);
	return moved;
}

static void
send_number(unsigned int from, uint32_t number)
{
	struct rte_mbuf *m = frame_make(pool, number, LENGTH);

	assert_int_equal(port_tx(host[from], now, &m, 1), 1);
}

/* What arrived at a host, all of it; 'next' is checked where there is one. */
static uint32_t
receive_all(unsigned int at, uint32_t *next)
{
	struct rte_mbuf *m;
	uint32_t n = 0;

	for (; port_rx(host[at], now, &m, 1) == 1; n++) {
		if (next)
			assert_true(frame_is(m, (*next)++, LENGTH));
		rte_pktmbuf_free(m);
	}
	return n;
}

static struct bridge_way
way(unsigned int from)
{
	struct bridge_stats stats;

	bridge_core_stats(&core, &stats);
	assert_true(bridge_way_adds_up(&stats.way[0]));
	assert_true(bridge_way_adds_up(&stats.way[1]));
	return stats.way[from];
}

static int
setup(void **state)
{
	env_start();
	pool = env_pool_create(4095);
	return 0;
}

static int
teardown(void **state)
{
	env_pool_destroy(pool);
	return 0;
}

static void
test_both_ways(void **state)
{
	uint32_t next[2] = {100, 200};

	open_bridge(NULL, NULL);
	assert_false(turn());
	assert_true(bridge_core_deadline(&core) == SPT_TIME_NEVER);
	for (uint32_t i = 0; i < 300; i++)
		send_number(0, next[0] + i);
	for (uint32_t i = 0; i < 200; i++)
		send_number(1, next[1] + i);
	while (turn())
		way(0);
	assert_int_equal(receive_all(1, &next[0]), 300);
	assert_int_equal(receive_all(0, &next[1]), 200);
	assert_int_equal(way(0).in, 300);
	assert_int_equal(way(0).out, 300);
	assert_int_equal(way(0).out_bytes, 300 * LENGTH);
	assert_int_equal(way(1).in, 200);
	assert_int_equal(way(1).in_bytes, 200 * LENGTH);
	assert_int_equal(way(1).out, 200);
	close_bridge();
}

/* Each impairment is around its own port: what the two do to a frame comes one after the other. */
static void
test_times(void **state)
{
	uint32_t arrived = 0;

	open_bridge("rx.delay=3ms,tx.delay=5ms", "rx.delay=7ms,tx.delay=11ms");
	send_number(0, 1);
	send_number(1, 2);
	turn();
	assert_true(bridge_core_deadline(&core) == ENV_EPOCH + 3 * MS);
	for (; now < ENV_EPOCH + 14 * MS; now = bridge_core_deadline(&core)) {
		turn();
		assert_int_equal(receive_all(1, NULL), 0);
		arrived += receive_all(0, NULL);
		assert_int_equal(arrived, now >= ENV_EPOCH + 12 * MS ? 1 : 0);
	}
	assert_true(now == ENV_EPOCH + 14 * MS);
	assert_int_equal(way(0).held, 1);
	turn();
	assert_int_equal(receive_all(1, NULL), 1);
	assert_int_equal(arrived, 1);
	assert_int_equal(way(0).held + way(1).held, 0);
	close_bridge();
}

/* A second of 100 Mbit/s, offered a fifth more, at the end of any turn not a frame too many. */
static void
test_rate(void **state)
{
	uint32_t arrived = 0, sent = 0;
	spt_time end = ENV_EPOCH + SPT_NS_PER_SEC;

	open_bridge(NULL, "rate=100Mbit,delay=20ms,buffer=50");
	while (now < end + 20 * MS) {
		turn();
		arrived += receive_all(1, NULL);
		assert_true(arrived <= (now - ENV_EPOCH) / 100000);
		if (now < end && sent < (now - ENV_EPOCH) / 83333) {
			send_number(0, sent++);
			continue;
		}
		now += 40000;
	}
	turn();
	arrived += receive_all(1, NULL);
	assert_in_range(arrived, 9950, 10000);
	assert_int_equal(way(0).queue_longest, 50);
	assert_int_equal(way(0).queue_heaviest, 50 * LENGTH);
	assert_int_equal(way(0).impaired[SPT_IMPAIR_DROPPED] + arrived + way(0).held, sent);
	close_bridge();
}

/* Everything at once, in bursts; the law after every turn. */
static void
test_law(void **state)
{
	open_bridge("loss=5%,duplicate=5%,corrupt=2%,rate=200Mbit,delay=1ms,buffer=20,reorder=2%",
	    "burst-loss=3%:3,duplicate=2%,rate=100Mbit,buffer=30KB,delay=2ms,jitter=1ms");
	for (uint32_t i = 0; i < 3000; i++) {
		for (uint32_t j = 0; j < 3 * (i % 5); j++)
			send_number(i / 5 % 2, i);
		turn();
		for (unsigned int from = 0; from < 2; from++)
			assert_true(way(from).held < 1000);
		if (i % 2)
			receive_all(0, NULL);
		receive_all(1, NULL);
		now += 100000;
	}
	for (unsigned int from = 0; from < 2; from++) {
		assert_true(way(from).impaired[SPT_IMPAIR_LOST] > 0);
		assert_true(way(from).impaired[SPT_IMPAIR_DROPPED] > 0);
		assert_true(way(from).impaired[SPT_IMPAIR_DUPLICATED] > 0);
		assert_true(way(from).out > 1000);
	}
	close_bridge(); /* with frames on the line */
}

/* A host that takes nothing: its ring is full, and each frame more is refused and counted. */
static void
test_refused(void **state)
{
	open_bridge(NULL, "delay=1ms,queue=5000");
	for (uint32_t i = 0; i < 1500; i++) {
		send_number(0, i);
		send_number(1, i);
		turn();
	}
	now += MS;
	while (turn())
		continue;
	assert_int_equal(way(0).refused, 1500 - 1023); /* by way of the wrapper */
	assert_int_equal(way(1).refused, 1500 - 1023);
	assert_int_equal(way(0).out, 1023);
	receive_all(0, NULL);
	receive_all(1, NULL);
	close_bridge();
}

/* A device that takes tags off: what leaves has them again, or is refused. */
static struct rte_mbuf *somebodys;

static uint16_t
untagging_rx(struct spt_port *p, spt_time t, struct rte_mbuf **m, uint16_t n)
{
	m[0] = frame_make(pool, 7, LENGTH);
	m[0]->vlan_tci = 0x2007;
	m[0]->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m[1] = somebodys;
	m[1]->ol_flags = m[0]->ol_flags;
	rte_pktmbuf_refcnt_update(m[1], 1); /* nobody may write into it */
	m[2] = frame_make(pool, 9, LENGTH);
	return 3;
}

static void
test_tags_stay(void **state)
{
	const struct port_ops *before;
	struct port_ops ops;
	struct rte_mbuf *m[3];
	uint8_t flat[PACKET_MAX];
	struct bridge_stats stats;

	open_bridge(NULL, NULL);
	somebodys = frame_make(pool, 8, LENGTH);
	before = core.device[0]->ops;
	ops = *before;
	ops.rx = untagging_rx;
	core.device[0]->ops = &ops;
	turn();
	core.device[0]->ops = before;
	assert_int_equal(port_rx(host[1], now, m, 3), 2);
	assert_int_equal(packet_flatten(m[0], flat), LENGTH + 4);
	assert_memory_equal(flat + 12, "\x81\x00\x20\x07", 4);
	assert_true(frame_is(m[1], 9, LENGTH));
	rte_pktmbuf_free_bulk(m, 2);
	bridge_core_stats(&core, &stats);
	assert_int_equal(stats.way[0].refused, 1);
	rte_pktmbuf_free(somebodys);
	close_bridge();
}

/* ---- options ------------------------------------------------------------------------- */

static int
parse(struct bridge_options *o, const char *text, char error[512])
{
	static char line[256], *argv[16];
	char *save = NULL;
	int argc = 0;

	snprintf(line, sizeof(line), "%s", text);
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return bridge_options_parse(o, argc, argv, error, 512);
}

static void
test_options(void **state)
{
	struct bridge_options o;
	char error[512] = "";

	assert_int_equal(parse(&o,
	                     "--port tap:a --port tap:b --impair loss=1%,rate=1Gbit --mtu 9000 "
	                     "--mbufs 40000 --duration 2s",
	                     error),
	    0);
	assert_int_equal(o.link.n_ports, 2);
	assert_int_equal(o.link.port[0].mtu, 9000);
	assert_int_equal(o.link.port[1].mtu, 9000);
	assert_int_equal(o.duration_ms, 2000);
	assert_null(o.link.port[0].impair);
	assert_non_null(o.link.port[1].impair);
	assert_int_equal(o.link.port[1].impair->tx.loss_ppm, 10000);
	/* A fast and long line holds what the buffers allow; its queue is as ever. */
	assert_int_equal(o.link.port[1].impair->rx.queue_limit, 10000);
	assert_int_equal(o.link.port[1].impair->rx.buffer_frames, 1000);
	bridge_options_free(&o);

	assert_int_equal(
	    parse(&o, "--port tap:a --impair queue=70,tx.buffer=5 --port tap:b -- -m 512", error),
	    0);
	assert_int_equal(o.link.port[0].impair->rx.queue_limit, 70);
	assert_int_equal(o.link.port[0].impair->rx.buffer_frames, 0);
	assert_int_equal(o.link.port[0].impair->tx.buffer_frames, 5);
	assert_int_equal(o.link.port[0].mtu, 1500);
	assert_int_equal(o.n_eal, 2);
	assert_string_equal(o.eal[0], "-m");
	bridge_options_free(&o);
}

static void
test_init_fails(void **state)
{
	struct spt_impair_config bad = {.tx.loss_ppm = 1000001};
	const struct spt_impair_config *const impair[2] = {NULL, &bad};

	make_link(16);
	assert_int_equal(bridge_core_init(&core, device, impair, pool), -EINVAL);
	assert_null(core.exit[0].port);
	close_bridge();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_ways),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_rate),
	    cmocka_unit_test(test_law),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_tags_stay),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_init_fails),
	};

	return cmocka_run_group_tests_name("bridge", tests, setup, teardown);
}
