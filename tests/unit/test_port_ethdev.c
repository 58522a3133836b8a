/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queue pairs of ethdev devices, on those that any user may create: net_null, and net_ring,
 * whose queues receive what they transmit. What neither offers is reached by giving a port
 * the burst function that negotiation would have chosen.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include <port/ethdev.h>

#include "test_port.h"

#define QUEUES_MAX 20
#define POOL       2047 /* more than a ring of net_ring holds */

static struct rte_mempool *pool;
static struct spt_port *port[QUEUES_MAX];
static struct spt_ethdev_info info;
static char error[256];
static char device_name[32];

/* A new virtual device; its rings outlive it, so no name is used twice. */
static uint16_t
device_add(const char *driver, const char *arguments)
{
	static unsigned int number;
	uint16_t id;

	snprintf(device_name, sizeof(device_name), "%s%u", driver, number++);
	assert_int_equal(rte_eal_hotplug_add("vdev", device_name, arguments), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(device_name, &id), 0);
	return id;
}

/* Create with 'pool' for every queue. */
static int
create(uint16_t port_id, uint16_t queues, uint16_t mtu)
{
	struct rte_mempool *pools[QUEUES_MAX];
	struct spt_ethdev_config config = {
	    .port_id = port_id,
	    .queues = queues,
	    .mtu = mtu,
	    .socket = -1,
	    .pool = pools,
	};
	unsigned int i;

	for (i = 0; i < QUEUES_MAX; i++)
		pools[i] = pool;
	error[0] = '\0';
	return spt_port_ethdev_create(&config, port, &info, error, sizeof(error));
}

static void
open_device(const char *driver, const char *arguments, uint16_t queues)
{
	if (create(device_add(driver, arguments), queues, 0) != 0)
		fail_msg("%s", error);
}

static void
close_device(void)
{
	unsigned int i;

	for (i = 0; i < info.queues; i++)
		spt_port_destroy(port[i]);
	assert_int_equal(rte_eal_hotplug_remove("vdev", device_name), 0);
	assert_int_equal(env_pool_in_use(pool), 0);
}

static void
use_rx(ethdev_burst rx)
{
	((struct ethdev_port *)port[0])->ops.rx = rx;
}

static void
use_tx(ethdev_burst tx)
{
	((struct ethdev_port *)port[0])->ops.tx = tx;
}

/* Send one frame into the loop and take it out again. */
static struct rte_mbuf *
pass(struct rte_mbuf *m)
{
	struct rte_mbuf *got[2] = {NULL, NULL};

	assert_int_equal(port_tx(port[0], 0, &m, 1), 1);
	assert_int_equal(port_rx(port[0], 0, got, 2), 1);
	return got[0];
}

