/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large sends (TSO) of ethdev ports, on the one device with it that any user may create: a
 * virtio_user at a vhost port of the same process that was told to take them. Who receives there
 * gets them as they were sent, in a chain. And wrappers, which do not take them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include <port/ethdev.h>
#include <wire/wire.h>

#include "test_port.h"

#define POOL  2047
#define MSS   1000
#define PARTS 5 /* segments of a large send */

static struct rte_mempool *pool;
static char folder[] = "/tmp/septet-tso-XXXXXX";
static struct spt_port *host, *guest;
static struct spt_ethdev_info host_info, guest_info;
static char host_name[32], guest_name[32], error[256];

static uint16_t
add(const char *driver, const char *arguments, char name[32])
{
	static unsigned int number;
	uint16_t id;

	snprintf(name, 32, "%s%u", driver, number++);
	assert_int_equal(rte_eal_hotplug_add("vdev", name, arguments), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &id), 0);
	return id;
}

static void
sleep_so_long(unsigned int microseconds)
{
	usleep(microseconds);
}

static void
create(
    uint16_t id, bool off, bool transparent, struct spt_port **port, struct spt_ethdev_info *info)
{
	struct spt_ethdev_config config = {
	    .port_id = id,
	    .socket = -1,
	    .pool = &pool,
	    .no_tso = off,
	    .transparent = transparent,
	    .pause = port == &guest ? sleep_so_long : NULL,
	};

	if (spt_port_ethdev_create(&config, port, info, error, sizeof(error)) != 0)
		fail_msg("%s", error);
}

/* 'host' offers what "tso=..." says, 'guest' takes it or not. */
static void
join(const char *offers, bool off, bool transparent)
{
	static unsigned int number;
	char arguments[128];

	snprintf(arguments, sizeof(arguments), "iface=%s/%u,queues=1%s", folder, number, offers);
	create(add("net_vhost", arguments, host_name), false, false, &host, &host_info);
	snprintf(
	    arguments, sizeof(arguments), "path=%s/%u,queues=1,queue_size=256", folder, number++);
	create(
	    add("net_virtio_user", arguments, guest_name), off, transparent, &guest, &guest_info);
}

static void
part(void)
{
	spt_port_destroy(guest);
	assert_int_equal(rte_eal_hotplug_remove("vdev", guest_name), 0);
	spt_port_destroy(host);
	assert_int_equal(rte_eal_hotplug_remove("vdev", host_name), 0);
	assert_int_equal(env_pool_in_use(pool), 0);
}

/* Up to 'n' frames; vhost's thread may not have told its port of the guest yet: then wait a while.
 */
static uint16_t
receive(struct rte_mbuf **m, uint16_t n)
{
	uint16_t got = 0;

	for (unsigned int i = 0; i < 2000 && got == 0; i++) {
		got = port_rx(host, 0, m, n);
		if (got == 0)
			usleep(1000);
	}
	return got;
}

static int
setup(void)
{
	env_start();
	pool = env_pool_create(POOL);
	return mkdtemp(folder) == NULL;
}

static int
join_for_tests(void **state)
{
	join(",tso=1", false, false);
	return 0;
}

static int
part_after_tests(void **state)
{
	part();
	return 0;
}

static void
test_negotiated(void **state)
{
	const struct port_tso *tso;

	assert_false(host_info.tso);
	assert_int_equal(host->tso.most, 0);
	assert_true(guest_info.tso);
	assert_non_null(strstr(guest_info.summary, "; chains as they are; TSO; "));
	tso = &guest->tso;
	/* All that IP's length holds; of 256 descriptors a quarter, the device tells no limit. */
	assert_in_range(tso->most, 65000, 65535 - 14 - 40 - 60);
	assert_int_equal(tso->mbufs, 64);
	assert_int_equal(tso->segment_mbufs, 64);
}

static void
test_not_wanted(void **state)
{
	static const struct {
		const char *offers;
		bool off, transparent;
	} cases[] = {{"", false, false}, {",tso=1", true, false}, {",tso=1", false, true}};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		join(cases[i].offers, cases[i].off, cases[i].transparent);
		assert_false(guest_info.tso);
		assert_int_equal(guest->tso.most, 0);
		assert_null(strstr(guest_info.summary, "TSO"));
		part();
	}
}

/* Headers of a frame for PARTS segments, in front of a chain of all their payload. */
static struct rte_mbuf *
large_make(uint8_t family)
{
	struct rte_mbuf *m = frame_make_tcp(pool, family, 0);
	unsigned int ip_len = family == 4 ? 20 : 40;
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_ETHER_HDR_LEN);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + ip_len);

	for (uint32_t i = 0; i < PARTS; i++)
		assert_int_equal(rte_pktmbuf_chain(m, frame_make(pool, i, MSS)), 0);
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	m->tso_segsz = MSS;
	if (family == 4) {
		struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)ip;

		h->total_length = rte_cpu_to_be_16((uint16_t)(m->pkt_len - RTE_ETHER_HDR_LEN));
		tcp->cksum = rte_ipv4_phdr_cksum(h, m->ol_flags);
	} else {
		struct rte_ipv6_hdr *h = (struct rte_ipv6_hdr *)ip;

		h->payload_len =
		    rte_cpu_to_be_16((uint16_t)(m->pkt_len - RTE_ETHER_HDR_LEN - ip_len));
		tcp->cksum = rte_ipv6_phdr_cksum(h, m->ol_flags);
	}
	return m;
}

