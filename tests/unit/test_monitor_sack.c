/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor's rules of SACK and ECN: each fires on a hand-made trace, and right ones are fine. */
#include "monitor_trace.h"

#define SACK(...) .n_sack = sizeof((uint32_t[][2]){__VA_ARGS__}) / 8, .sack = {__VA_ARGS__}
#define BLOCK(from, to)                                                                            \
	{                                                                                          \
		from, to                                                                           \
	}

/* With SACK-permitted; 1 to 101 arrived. */
static void
handshake_sack(void)
{
	IN(P_SYN, .options = P_SACK_PERM | P_MSS, .mss = 1000);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_SACK_PERM);
	IN(P_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(P_ACK, .seq = 1, .ack = 101);
}

static void
gap(uint32_t from, uint32_t len)
{
	now += SPT_NS_PER_MS;
	IN(P_ACK, .seq = from, .ack = 1, .len = len);
}

static void
test_good_blocks(void **state)
{
	handshake_sack();
	gap(201, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(201, 251)));
	gap(401, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(401, 451), BLOCK(201, 251)));
	gap(251, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(201, 301), BLOCK(401, 451)));
	gap(101, 100);
	OUT(P_ACK, .seq = 1, .ack = 301, SACK(BLOCK(401, 451)));
	assert_fine();
}

static void
test_block_of_nothing(void **state)
{
	handshake_sack();
	gap(201, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(201, 252)));
	assert_broken(MONITOR_SACK);
}

static void
test_block_at_the_ack(void **state)
{
	handshake_sack();
	gap(101, 100);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(101, 201)));
	assert_broken(MONITOR_SACK);
}

static void
test_blocks_touch(void **state)
{
	handshake_sack();
	gap(201, 50);
	gap(251, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(251, 301), BLOCK(201, 251)));
	assert_broken(MONITOR_SACK);
}

static void
test_block_backwards(void **state)
{
	handshake_sack();
	gap(201, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(251, 201)));
	assert_broken(MONITOR_SACK);
}

static void
test_newest_not_first(void **state)
{
	handshake_sack();
	gap(201, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(201, 251)));
	gap(401, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(201, 251), BLOCK(401, 451)));
	assert_broken(MONITOR_SACK);
}

static void
test_not_negotiated(void **state)
{
	handshake();
	gap(201, 50);
	OUT(P_ACK, .seq = 1, .ack = 1, SACK(BLOCK(201, 251)));
	assert_broken(MONITOR_OPTION);
}

static void
test_good_duplicates(void **state)
{
	handshake_sack();
	gap(51, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(51, 101)));
	gap(201, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(201, 251)));
	gap(201, 20);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(201, 221), BLOCK(201, 251)));
	gap(1, 20);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(1, 21), BLOCK(201, 251)));
	assert_fine();
}

static void
test_duplicate_once(void **state)
{
	handshake_sack();
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(51, 101)));
	assert_broken(MONITOR_SACK);
}

static void
test_duplicate_told_twice(void **state)
{
	handshake_sack();
	gap(51, 50);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(51, 101)));
	assert_fine();
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(51, 101)));
	assert_broken(MONITOR_SACK);
}

static void
test_duplicate_too_wide(void **state)
{
	handshake_sack();
	gap(51, 40);
	OUT(P_ACK, .seq = 1, .ack = 101, SACK(BLOCK(51, 101)));
	assert_broken(MONITOR_SACK);
}

/* ---- ECN ------------------------------------------------------------------ */

static void
handshake_ecn(void)
{
	IN(P_SYN | P_ECE | P_CWR, .options = P_MSS, .mss = 1000);
	OUT(P_SYN | P_ACK | P_ECE, .ack = 1);
	IN(P_ACK, .seq = 1, .ack = 1);
}

static void
test_good_ecn(void **state)
{
	handshake_ecn();
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10, .tos = 2);
	IN(P_ACK, .seq = 1, .ack = 11, .len = 10, .tos = 3);
	OUT(P_ACK | P_ECE, .seq = 11, .ack = 11, .len = 10, .tos = 2);
	IN(P_ACK | P_CWR | P_ECE, .seq = 11, .ack = 11, .len = 10, .tos = 2);
	OUT(P_ACK, .seq = 11, .ack = 21, .len = 10);
	OUT(P_ACK | P_CWR, .seq = 21, .ack = 21, .len = 10, .tos = 2);
	assert_fine();
}