static void
assert_in_text(const char *text, const char *part)
{
	if (strstr(text, part) == NULL || strchr(text, '\n') != NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

static int
setup(void **state)
{
	env_start();
	pool = env_pool_create(POOL);
	return 0;
}

static int
teardown(void **state)
{
	env_pool_destroy(pool);
	return 0;
}

static void
test_ring_is_negotiated(void **state)
{
	struct rte_ether_addr mac;
	uint16_t id = device_add("net_ring", "");

	assert_int_equal(create(id, 0, 0), 0);
	assert_int_equal(info.queues, 1);
	assert_false(info.rss || info.rx_checksum || info.tx_checksum);
	assert_true(info.multi_segment);
	assert_string_equal(info.driver, "net_ring");
	assert_in_text(
	    info.summary, "net_ring: queues 1; checksums rx in software, tx in software");
	assert_in_text(info.summary, "chains as they are; all multicast; link up");
	assert_int_equal(port[0]->mtu, 1500);
	assert_int_equal(port[0]->headroom, RTE_ETHER_HDR_LEN);
	assert_true(port[0]->multi_segment);
	assert_int_equal(rte_eth_macaddr_get(id, &mac), 0);
	assert_true(rte_is_same_ether_addr(&mac, &port[0]->mac));
	assert_int_equal(rte_eth_allmulticast_get(id), 1);
	assert_true(port_next_deadline(port[0]) == SPT_TIME_NEVER);
	close_device();
}

/* For who passes frames on: all addresses, and nobody touches checksums. */
static void
test_transparent(void **state)
{
	uint16_t id = device_add("net_ring", "");
	struct spt_ethdev_config config = {
	    .port_id = id, .socket = -1, .pool = &pool, .transparent = true};

	assert_int_equal(rte_eth_promiscuous_disable(id), 0);
	assert_int_equal(spt_port_ethdev_create(&config, port, &info, error, sizeof(error)), 0);
	assert_int_equal(rte_eth_promiscuous_get(id), 1);
	assert_in_text(info.summary, "; promiscuous; link up");
	assert_false(info.rx_checksum || info.tx_checksum);
	close_device();
}

static void
test_null_is_negotiated(void **state)
{
	open_device("net_null", "", 4);
	assert_int_equal(info.queues, 4);
	assert_true(info.rss);
	assert_false(info.multi_segment);
	assert_false(port[3]->multi_segment);
	assert_in_text(info.summary, "queues 4, RSS claimed");
	assert_in_text(info.summary, "chains copied");
	close_device();
}

/* net_null takes its templates of packets from EAL's memory: two queues are one too many. */
static void
test_fewer_queues_than_promised(void **state)
{
	open_device("net_null", "size=90000000", 2);
	assert_int_equal(info.queues, 1);
	assert_false(info.rss);
	assert_in_text(info.summary, "queues 1 of 2, with 2 it did not set up a receive queue (");
	close_device();
}

static void
test_more_queues_than_there_are(void **state)
{
	open_device("net_ring", "", QUEUES_MAX);
	assert_int_equal(info.queues, 16);
	assert_false(info.rss);
	assert_in_text(info.summary, "queues 16 of 20, the device has no more, no RSS");
	close_device();
}

static void
assert_turns(const struct rss *rss, uint16_t queues)
{
	unsigned int i;

	assert_int_equal(rss->queues, queues);
	for (i = 0; i < rss->reta_size; i++)
		assert_int_equal(rss->reta[i], i % queues);
}

/* One queue needs nobody to spread flows; several without RSS get a rule of our own. */
static void
test_rss_of_our_own(void **state)
{
	static const uint8_t none[RSS_KEY_MAX];
	struct ethdev_port *self;
	uint16_t q;

	open_device("net_ring", "", 1);
	assert_null(port[0]->rss);
	close_device();
	open_device("net_ring", "", 3);
	assert_in_text(info.summary, "queues 3, no RSS: steering in software");
	for (q = 0; q < 3; q++) {
		self = (struct ethdev_port *)port[q];
		assert_ptr_equal(port[q]->rss, &self->rss);
		assert_false(port[q]->rss->device);
		assert_int_equal(port[q]->rss->queue, q);
		assert_int_equal(port[q]->rss->key_length, 40);
		assert_memory_not_equal(port[q]->rss->key, none, 40);
		assert_true(port[q]->rss->ports4 && port[q]->rss->ports6);
		assert_int_equal(port[q]->rss->reta_size, 128);
		assert_turns(port[q]->rss, 3);
	}
	close_device();
}

/*
 * net_null tells its key and keeps the table that it is given; at first every entry is queue 0,
 * which would leave the others out.
 */
static void
test_rss_of_the_device(void **state)
{
	uint8_t key[40];
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = sizeof(key)};
	struct rte_eth_rss_reta_entry64 group[2] = {{.mask = UINT64_MAX}, {.mask = UINT64_MAX}};
	uint16_t id = device_add("net_null", "");
	uint16_t q;

	assert_int_equal(create(id, 4, 0), 0);
	assert_in_text(info.summary, "queues 4, RSS claimed;");
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(id, &conf), 0);
	assert_int_equal(rte_eth_dev_rss_reta_query(id, group, 128), 0);
	assert_int_equal(group[1].reta[63], 127 % 4);
	for (q = 0; q < 4; q++) {
		assert_true(port[q]->rss->device);
		assert_int_equal(port[q]->rss->queue, q);
		assert_int_equal(port[q]->rss->key_length, sizeof(key));
		assert_memory_equal(port[q]->rss->key, key, sizeof(key));
		assert_true(port[q]->rss->ports4 && port[q]->rss->ports6);
		assert_int_equal(port[q]->rss->reta_size, 128);
		assert_turns(port[q]->rss, 4);
	}
	close_device();
}

