/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A runtime with several ports: who turns which queue, connections from one port to another
 * through two pairs of memif devices of this process, what an ended core hands on at each of its
 * ports, and what is refused. (A device is closed for good, so each test has its own.)
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

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <septet/runtime.h>

#include "base/addr.h"
#include "lib/packet.h"

#define MBUFS       2047
#define CORES       16
#define CONNECTIONS 200 /* opened by each client */
#define IN_PROGRESS 32
#define BYTES       100 /* that each connection carries */
#define PORT        4711
#define FRAMES      64 /* that are laid at a queue */
#define VLAN        7

struct node {
	unsigned int core, port;
	struct spt_engine *engine;
	int source;
	unsigned int opened, closed, failed;
	uint64_t bytes;
	bool asked, finished;
	pthread_t thread;
};

static struct node nodes[CORES];
static unsigned int starts, finishes;
static struct spt_runtime *runtime;
static struct spt_eal_info eal;
static char error[512];
static char path[48]; /* of this process's sockets */

/* Where the client behind port p of a pair connects to. */
static const struct spt_endpoint servers[] = {
    [0] = {.addr = {.w = {0, 0, RTE_BE32(0xffff), RTE_BE32(0x0a000002)}}, .port = PORT},
    [2] = {.addr = {.w = {0, 0, RTE_BE32(0xffff), RTE_BE32(0x0a000102)}}, .port = PORT},
};

/* ---- programs ---------------------------------------------------------------- */

static int
node_start(void *app, unsigned int core, unsigned int port, struct spt_engine *engine, spt_time now,
    void **state, char *why, size_t why_size)
{
	const unsigned int *refused = app;

	assert_int_equal(core, starts);
	starts++;
	if (refused && core == *refused) {
		snprintf(why, why_size, "core %u refuses", core);
		return -EADDRINUSE;
	}
	nodes[core] = (struct node){.core = core, .port = port, .engine = engine};
	*state = &nodes[core];
	return 0;
}

/* Until asked to end. */
static bool
node_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct node *node = state;

	node->thread = pthread_self();
	return !node->asked;
}

/* Those at queue 0 of two have ended at once. */
static bool
node_turn_half(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	const struct node *node = state;

	return node_turn(state, now, events, n) && node->core % 2 == 1;
}

static void
node_stop(void *state, spt_time now, spt_time deadline)
{
	((struct node *)state)->asked = true;
}

static void
node_finish(void *state)
{
	((struct node *)state)->finished = true;
	finishes++;
}

/* Behind even ports clients, behind odd ones servers. */
static int
pair_start(void *app, unsigned int core, unsigned int port, struct spt_engine *engine, spt_time now,
    void **state, char *why, size_t why_size)
{
	const struct spt_listen_options listen = {.close_on_fin = true};
	const struct spt_source_options source = {0};
	int rc = node_start(app, core, port, engine, now, state, why, why_size);

	assert_int_equal(rc, 0);
	if (port % 2 == 0) {
		rc = nodes[core].source = spt_source_add(engine, &source);
		return rc < 0 ? rc : 0;
	}
	/* The address is this port's: no other has it. */
	assert_int_equal(spt_listen(engine, &servers[2 - (port - 1)], &listen), -EADDRNOTAVAIL);
	rc = spt_listen(engine, &servers[port - 1], &listen);
	return rc < 0 ? rc : 0;
}

static void
pair_open(struct node *node)
{
	/* The first finds out the peer's link address: few packets may wait for that. */
	unsigned int window = node->closed ? IN_PROGRESS : 1;
	struct rte_mbuf *m;
	spt_conn conn;

	while (node->opened < CONNECTIONS && node->opened - node->closed < window) {
		if (spt_connect(
		        node->engine, node->source, NULL, &servers[node->port], NULL, &conn) != 0)
			return; /* asked again in the next turn */
		node->opened++;
		m = spt_buffer_alloc(node->engine);
		assert_non_null(m);
		memset(rte_pktmbuf_append(m, BYTES), 'x', BYTES);
		assert_int_equal(spt_send(node->engine, conn, m, 0), 0);
	}
}