static void
test_ecn_not_asked(void **state)
{
	IN(P_SYN);
	OUT(P_SYN | P_ACK | P_ECE, .ack = 1);
	assert_broken(MONITOR_ECN);
}

static void
test_ecn_cwr_on_syn_ack(void **state)
{
	IN(P_SYN | P_ECE | P_CWR);
	OUT(P_SYN | P_ACK | P_ECE | P_CWR, .ack = 1);
	assert_broken(MONITOR_ECN);
}

static void
test_ecn_not_agreed(void **state)
{
	handshake();
	OUT(P_ACK | P_ECE, .seq = 1, .ack = 1);
	assert_broken(MONITOR_ECN);
}

static void
test_ect_not_agreed(void **state)
{
	handshake();
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10, .tos = 2);
	assert_broken(MONITOR_ECN);
}

static void
test_ect_on_syn(void **state)
{
	IN(P_SYN | P_ECE | P_CWR);
	OUT(P_SYN | P_ACK | P_ECE, .ack = 1, .tos = 2);
	assert_broken(MONITOR_ECN);
}

static void
test_ect_on_ack(void **state)
{
	handshake_ecn();
	OUT(P_ACK, .seq = 1, .ack = 1, .tos = 2);
	assert_broken(MONITOR_ECN);
}

static void
test_ect_again(void **state)
{
	handshake_ecn();
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10, .tos = 2);
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10);
	assert_fine();
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 10, .tos = 2);
	assert_broken(MONITOR_ECN);
}

static void
test_ece_without_ce(void **state)
{
	handshake_ecn();
	OUT(P_ACK | P_ECE, .seq = 1, .ack = 1);
	assert_broken(MONITOR_ECN);
}

static void
test_ece_after_cwr(void **state)
{
	handshake_ecn();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 10, .tos = 3);
	OUT(P_ACK | P_ECE, .seq = 1, .ack = 11);
	IN(P_ACK | P_CWR, .seq = 11, .ack = 1, .len = 10, .tos = 2);
	now += SPT_NS_PER_MS;
	assert_fine();
	OUT(P_ACK | P_ECE, .seq = 1, .ack = 21);
	assert_broken(MONITOR_ECN);
}

/* The segment with CWR bore CE too; it comes again, which says nothing. */
static void
test_ece_after_old_cwr(void **state)
{
	handshake_ecn();
	IN(P_ACK, .seq = 1, .ack = 1, .len = 10, .tos = 3);
	OUT(P_ACK | P_ECE, .seq = 1, .ack = 11);
	IN(P_ACK | P_CWR, .seq = 11, .ack = 1, .len = 10, .tos = 3);
	IN(P_ACK | P_CWR, .seq = 11, .ack = 1, .len = 10, .tos = 2);
	now += SPT_NS_PER_MS;
	OUT(P_ACK | P_ECE, .seq = 1, .ack = 21);
	assert_fine();
}

static void
test_cwr_on_ack(void **state)
{
	handshake_ecn();
	OUT(P_ACK | P_CWR, .seq = 1, .ack = 1);
	assert_broken(MONITOR_ECN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(good_blocks),
	    T(block_of_nothing),
	    T(block_at_the_ack),
	    T(blocks_touch),
	    T(block_backwards),
	    T(newest_not_first),
	    T(not_negotiated),
	    T(good_duplicates),
	    T(duplicate_once),
	    T(duplicate_told_twice),
	    T(duplicate_too_wide),
	    T(good_ecn),
	    T(ecn_not_asked),
	    T(ecn_cwr_on_syn_ack),
	    T(ecn_not_agreed),
	    T(ect_not_agreed),
	    T(ect_on_syn),
	    T(ect_on_ack),
	    T(ect_again),
	    T(ece_without_ce),
	    T(ece_after_cwr),
	    T(ece_after_old_cwr),
	    T(cwr_on_ack),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