static struct rte_eth_dev_info
device_info(uint16_t id)
{
	struct rte_eth_dev_info device;

	assert_int_equal(rte_eth_dev_info_get(id, &device), 0);
	return device;
}

/* What is read of a device that says this and that: all of it, or none. */
static void
test_rss_that_cannot_be_read(void **state)
{
	uint8_t zero[40] = {0};
	struct rte_eth_rss_conf none = {.rss_key = zero, .rss_key_len = sizeof(zero)};
	struct rte_eth_rss_reta_entry64 group[2] = {{.mask = 1}};
	struct rte_eth_dev_info device;
	struct rss rss;
	uint16_t id = device_add("net_null", "");

	assert_int_equal(create(id, 2, 0), 0);
	device = device_info(id);
	ethdev_rss_read(id, &device, true, 2, &rss);
	assert_true(rss.device);
	/* A table that is complete is left as it is. */
	group[0].reta[0] = 1;
	assert_int_equal(rte_eth_dev_rss_reta_update(id, group, 128), 0);
	ethdev_rss_read(id, &device, true, 2, &rss);
	assert_true(rss.device);
	assert_int_equal(rss.reta[0], 1);
	assert_int_equal(rss.reta[2], 0);
	/* Entries that are no queues of ours: the table is made anew. */
	ethdev_rss_read(id, &device, true, 1, &rss);
	assert_true(rss.device);
	assert_turns(&rss, 1);
	ethdev_rss_read(id, &device, false, 2, &rss);
	assert_false(rss.device);
	device.reta_size = 0;
	ethdev_rss_read(id, &device, true, 2, &rss);
	assert_false(rss.device);
	assert_turns(&rss, 2);
	device.reta_size = 100;
	ethdev_rss_read(id, &device, true, 2, &rss);
	assert_false(rss.device);
	device.reta_size = 128;
	device.hash_key_size = 16;
	ethdev_rss_read(id, &device, true, 2, &rss);
	assert_false(rss.device);
	assert_int_equal(rss.key_length, 40);
	device.hash_key_size = 0;
	assert_int_equal(rte_eth_dev_rss_hash_update(id, &none), 0);
	ethdev_rss_read(id, &device, true, 2, &rss);
	assert_false(rss.device);
	assert_memory_not_equal(rss.key, zero, sizeof(zero));
	close_device();
}

static void
test_queues_are_apart(void **state)
{
	struct rte_mbuf *m = frame_make(pool, 1, 60), *got;
	uint16_t id = device_add("net_ring", "");

	assert_int_equal(create(id, 3, 0), 0);
	assert_int_equal(port_tx(port[1], 0, &m, 1), 1);
	assert_int_equal(port_rx(port[0], 0, &got, 1), 0);
	spt_port_destroy(port[0]);
	assert_int_equal(port_rx(port[1], 0, &got, 1), 1);
	assert_true(frame_is(got, 1, 60));
	rte_pktmbuf_free(got);
	spt_port_destroy(port[2]);
	assert_true(rte_eth_dev_is_valid_port(id));
	spt_port_destroy(port[1]);
	assert_false(rte_eth_dev_is_valid_port(id)); /* the last one closes the device */
	rte_eal_hotplug_remove("vdev", device_name);
}

static void
test_descriptors_are_adjusted(void **state)
{
	struct spt_ethdev_config config = {
	    .port_id = device_add("net_ring", ""),
	    .rx_descriptors = 1,
	    .tx_descriptors = 65535,
	    .socket = -1,
	    .pool = &pool,
	};
	struct rte_eth_dev_info device;

	assert_int_equal(spt_port_ethdev_create(&config, port, &info, error, sizeof(error)), 0);
	assert_int_equal(rte_eth_dev_info_get(config.port_id, &device), 0);
	assert_int_equal(device.nb_rx_queues, 1);
	close_device();
}

static void
test_checksums_in_software(void **state)
{
	static const uint8_t families[] = {4, 6};
	struct rte_mbuf *m, *got;
	unsigned int i;

	open_device("net_ring", "", 1);
	for (i = 0; i < RTE_DIM(families); i++) {
		m = frame_make_tcp(pool, families[i], 1001);
		got = pass(m);
		assert_ptr_equal(got, m);
		assert_frame_clean(got);
		assert_frame_right(got);
		rte_pktmbuf_free(got);
	}
	close_device();
}