static void
pair_event(struct node *node, const struct spt_event *event)
{
	if (event->events & SPT_CONNECTED)
		spt_close(node->engine, event->conn);
	if (event->events & SPT_RECEIVED) {
		node->bytes += event->bytes;
		spt_receive_done(node->engine, event->conn, event->bytes);
		rte_pktmbuf_free(event->data);
	}
	if (event->events & SPT_CLOSED) {
		node->closed++;
		node->failed += event->reason != 0;
	}
}

static bool
pair_turn(void *state, spt_time now, const struct spt_event *events, unsigned int n)
{
	struct node *node = state;

	for (unsigned int i = 0; i < n; i++)
		pair_event(node, &events[i]);
	node->thread = pthread_self();
	if (node->port % 2 == 0)
		pair_open(node);
	return node->closed < CONNECTIONS;
}

static const struct spt_core_ops node_ops = {
    .start = node_start, .turn = node_turn, .stop = node_stop, .finish = node_finish};
static const struct spt_core_ops half_ops = {
    .start = node_start, .turn = node_turn_half, .stop = node_stop, .finish = node_finish};
static const struct spt_core_ops pair_ops = {
    .start = pair_start, .turn = pair_turn, .stop = node_stop, .finish = node_finish};

/* ---- what the tests share ---------------------------------------------------- */

static struct spt_local
local_of(uint32_t host_order)
{
	return (struct spt_local){
	    .first = addr_from_v4(rte_cpu_to_be_32(host_order)), .count = 1, .prefix = 24};
}