/* It comes out whole; IPv4's header has our sum; counted are the segments and all their headers. */
static void
test_sent(void **state)
{
	static const uint8_t families[] = {4, 6};
	struct spt_port_stats before, stats;
	struct rte_mbuf *m, *got;
	uint32_t headers, frames = 0, bytes = 0;
	struct frame f;

	spt_port_stats_get(guest, &before);
	for (unsigned int i = 0; i < RTE_DIM(families); i++) {
		m = large_make(families[i]);
		headers = m->pkt_len - PARTS * MSS;
		frames += PARTS;
		bytes += PARTS * (MSS + headers);
		assert_int_equal(port_tx(guest, 0, &m, 1), 1);
		assert_int_equal(receive(&got, 1), 1);
		assert_int_equal(got->pkt_len, headers + PARTS * MSS);
		assert_int_equal(got->tso_segsz, MSS);
		assert_int_equal(
		    wire_parse_frame(got, rte_pktmbuf_mtod(got, struct rte_ether_addr *), &f),
		    SPT_V_CONTINUE);
		assert_int_equal(f.class, WIRE_TCP);
		for (uint32_t k = 0; k < PARTS; k++) {
			static uint8_t room[MSS];
			struct rte_mbuf *part_of = frame_make(pool, k, MSS);

			assert_memory_equal(rte_pktmbuf_read(got, headers + k * MSS, MSS, room),
			    rte_pktmbuf_mtod(part_of, const void *), MSS);
			rte_pktmbuf_free(part_of);
		}
		rte_pktmbuf_free(got);
	}
	spt_port_stats_get(guest, &stats);
	assert_int_equal(stats.tx_frames - before.tx_frames, frames);
	assert_int_equal(stats.tx_bytes - before.tx_bytes, bytes);
	assert_int_equal(stats.tx_refused, before.tx_refused);
}

/* What a full device does not take is not counted. */
static void
test_full(void **state)
{
	struct rte_mbuf *m[PORT_BURST];
	struct spt_port_stats before, stats;
	uint32_t sent = 0;
	uint16_t taken;

	spt_port_stats_get(guest, &before);
	do {
		for (unsigned int i = 0; i < 8; i++)
			m[i] = large_make(4);
		taken = port_tx(guest, 0, m, 8);
		sent += taken;
		rte_pktmbuf_free_bulk(m + taken, 8u - taken);
	} while (taken == 8);
	spt_port_stats_get(guest, &stats);
	assert_in_range(sent, 256 / (PARTS + 2), 256);
	assert_int_equal(stats.tx_frames - before.tx_frames, sent * PARTS);
	assert_int_equal(stats.tx_bytes - before.tx_bytes, sent * PARTS * (MSS + 54));
	assert_int_equal(stats.tx_refused - before.tx_refused, 8 - taken);
	for (; sent > 0; sent -= taken) {
		taken = receive(m, PORT_BURST);
		assert_in_range(taken, 1, sent);
		rte_pktmbuf_free_bulk(m, taken);
	}
}

/* Wrappers look at frames as they are on the wire. */
static void
test_wrapped(void **state)
{
	struct spt_memory_pair_config pair = {.name = "tso", .socket = -1, .pool = {pool, pool}};
	struct spt_impair_config impair = {.pool = pool};
	struct spt_vlan_config vlan = {.vlan = 7, .pool = pool};
	struct spt_port *port[2];

	assert_int_equal(spt_port_memory_pair_create(&pair, port), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(port[i]->tso.most, 0);
		port[i]->tso = (struct port_tso){.most = 10000, .mbufs = 8, .segment_mbufs = 8};
	}
	assert_int_equal(spt_port_impair_create(&impair, port[0], &port[0]), 0);
	assert_int_equal(spt_port_vlan_create(&vlan, port[1], &port[1]), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(port[i]->tso.most, 0);
		spt_port_destroy(port[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest joined[] = {
	    cmocka_unit_test(test_negotiated),
	    cmocka_unit_test(test_sent),
	    cmocka_unit_test(test_full),
	};
	const struct CMUnitTest apart[] = {
	    cmocka_unit_test(test_not_wanted),
	    cmocka_unit_test(test_wrapped),
	};
	int failed;

	if (setup() != 0)
		return 2;
	/* A device is a second in the making: one for all that look at it. */
	failed = cmocka_run_group_tests_name("joined", joined, join_for_tests, part_after_tests);
	failed += cmocka_run_group_tests_name("apart", apart, NULL, NULL);
	env_pool_destroy(pool);
	return failed + (rmdir(folder) != 0);
}