/* Where the device does it, the frame reaches it as the engine made it. */
static void
test_checksums_by_device(void **state)
{
	struct rte_mbuf *m, *got;

	open_device("net_ring", "", 1);
	use_tx(ethdev_tx[ETHDEV_CHECKSUM_BOTH][0]);
	m = frame_make_tcp(pool, 4, 100);
	got = pass(m);
	assert_ptr_equal(got, m);
	assert_int_equal(
	    got->ol_flags, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4);
	rte_pktmbuf_free(got);
	close_device();
}

/* And where it does that of TCP only, the IPv4 header is complete and TCP is not. */
static void
test_tcp_checksum_by_device(void **state)
{
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip;
	struct rte_tcp_hdr *tcp;
	uint16_t pseudo;

	open_device("net_ring", "", 1);
	use_tx(ethdev_tx[ETHDEV_CHECKSUM_TCP][0]);
	m = pass(frame_make_tcp(pool, 4, 100));
	assert_int_equal(m->ol_flags, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	assert_int_equal(rte_ipv4_cksum(ip), 0); /* summed with what is in the field */
	assert_int_not_equal(ip->hdr_checksum, 0);
	tcp = (struct rte_tcp_hdr *)(ip + 1);
	pseudo = rte_ipv4_phdr_cksum(ip, 0);
	assert_int_equal(tcp->cksum, pseudo);
	rte_pktmbuf_free(m);
	m = pass(frame_make_tcp(pool, 6, 100));
	assert_int_equal(m->ol_flags, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV6);
	rte_pktmbuf_free(m);
	close_device();
}

static void
test_chain_goes_as_it_is(void **state)
{
	struct rte_mbuf *m, *got;

	open_device("net_ring", "", 1);
	m = frame_make_chain(pool, 1, 900, 300);
	got = pass(m);
	assert_ptr_equal(got, m);
	assert_true(frame_is(got, 1, 900));
	rte_pktmbuf_free(got);
	close_device();
}

/* Header, payload that a retransmission queue still has: one buffer, summed after copying. */
static void
test_chain_is_linearised(void **state)
{
	struct rte_mbuf *m, *tail, *clone, *got;
	unsigned int software;

	open_device("net_ring", "", 1);
	for (software = 0; software < 2; software++) {
		use_tx(ethdev_tx[software ? ETHDEV_CHECKSUM_NONE : ETHDEV_CHECKSUM_BOTH][1]);
		m = frame_make_tcp(pool, 4, 601);
		tail = rte_pktmbuf_alloc(pool);
		assert_non_null(tail);
		memcpy(rte_pktmbuf_append(tail, 300), rte_pktmbuf_mtod_offset(m, void *, 355), 300);
		rte_pktmbuf_trim(m, 300);
		clone = rte_pktmbuf_clone(tail, pool);
		assert_non_null(clone);
		assert_int_equal(rte_pktmbuf_chain(m, clone), 0);
		got = pass(m);
		assert_int_equal(got->nb_segs, 1);
		assert_int_equal(got->pkt_len, 655);
		assert_true(RTE_MBUF_DIRECT(got));
		if (software) {
			assert_frame_clean(got);
			assert_frame_right(got);
		} else {
			assert_int_not_equal(got->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM, 0);
			assert_int_equal(got->l4_len, 20);
		}
		rte_pktmbuf_free(got);
		assert_int_equal(env_pool_in_use(pool), 1);
		rte_pktmbuf_free(tail);
	}
	close_device();
}

static void
test_no_buffer_to_linearise(void **state)
{
	static struct rte_mbuf *all[POOL];
	struct rte_mbuf *m[3];
	struct spt_port_stats stats;
	unsigned int rest;

	open_device("net_null", "", 1);
	m[0] = frame_make(pool, 1, 60);
	m[1] = frame_make_chain(pool, 2, 60, 30);
	m[2] = frame_make(pool, 3, 60);
	rest = rte_mempool_avail_count(pool);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, rest), 0);
	assert_int_equal(port_tx(port[0], 0, m, 3), 1);
	assert_true(frame_is(m[1], 2, 60));
	assert_true(frame_is(m[2], 3, 60));
	rte_pktmbuf_free_bulk(m + 1, 2);
	spt_port_stats_get(port[0], &stats);
	assert_int_equal(stats.tx_refused, 2);
	rte_pktmbuf_free_bulk(all, rest);
	close_device();
}