static struct spt_runtime_port
port_of(const char *text, const struct spt_local *local)
{
	struct spt_runtime_port port = {.local = local, .n_local = 1};

	if (spt_port_spec_parse(text, &port.spec, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	return port;
}

static int
create(const struct spt_runtime_port *port, unsigned int n, const struct spt_core_ops *ops,
    unsigned int *refused)
{
	const struct spt_runtime_config config = {
	    .port = port,
	    .n_ports = n,
	    .mbufs = MBUFS,
	    .engine = {.connections = 256, .timewait = 1024},
	    .ops = ops,
	    .app = refused,
	    .idle_sleep = true,
	};

	memset(nodes, 0, sizeof(nodes));
	starts = finishes = 0;
	error[0] = '\0';
	return spt_runtime_create(&config, &runtime, error, sizeof(error));
}

static void
create_ok(const struct spt_runtime_port *port, unsigned int n, const struct spt_core_ops *ops)
{
	if (create(port, n, ops, NULL) != 0)
		fail_msg("%s", error);
}

static void
assert_nothing_left(void)
{
	assert_null(runtime);
	assert_null(rte_mempool_lookup("septet_mbufs_0"));
	assert_null(rte_mempool_lookup("septet_mbufs_1"));
	assert_null(rte_ring_lookup("septet_mail_0"));
	assert_null(rte_ring_lookup("septet_0_0_1"));
}

static void
destroy_ok(void)
{
	struct spt_runtime_leaks leaks;

	spt_runtime_destroy(runtime, &leaks);
	assert_int_equal(leaks.mbufs, 0);
	assert_int_equal(leaks.driver, 0);
	assert_int_equal(finishes, starts);
	runtime = NULL;
	assert_nothing_left();
}

/* The cores of each port add up to what it says, and the ports to the whole; time is lcores'. */
static void
check_sums(unsigned int n)
{
	spt_time elapsed[CORES] = {0}, time = 0;
	struct spt_runtime_snapshot one, port, all;
	struct spt_runtime_info info;
	uint64_t rx = 0, tx = 0;

	spt_runtime_info(runtime, &info);
	for (unsigned int p = 0; p < n; p++) {
		uint64_t frames = 0;

		assert_int_equal(spt_runtime_snapshot_port(runtime, p, &port), 0);
		for (unsigned int i = 0; i < info.port[p].engines; i++) {
			assert_int_equal(
			    spt_runtime_snapshot(runtime, info.port[p].core + i, &one), 0);
			frames += one.port.rx_frames;
			elapsed[i] = RTE_MAX(elapsed[i], one.elapsed);
		}
		assert_int_equal(port.port.rx_frames, frames);
		rx += port.stats.rx_frames;
		tx += port.port.tx_frames;
	}
	assert_int_equal(spt_runtime_snapshot_port(runtime, n, &port), -EINVAL);
	assert_int_equal(spt_runtime_snapshot_sum(runtime, SPT_ROLE_OWN, &all), 0);
	assert_int_equal(all.stats.rx_frames, rx);
	assert_int_equal(all.port.tx_frames, tx);
	for (unsigned int i = 0; i < CORES; i++)
		time += elapsed[i];
	assert_int_equal(all.elapsed, time);
	assert_true(all.busy <= all.elapsed);
}

/* ---- who turns what ---------------------------------------------------------- */

static void *
stop_soon(void *arg)
{
	struct spt_runtime_snapshot s;
	unsigned int *wrong = arg;

	/* All turn. */
	for (unsigned int i = 0; i < starts; i++)
		while (spt_runtime_snapshot(runtime, i, &s) != 0)
			usleep(1000);
	*wrong += spt_runtime_stop(runtime, 0) != 0;
	return NULL;
}

/* Two, one and two queues (of two lcores): engines are counted through, queue i is lcore i's. */
static void
test_numbering(void **state)
{
	const struct spt_local local = local_of(0x0a000001);
	/* net_null says that it has RSS. */
	enum spt_steering steering[] = {
	    SPT_STEERING_CHECKED, SPT_STEERING_NONE, SPT_STEERING_SOFTWARE};
	struct spt_runtime_port port[3];
	struct spt_runtime_info info;
	unsigned int n = eal.cores, wrong = 0;
	pthread_t thread;
	char text[96];

	snprintf(text, sizeof(text), "vdev:net_vhost0,iface=%s-v,queues=1", path);
	port[0] = port_of("vdev:net_null0,no-rx=1", &local);
	port[1] = port_of(text, &local);
	port[2] = port_of("vdev:net_ring0", &local);
	port[0].mtu = 9000;
	create_ok(port, 3, &node_ops);
	spt_runtime_info(runtime, &info);
	assert_int_equal(info.n_ports, 3);
	assert_int_equal(info.engines, 2 * n + 1);
	assert_int_equal(info.lcores, n);
	for (unsigned int p = 0; p < 3; p++) {
		assert_string_equal(info.port[p].text, port[p].spec.text);
		assert_int_equal(info.port[p].engines, p == 1 ? 1 : n);
		assert_int_equal(info.port[p].core, p == 0 ? 0 : p == 1 ? n : n + 1);
		if (n == 1)
			steering[p] = SPT_STEERING_NONE;
		assert_int_equal(info.port[p].steering, steering[p]);
	}
	assert_string_equal(info.port[0].device.driver, "net_null");
	assert_string_equal(info.port[1].device.driver, "net_vhost");
	assert_string_equal(info.port[2].device.driver, "net_ring");
	/* Each has a pool for as many engines as were wanted, with room for its MTU. */
	assert_int_equal(info.mbufs, 3 * n * MBUFS);
	assert_true(rte_pktmbuf_data_room_size(rte_mempool_lookup("septet_mbufs_0")) > 9000);
	assert_true(rte_pktmbuf_data_room_size(rte_mempool_lookup("septet_mbufs_2")) < 3000);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, &wrong), 0);
	spt_runtime_run(runtime);
	pthread_join(thread, NULL);
	assert_int_equal(wrong, 0);
	for (unsigned int p = 0; p < 3; p++)
		for (unsigned int q = 0; q < info.port[p].engines; q++) {
			const struct node *node = &nodes[info.port[p].core + q];

			assert_int_equal(node->port, p);
			for (unsigned int k = 0; k < n; k++)
				assert_int_equal(
				    pthread_equal(node->thread, nodes[k].thread) != 0, k == q);
		}
	check_sums(3);
	destroy_ok();
}

/* ---- what ended cores hand on ------------------------------------------------ */

