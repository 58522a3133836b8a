/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What traces for the monitor are written in. IN is what the watched end receives, OUT what it
 * sends; numbers are relative to the initial ones, which lie just below 2^32. The window is 1000
 * unless stated.
 */
#ifndef TESTS_UNIT_MONITOR_TRACE_H
#define TESTS_UNIT_MONITOR_TRACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <lib/env.h>
#include <lib/monitor.h>
#include <lib/packet.h>

#define ISS 0xfffffff0u
#define IRS 0xffffff00u

static struct rte_mempool *pool;
static struct monitor *monitor;
static spt_time now;
static uint8_t bytes[4096];

static const struct rte_ether_addr our_mac = {{2, 0, 0, 0, 0, 1}}, peer_mac = {{2, 0, 0, 0, 0, 2}};

static inline void
see(bool out, struct packet p, void (*mangle)(uint8_t *frame, unsigned int length))
{
	static uint8_t flat[PACKET_MAX];
	struct spt_addr ours = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
	struct spt_addr theirs = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}};
	struct rte_mbuf *m;
	unsigned int length;

	p.family = 4;
	p.wnd = p.wnd ? p.wnd : 1000;
	p.src = out ? ours : theirs;
	p.dst = out ? theirs : ours;
	p.eth_src = out ? our_mac : peer_mac;
	if (p.eth_dst.addr_bytes[0] == 0)
		p.eth_dst = out ? peer_mac : our_mac;
	p.sport = p.sport ? p.sport : (out ? 7 : 1000);
	p.dport = p.dport ? p.dport : (out ? 1000 : 7);
	p.seq += out ? ISS : IRS;
	if (p.flags & P_ACK)
		p.ack += out ? IRS : ISS;
	for (unsigned int i = 0; i < p.n_sack; i++) {
		p.options |= P_SACK;
		p.sack[i][0] += out ? IRS : ISS;
		p.sack[i][1] += out ? IRS : ISS;
	}
	if (p.payload == NULL)
		p.payload = bytes + (p.seq & 0xff);
	length = packet_build(&p, flat);
	if (mangle != NULL)
		mangle(flat, length);
	m = packet_mbuf(pool, flat, length);
	assert_non_null(m);
	monitor_see(monitor, now, out, m);
	rte_pktmbuf_free(m);
}

#define IN(f, ...)               see(false, (struct packet){.flags = (f), __VA_ARGS__}, NULL)
#define OUT(f, ...)              see(true, (struct packet){.flags = (f), __VA_ARGS__}, NULL)
#define OUT_MANGLED(how, f, ...) see(true, (struct packet){.flags = (f), __VA_ARGS__}, how)

#define TS(val, ecr) .options = P_TIMESTAMP, .tsval = (val), .tsecr = (ecr)

static inline void
assert_broken(enum monitor_rule rule)
{
	if (monitor_broken(monitor) != rule && monitor_report(monitor) != NULL)
		print_error("%s\n", monitor_report(monitor));
	assert_string_equal(monitor_rule_name(monitor_broken(monitor)), monitor_rule_name(rule));
}

#define assert_fine() assert_broken(MONITOR_NONE)

static inline int
setup(void **state)
{
	monitor = monitor_create("septet", "peer", &our_mac, 1500);
	now = ENV_EPOCH;
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	return 0;
}

static inline int
teardown(void **state)
{
	monitor_destroy(monitor);
	return env_pool_in_use(pool) != 0;
}

/* A handshake: MSS 100 from the peer, window 1000, no other options. */
static inline void
handshake(void)
{
	IN(P_SYN, .options = P_MSS, .mss = 100);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_MSS, .mss = 1460);
	IN(P_ACK, .seq = 1, .ack = 1);
}

static inline void
handshake_ts(void)
{
	IN(P_SYN, TS(500, 0));
	OUT(P_SYN | P_ACK, .ack = 1, TS(9000, 500));
	IN(P_ACK, .seq = 1, .ack = 1, TS(501, 9000));
}

static inline int
group_setup(void **state)
{
	env_start();
	pool = env_pool_create(64);
	return 0;
}

static inline int
group_teardown(void **state)
{
	env_pool_destroy(pool);
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

#endif