/* A chain that no buffer of the pool holds is refused, and nothing is lost on the way. */
static void
test_too_long_to_linearise(void **state)
{
	struct rte_mbuf *m[2];
	struct spt_port_stats stats;

	open_device("net_null", "", 1);
	m[0] = frame_make_chain(pool, 1, 2000, 1000);
	m[1] = frame_make_chain(pool, 2, 2000, 1000);
	assert_int_equal(rte_pktmbuf_chain(m[1], frame_make(pool, 3, 100)), 0);
	assert_int_equal(port_tx(port[0], 0, m, 2), 1);
	assert_int_equal(m[1]->pkt_len, 2100);
	assert_int_equal(m[1]->nb_segs, 3);
	rte_pktmbuf_free(m[1]);
	spt_port_stats_get(port[0], &stats);
	assert_int_equal(stats.tx_frames, 1);
	assert_int_equal(stats.tx_bytes, 2000);
	assert_int_equal(stats.tx_refused, 1);
	close_device();
}

static void
test_full_device_refuses(void **state)
{
	struct rte_mbuf *m[PORT_BURST];
	struct spt_port_stats stats;
	uint32_t i, sent, tried, n, k;

	for (k = 0; k < 6; k++) {
		open_device("net_ring", "", 1);
		use_tx(ethdev_tx[k / 2][k % 2]);
		sent = tried = 0;
		do {
			for (i = 0; i < PORT_BURST / 2; i++)
				m[i] = frame_make(pool, tried + i, 60);
			n = port_tx(port[0], 0, m, PORT_BURST / 2);
			rte_pktmbuf_free_bulk(m + n, PORT_BURST / 2 - n);
			tried += PORT_BURST / 2;
			sent += n;
		} while (n == PORT_BURST / 2);
		spt_port_stats_get(port[0], &stats);
		assert_int_equal(stats.tx_frames, sent);
		assert_int_equal(stats.tx_bytes, sent * 60);
		assert_int_equal(stats.tx_refused, tried - sent);
		for (i = 0; i < sent; i += n) {
			n = port_rx(port[0], 0, m, PORT_BURST);
			assert_int_not_equal(n, 0);
			rte_pktmbuf_free_bulk(m, (unsigned int)n);
		}
		spt_port_stats_get(port[0], &stats);
		assert_int_equal(stats.rx_frames, sent);
		assert_int_equal(stats.rx_bytes, sent * 60);
		close_device();
	}
}

#define GOOD (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)

/* A TCP frame to our MAC with right checksums, and what "the device" says about them. */
static struct rte_mbuf *
reported(uint8_t family, uint64_t flags)
{
	struct rte_mbuf *m = frame_make_tcp(pool, family, 64);

	rte_ether_addr_copy(&port[0]->mac, rte_pktmbuf_mtod(m, struct rte_ether_addr *));
	rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->src_addr.addr_bytes[0] = 2;
	m = pass(m); /* fills in the checksums */
	m->ol_flags = flags;
	return m;
}

/* The same in a VLAN, which is no affair of the device's port. */
static struct rte_mbuf *
reported_tagged(uint8_t family, uint64_t flags)
{
	struct rte_mbuf *m = reported(family, 0);

	m->vlan_tci = 7;
	assert_int_equal(rte_vlan_insert(&m), 0);
	m->ol_flags = flags;
	return m;
}

static void
spoil(struct rte_mbuf *m, uint32_t offset)
{
	rte_pktmbuf_mtod(m, uint8_t *)[offset] ^= 0x10;
}

static uint64_t
wrong_reports(void)
{
	struct spt_port_stats stats;

	spt_port_stats_get(port[0], &stats);
	return stats.rx_checksum_wrong;
}

/* Pass 'm', free it and return its checksum flags. */
static uint64_t
flags_after(struct rte_mbuf *m)
{
	uint32_t length = m->pkt_len;
	uint64_t flags;

	m = pass(m);
	assert_int_equal(m->pkt_len, length);
	flags = m->ol_flags;
	rte_pktmbuf_free(m);
	return flags;
}