/* SYNs to nobody at queue 0 of a device that hands back what it is given. */
static void
lay(const char *device)
{
	struct rte_mempool *pool = rte_mempool_lookup("septet_mbufs_0");
	struct packet p = {.family = 4, .dport = 80, .flags = P_SYN};
	uint8_t flat[PACKET_MAX];
	struct rte_mbuf *m;
	uint16_t id;

	assert_int_equal(spt_port_ethdev_find(device, &id), 0);
	p.src = addr_from_v4(RTE_BE32(0x0a000002));
	p.dst = addr_from_v4(RTE_BE32(0x0a000003));
	for (unsigned int i = 0; i < FRAMES; i++) {
		p.sport = (uint16_t)(1000 + i);
		m = packet_mbuf(pool, flat, packet_build(&p, flat));
		assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
	}
}

/*
 * Until what was laid at queue 0 of a port was met by its two engines. What they announce of
 * themselves comes back to them as well.
 */
static void
wait_for(unsigned int port, unsigned int *wrong)
{
	struct spt_runtime_snapshot s;
	uint64_t taken;

	for (unsigned int i = 0; i < 5000; i++) {
		if (spt_runtime_snapshot_port(runtime, port, &s) == 0) {
			taken = s.stats.verdict[SPT_V_IP_NOT_LOCAL];
			if (taken + s.port.rx_missed >= FRAMES) {
				/* About half are the other engine's. */
				*wrong += taken < FRAMES / 4 || taken > 3 * FRAMES / 4;
				*wrong += s.port.rx_missed > FRAMES + 2 - taken;
				return;
			}
		}
		usleep(1000);
	}
	*wrong += 1 << 8;
}

static void *
lay_and_stop(void *arg)
{
	struct spt_runtime_snapshot s;
	unsigned int *wrong = arg;

	/* The halves have ended before: what they find then is handed on, or nobody's. */
	for (unsigned int core = 0; core < 4; core += 2)
		while (spt_runtime_snapshot(runtime, core, &s) != 0 || !nodes[core].thread)
			usleep(1000);
	lay("net_ring1");
	lay("net_ring2");
	wait_for(0, wrong);
	wait_for(1, wrong);
	*wrong += spt_runtime_stop(runtime, 0) != 0;
	return NULL;
}

/* An lcore whose cores have ended relays for each of its ports. */
static void
test_relay(void **state)
{
	const struct spt_local local = local_of(0x0a000001);
	const struct spt_runtime_port port[] = {
	    port_of("vdev:net_ring1", &local), port_of("vdev:net_ring2", &local)};
	unsigned int wrong = 0;
	pthread_t thread;

	if (eal.cores < 2)
		skip();
	create_ok(port, 2, &half_ops);
	assert_int_equal(starts, 4);
	assert_int_equal(pthread_create(&thread, NULL, lay_and_stop, &wrong), 0);
	spt_runtime_run(runtime);
	pthread_join(thread, NULL);
	assert_int_equal(wrong, 0);
	check_sums(2);
	destroy_ok();
}

/* ---- traffic ----------------------------------------------------------------- */

/* Frames before that would be lost, and their connections late. */
static void
wait_for_link(const char *device)
{
	struct rte_eth_link link = {0};
	uint16_t id;

	assert_int_equal(spt_port_ethdev_find(device, &id), 0);
	for (unsigned int i = 0; i < 5000; i++) {
		assert_int_equal(rte_eth_link_get_nowait(id, &link), 0);
		if (link.link_status == RTE_ETH_LINK_UP)
			return;
		usleep(1000);
	}
	fail_msg("%s has no link", device);
}

/* The ports that spt_eal_start was told of, in their order. */
static void
traffic_ports(struct spt_runtime_port port[4], const struct spt_local *local)
{
	char text[96];

	for (unsigned int p = 0; p < 4; p++) {
		snprintf(text, sizeof(text), "memif:%s-%u%s", path, p / 2,
		    p % 2 == 0 ? ",role=server" : "");
		port[p] = port_of(text, &local[p]);
		port[p].vlan = p / 2 ? VLAN : 0;
	}
}

