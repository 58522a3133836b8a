/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue of a flow: the verification data that Microsoft publishes for RSS (the key and the
 * sums that every NIC is tested with), and random tuples against DPDK's hash of the whole.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include <rte_thash.h>

#include <flow/steer.h>

#include "env.h"

static const uint8_t verification_key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41,
    0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77,
    0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

static struct steer steer;

/* Both kinds of ports hashed, 128 entries in turn. */
static struct rss
rss_make(const uint8_t *key, uint8_t length, uint16_t queues)
{
	struct rss rss = {
	    .key_length = length,
	    .ports4 = true,
	    .ports6 = true,
	    .queues = queues,
	    .reta_size = 128,
	};

	memcpy(rss.key, key, length);
	for (unsigned int i = 0; i < rss.reta_size; i++)
		rss.reta[i] = (uint16_t)(i % queues);
	return rss;
}

static struct spt_addr
address(const char *text)
{
	struct spt_addr a;
	uint32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return addr_from_v4(v4);
	assert_int_equal(inet_pton(AF_INET6, text, a.b), 1);
	return a;
}

static void
test_verification_data(void **state)
{
	static const struct {
		const char *local;
		uint16_t lport;
		const char *remote;
		uint16_t rport;
		uint32_t addresses, whole;
	} data[] = {
	    {"161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e8fc2, 0x51ccc178},
	    {"65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718262a, 0xc626b0ea},
	    {"12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0a5de, 0x5c2b394a},
	    {"209.142.163.6", 2217, "38.27.205.30", 48228, 0x82989176, 0xafc7327f},
	    {"202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d1809c5, 0x10e828a2},
	    {"3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc18cd5, 0x40207d3d},
	    {"ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c461c, 0xdde51bbf},
	    {"fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251,
	        0x4b61e985, 0x02d1feef},
	};
	struct rss rss = rss_make(verification_key, 40, 3);

	assert_int_equal(steer_init(&steer, &rss), 0);
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
		struct spt_addr remote = address(data[i].remote), local = address(data[i].local);
		uint32_t hash = steer_hash_addresses(&steer, &remote, &local);
		bool v4 = addr_is_v4(&remote);

		assert_int_equal(hash, data[i].addresses);
		hash ^= steer_hash_ports(&steer, v4, htons(data[i].rport), htons(data[i].lport));
		assert_int_equal(hash, data[i].whole);
		assert_int_equal(steer_queue(&steer, hash), data[i].whole % 128 % 3);
	}
}

/* A device that hashes the ports of one family only. */
static void
test_ports_left_out(void **state)
{
	for (unsigned int set = 0; set < 4; set++) {
		struct rss rss = rss_make(verification_key, 40, 2);

		rss.ports4 = set & 1;
		rss.ports6 = set & 2;
		assert_int_equal(steer_init(&steer, &rss), 0);
		assert_int_equal(steer_hash_ports(&steer, true, htons(2794), htons(1766)),
		    set & 1 ? 0x323e8fc2 ^ 0x51ccc178 : 0);
		assert_int_equal(steer_hash_ports(&steer, false, htons(2794), htons(1766)),
		    set & 2 ? 0x2cc18cd5 ^ 0x40207d3d : 0);
	}
}

/* The tuple of frames that arrive in host order, as rte_softrss takes it; returns its words. */
static uint32_t
tuple_make(uint32_t *tuple, const struct spt_addr *remote, const struct spt_addr *local,
    uint16_t rport, uint16_t lport)
{
	uint32_t n = 0, first = addr_is_v4(remote) ? 3 : 0;

	for (uint32_t i = first; i < 4; i++)
		tuple[n++] = ntohl(remote->w[i]);
	for (uint32_t i = first; i < 4; i++)
		tuple[n++] = ntohl(local->w[i]);
	tuple[n++] = (uint32_t)ntohs(rport) << 16 | ntohs(lport);
	return n;
}

static void
test_random_tuples(void **state)
{
	struct env_random r;
	uint32_t key[RSS_KEY_MAX / 4], swapped[RSS_KEY_MAX / 4], tuple[9], n, want;

	env_random_seed(&r, 20260801);
	for (unsigned int i = 0; i < 10000; i++) {
		struct spt_addr remote, local;
		uint16_t rport = (uint16_t)env_random_next(&r);
		uint16_t lport = (uint16_t)env_random_next(&r);
		uint8_t length = i / 100 % 2 ? 52 : 40;
		uint32_t hash;

		if (i % 100 == 0) {
			struct rss rss;

			for (unsigned int k = 0; k < RSS_KEY_MAX / 4; k++)
				key[k] = (uint32_t)env_random_next(&r);
			rss = rss_make((const uint8_t *)key, length, 16);
			rte_convert_rss_key(key, swapped, sizeof(key));
			assert_int_equal(steer_init(&steer, &rss), 0);
		}
		for (unsigned int k = 0; k < 4; k++) {
			remote.w[k] = (uint32_t)env_random_next(&r);
			local.w[k] = (uint32_t)env_random_next(&r);
		}
		if (i % 2) {
			remote = addr_from_v4(remote.w[3]);
			local = addr_from_v4(local.w[3]);
		}
		n = tuple_make(tuple, &remote, &local, rport, lport);
		want = rte_softrss(tuple, n, (const uint8_t *)key);
		assert_int_equal(want, rte_softrss_be(tuple, n, (const uint8_t *)swapped));
		hash = steer_hash_addresses(&steer, &remote, &local) ^
		       steer_hash_ports(&steer, i % 2, rport, lport);
		assert_int_equal(hash, want);
		assert_int_equal(steer_queue(&steer, hash), want % 128 % 16);
	}
}

/* The largest table is read to its last entry; the queue is what it says, not its number. */
static void
test_table(void **state)
{
	struct rss rss = rss_make(verification_key, 40, 5);

	rss.reta_size = RSS_RETA_MAX;
	for (unsigned int i = 0; i < RSS_RETA_MAX; i++)
		rss.reta[i] = i == RSS_RETA_MAX - 1 ? 4 : 1;
	assert_int_equal(steer_init(&steer, &rss), 0);
	assert_int_equal(steer_queue(&steer, UINT32_MAX), 4);
	assert_int_equal(steer_queue(&steer, UINT32_MAX - 1), 1);
	rss.reta_size = 1;
	rss.reta[0] = 2;
	assert_int_equal(steer_init(&steer, &rss), 0);
	assert_int_equal(steer_queue(&steer, UINT32_MAX), 2);
}

static void
test_refused(void **state)
{
	static const struct {
		uint8_t key_length;
		uint16_t reta_size, queues;
	} cases[] = {
	    {0, 128, 4}, {39, 128, 4}, {53, 128, 4}, {40, 0, 4}, {40, 96, 4}, {40, 127, 4},
	    {40, 2 * RSS_RETA_MAX, 4}, {40, 128, 0}, {40, 128, 3}, /* an entry is 3 */
	};
	const struct rss good = rss_make(verification_key, 40, 4);

	assert_int_equal(steer_init(&steer, &good), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rss rss = good;

		rss.key_length = cases[i].key_length;
		rss.reta_size = cases[i].reta_size;
		rss.queues = cases[i].queues;
		assert_int_equal(steer_init(&steer, &rss), -EINVAL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verification_data),
	    cmocka_unit_test(test_ports_left_out),
	    cmocka_unit_test(test_random_tuples),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("flow: steering", tests, NULL, NULL);
}