static void
test_reports_of_others_are_cleared(void **state)
{
	open_device("net_ring", "", 1);
	assert_int_equal(flags_after(reported(4, GOOD)), 0);
	assert_int_equal(flags_after(reported(6, RTE_MBUF_F_RX_L4_CKSUM_BAD)), 0);
	assert_int_equal(flags_after(reported(6, RTE_MBUF_F_RX_L4_CKSUM_NONE)), 0);
	close_device();
}

static void
test_right_reports_earn_trust(void **state)
{
	struct ethdev_port *self;
	struct rte_mbuf *m;
	unsigned int i;

	open_device("net_ring", "", 1);
	self = (struct ethdev_port *)port[0];
	use_rx(ethdev_rx_confirm);
	for (i = 0; i < ETHDEV_CONFIRM_FRAMES - 1; i++)
		assert_int_equal(
		    flags_after((i % 3 ? reported : reported_tagged)(i & 1 ? 4 : 6, GOOD)), 0);
	/* Frames that prove nothing. */
	assert_int_equal(flags_after(reported(4, 0)), 0);
	assert_int_equal(
	    flags_after(reported(4, RTE_MBUF_F_RX_L4_CKSUM_NONE)), RTE_MBUF_F_RX_L4_CKSUM_NONE);
	m = frame_make(pool, 1, 60);
	m->ol_flags = GOOD;
	assert_int_equal(flags_after(m), 0);
	assert_ptr_equal(self->ops.rx, ethdev_rx_confirm);
	assert_int_equal(flags_after(reported(6, GOOD)), 0);
	assert_ptr_equal(self->ops.rx, ethdev_rx_trusted);
	assert_int_equal(flags_after(reported(4, GOOD)), GOOD);
	assert_int_equal(wrong_reports(), 0);
	close_device();
}

static void
test_wrong_reports_lose_it(void **state)
{
	static const struct {
		uint8_t family;
		uint32_t offset; /* of what is spoilt */
		uint64_t flags;
		bool lie;
	} cases[] = {
	    {4, 14 + 20 + 20 + 5, GOOD, true},                    /* payload */
	    {6, 14 + 40 + 4, RTE_MBUF_F_RX_L4_CKSUM_GOOD, true},  /* sequence number */
	    {4, 14 + 8, GOOD, true},                              /* time to live */
	    {4, 14 + 8, RTE_MBUF_F_RX_L4_CKSUM_GOOD, false},      /* of that it said nothing */
	    {4, 14 + 20 + 5, RTE_MBUF_F_RX_IP_CKSUM_GOOD, false}, /* nor of that */
	    {4, 14 + 20 + 5, GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD, false}, /* NONE */
	    {4, 14 + 20 + 5, RTE_MBUF_F_RX_L4_CKSUM_BAD, false},
	};
	struct ethdev_port *self;
	struct rte_mbuf *m;
	unsigned int i, k;

	for (k = 0; k < 2 * RTE_DIM(cases); k++) {
		i = k / 2;
		open_device("net_ring", "", 1);
		self = (struct ethdev_port *)port[0];
		use_rx(ethdev_rx_confirm);
		rte_pktmbuf_free(pass(reported(4, GOOD)));
		m = (k & 1 ? reported_tagged : reported)(cases[i].family, cases[i].flags);
		spoil(m, cases[i].offset + (k & 1 ? RTE_VLAN_HLEN : 0));
		m = pass(m);
		assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK & GOOD,
		    i == 5 ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0);
		rte_pktmbuf_free(m);
		assert_int_equal(wrong_reports(), cases[i].lie);
		assert_ptr_equal(
		    self->ops.rx, cases[i].lie ? ethdev_rx_software : ethdev_rx_confirm);
		if (cases[i].lie)
			assert_int_equal(flags_after(reported(4, GOOD)), 0);
		close_device();
	}
}

static unsigned int paused;

static void
count_pause(unsigned int microseconds)
{
	paused += microseconds;
}