/* Port 0 speaks with port 1, port 2 with port 3 on a VLAN; one lcore turns them all. */
static void
test_traffic(void **state)
{
	const struct spt_local local[] = {
	    local_of(0x0a000001), local_of(0x0a000002), local_of(0x0a000101), local_of(0x0a000102)};
	struct spt_runtime_snapshot s[4];
	struct spt_runtime_port port[4];
	struct spt_runtime_config config = {
	    .port = port,
	    .n_ports = 4,
	    .engines = 1,
	    .mbufs = MBUFS,
	    .engine = {.connections = 256, .timewait = 1024},
	    .ops = &pair_ops,
	};
	struct spt_runtime_info info;
	char device[32];

	starts = finishes = 0;
	traffic_ports(port, local);
	if (spt_runtime_create(&config, &runtime, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	spt_runtime_info(runtime, &info);
	assert_int_equal(info.lcores, 1);
	for (unsigned int p = 0; p < 4; p++) {
		snprintf(device, sizeof(device), "net_memif%u", p);
		wait_for_link(device);
		for (unsigned int q = 0; q < p; q++)
			assert_memory_not_equal(info.port[p].mac, info.port[q].mac, 6);
	}
	spt_runtime_run(runtime);
	for (unsigned int p = 0; p < 4; p++) {
		assert_true(pthread_equal(nodes[p].thread, pthread_self()));
		assert_int_equal(nodes[p].closed, CONNECTIONS);
		assert_int_equal(nodes[p].failed, 0);
		assert_int_equal(nodes[p].bytes, p % 2 ? CONNECTIONS * BYTES : 0);
		assert_int_equal(spt_runtime_snapshot_port(runtime, p, &s[p]), 0);
		assert_true(s[p].stats.rx_frames >= 2 * CONNECTIONS);
	}
	/* Each frame of one end came to the other, and to nobody else; loops end in their order. */
	for (unsigned int p = 0; p < 4; p += 2) {
		assert_true(s[p].port.tx_frames >= s[p + 1].port.rx_frames);
		assert_true(s[p + 1].port.tx_frames >= s[p].port.rx_frames);
		assert_int_equal(s[p].stats.verdict[SPT_V_ETH_NOT_OURS], 0);
	}
	check_sums(4);
	destroy_ok();
}

/* ---- refusals ---------------------------------------------------------------- */

static void
assert_refused(const struct spt_runtime_port *port, unsigned int n, int rc, const char *says)
{
	assert_int_equal(create(port, n, &node_ops, NULL), rc);
	if (!strstr(error, says) || strchr(error, '\n'))
		fail_msg("'%s' says nothing of '%s'", error, says);
	assert_nothing_left();
}

static void
test_refused(void **state)
{
	const struct spt_local local = local_of(0x0a000001);
	struct spt_runtime_port port[SPT_PORTS + 1];

	for (unsigned int p = 0; p <= SPT_PORTS; p++)
		port[p] = port_of("vdev:net_ring3", &local);
	assert_refused(port, 0, -EINVAL, "0 ports: expected 1 to 8");
	assert_refused(port, SPT_PORTS + 1, -EINVAL, "9 ports: expected 1 to 8");
	port[1] = port_of("memory", &local);
	assert_refused(port, 2, -EINVAL, "port 'memory' cannot be one of several");
	port[1] = port_of("vdev:net_ring4", &local);
	port[1].vlan = 4095;
	assert_refused(port, 2, -EINVAL, "port 'vdev:net_ring4': VLAN 4095, expected 1 to 4094");
}

/* The second port is none: the first is taken down again. */
static void
test_second_fails(void **state)
{
	const struct spt_local local = local_of(0x0a000001);
	struct spt_runtime_port port[] = {
	    port_of("vdev:net_ring3", &local), port_of("vdev:net_ring9", &local)};
	uint16_t id;

	assert_int_equal(spt_port_ethdev_find("net_ring3", &id), 0);
	assert_refused(port, 2, -ENODEV, "port 'vdev:net_ring9': DPDK made no device of it");
	assert_ptr_equal(strstr(error, "port 'vdev:net_ring9': DPDK"), error); /* named once */
	assert_int_equal(starts, 0);
	assert_int_equal(spt_port_ethdev_find("net_ring3", &id), -ENODEV);
	/* One that is there, with an MTU that it cannot have. */
	port[0] = port_of("vdev:net_ring4", &local);
	port[1] = port_of("vdev:net_ring5", &local);
	port[1].mtu = 9000;
	assert_int_equal(create(port, 2, &node_ops, NULL), -ENOTSUP);
	assert_ptr_equal(strstr(error, "port 'vdev:net_ring5': "), error);
	assert_nothing_left();
}

/* The program does not start on the last core of the second port. */
static void
test_second_start_fails(void **state)
{
	const struct spt_local local = local_of(0x0a000001);
	const struct spt_runtime_port port[] = {
	    port_of("vdev:net_ring6", &local), port_of("vdev:net_ring7", &local)};
	unsigned int refused = 2 * eal.cores - 1;

	assert_int_equal(create(port, 2, &node_ops, &refused), -EADDRINUSE);
	assert_ptr_equal(strstr(error, "port 'vdev:net_ring7': core "), error);
	assert_int_equal(starts, refused + 1);
	assert_int_equal(finishes, refused);
	assert_nothing_left();
}

/* Asked before DPDK is, so it can be asked again. */
static void
eal_refuses(const char *a, const char *b, const char *says)
{
	struct spt_runtime_port port[2] = {port_of(a, NULL), port_of(b, NULL)};
	const struct spt_eal_config config = {.port = port, .n_ports = 2, .mbufs = 2 * MBUFS};

	assert_int_equal(spt_eal_start(&config, &eal, error, sizeof(error)), -EINVAL);
	if (!strstr(error, says))
		fail_msg("'%s' says nothing of '%s'", error, says);
}

static void
test_same_device(void **state)
{
	const struct spt_eal_info before = eal;

	eal_refuses("tap:a", "tap:a", "ports 'tap:a' and 'tap:a'");
	eal_refuses("pci:03:00.0", "pci:0000:03:00.0,x=1", "'pci:03:00.0'");
	eal_refuses("vdev:net_tap1", "tap:a", "ports 'vdev:net_tap1' and 'tap:a'");
	eal = before;
}

static int
group_setup(void **state)
{
	static char text[10][96]; /* EAL keeps them */
	char *extra[RTE_DIM(text)];
	struct spt_runtime_port port[4];
	const struct spt_local local[4] = {{.count = 1}};
	const struct spt_eal_config config = {
	    .port = port,
	    .n_ports = 4,
	    .cores = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1,
	    .mbufs = 16 * MBUFS,
	    .extra = extra,
	    .n_extra = RTE_DIM(extra),
	};

	snprintf(path, sizeof(path), "/tmp/septet-ports-%d", (int)getpid());
	snprintf(text[8], sizeof(text[8]), "--vdev=net_vhost0,iface=%s-v,queues=1", path);
	snprintf(text[9], sizeof(text[9]), "--vdev=net_null0,no-rx=1");
	for (unsigned int i = 0; i < RTE_DIM(text); i++) {
		if (i < 8)
			snprintf(text[i], sizeof(text[i]), "--vdev=net_ring%u", i);
		extra[i] = text[i];
	}
	traffic_ports(port, local);
	if (spt_eal_start(&config, &eal, error, sizeof(error)) != 0) {
		print_error("%s\n", error);
		return -1;
	}
	return 0;
}

static int
group_teardown(void **state)
{
	static const char *const sockets[] = {"0", "1", "v"};
	char file[64];

	spt_eal_stop();
	for (unsigned int i = 0; i < RTE_DIM(sockets); i++) {
		snprintf(file, sizeof(file), "%s-%s", path, sockets[i]);
		unlink(file);
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_same_device),
	    cmocka_unit_test(test_second_fails),
	    cmocka_unit_test(test_second_start_fails),
	    cmocka_unit_test(test_numbering),
	    cmocka_unit_test(test_relay),
	    cmocka_unit_test(test_traffic),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