/* A memif server whose client never comes: patience has an end, and is the caller's. */
static void
test_link_is_waited_for(void **state)
{
	struct spt_ethdev_config config = {.socket = -1, .pool = &pool};
	char arguments[96];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		snprintf(arguments, sizeof(arguments),
		    "role=server,socket=/tmp/septet-test-%d.sock,socket-abstract=no", getpid());
		config.port_id = device_add("net_memif", arguments);
		config.pause = i == 0 ? NULL : count_pause;
		paused = 0;
		assert_int_equal(
		    spt_port_ethdev_create(&config, port, &info, error, sizeof(error)), 0);
		assert_int_equal(paused, i == 0 ? 0 : 2000000);
		assert_in_text(info.summary, "link down");
		close_device();
	}
}

static void
test_errors_are_clear(void **state)
{
	struct spt_ethdev_config config = {.pool = NULL, .socket = -1};
	struct rte_mempool *small;
	uint16_t id = device_add("net_ring", "");
	char tight[12];

	assert_int_equal(create(77, 1, 0), -ENODEV);
	assert_in_text(error, "port 77: no such port, EAL found 1: name one with --vdev");
	assert_int_equal(create(id, 1, 40), -EINVAL);
	assert_in_text(error, "(net_ring): MTU 40, expected 46 to 65535: choose another MTU");
	assert_int_equal(create(id, 1, 9000), -EINVAL);
	assert_in_text(error, "buffers of 2176 bytes for MTU 9000, expected 9150: use larger ones");
	small = rte_pktmbuf_pool_create("small", 63, 0, 0, 512, -1);
	config.pool = &small;
	config.port_id = id;
	assert_int_equal(
	    spt_port_ethdev_create(&config, port, &info, error, sizeof(error)), -EINVAL);
	assert_in_text(error, "buffers of 512 bytes for MTU 1500, expected 1650");
	config.pool = NULL;
	assert_int_equal(
	    spt_port_ethdev_create(&config, port, &info, error, sizeof(error)), -EINVAL);
	assert_in_text(error, "no receive pool for queue 0 of 1: give one for each");
	assert_int_equal(
	    spt_port_ethdev_create(&config, port, &info, tight, sizeof(tight)), -EINVAL);
	assert_memory_equal(tight, error, sizeof(tight) - 1);
	rte_mempool_free(small);
	/* net_ring has no call for it: harmless for what every device carries. */
	assert_int_equal(create(id, 1, 1600), -ENOTSUP);
	assert_in_text(error, "could not set the MTU (MTU 1600, 1024+1024 descriptors)");
	assert_int_equal(create(id, 1, 1280), 0);
	assert_int_equal(port[0]->mtu, 1280);
	/* It runs already. */
	assert_int_equal(create(id, 1, 0), -EBUSY);
	assert_in_text(error, "could not configure the device");
	close_device();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ring_is_negotiated),
	    cmocka_unit_test(test_transparent),
	    cmocka_unit_test(test_null_is_negotiated),
	    cmocka_unit_test(test_fewer_queues_than_promised),
	    cmocka_unit_test(test_more_queues_than_there_are),
	    cmocka_unit_test(test_rss_of_our_own),
	    cmocka_unit_test(test_rss_of_the_device),
	    cmocka_unit_test(test_rss_that_cannot_be_read),
	    cmocka_unit_test(test_queues_are_apart),
	    cmocka_unit_test(test_descriptors_are_adjusted),
	    cmocka_unit_test(test_checksums_in_software),
	    cmocka_unit_test(test_checksums_by_device),
	    cmocka_unit_test(test_tcp_checksum_by_device),
	    cmocka_unit_test(test_chain_goes_as_it_is),
	    cmocka_unit_test(test_chain_is_linearised),
	    cmocka_unit_test(test_no_buffer_to_linearise),
	    cmocka_unit_test(test_too_long_to_linearise),
	    cmocka_unit_test(test_full_device_refuses),
	    cmocka_unit_test(test_reports_of_others_are_cleared),
	    cmocka_unit_test(test_right_reports_earn_trust),
	    cmocka_unit_test(test_wrong_reports_lose_it),
	    cmocka_unit_test(test_link_is_waited_for),
	    cmocka_unit_test(test_errors_are_clear),
	};

	return cmocka_run_group_tests_name("port: ethdev", tests, setup, teardown);
}
