/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor's rules of loss recovery: each fires on a hand-made trace, and right ones are fine.
 */
#include "monitor_trace.h"

#define SACK(...) .n_sack = sizeof((uint32_t[][2]){__VA_ARGS__}) / 8, .sack = {__VA_ARGS__}
#define BLOCK(from, to)                                                                            \
	{                                                                                          \
		from, to                                                                           \
	}

/* With SACK-permitted and a MSS of 100; 'n' segments of ours are out. */
static void
out(unsigned int n)
{
	IN(P_SYN, .options = P_SACK_PERM | P_MSS, .mss = 100, .wnd = 4000);
	OUT(P_SYN | P_ACK, .ack = 1, .options = P_SACK_PERM);
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 4000);
	for (unsigned int i = 0; i < n; i++)
		OUT(P_ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
	now += SPT_NS_PER_MS;
}

static void
test_good_retransmission(void **state)
{
	out(5);
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 4000, SACK(BLOCK(101, 301)));
	now += SPT_NS_PER_MS;
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(P_ACK, .seq = 301, .ack = 1, .len = 100);
	assert_fine();
}

/* The first block lies within the second, which is nonsense: a D-SACK, nothing is SACKed. */
static void
test_good_after_dsack(void **state)
{
	out(5);
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 4000, SACK(BLOCK(101, 301), BLOCK(101, 9001)));
	now += SPT_NS_PER_MS;
	OUT(P_ACK, .seq = 101, .ack = 1, .len = 100);
	assert_fine();
}

static void
test_sacked_again(void **state)
{
	out(5);
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 4000, SACK(BLOCK(101, 301)));
	now += SPT_NS_PER_MS;
	OUT(P_ACK, .seq = 201, .ack = 1, .len = 100);
	assert_broken(MONITOR_SACKED);
}

static void
test_sacked_in_part(void **state)
{
	out(5);
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 4000, SACK(BLOCK(101, 301)));
	now += SPT_NS_PER_MS;
	OUT(P_ACK, .seq = 1, .ack = 1, .len = 101);
	assert_broken(MONITOR_SACKED);
}

static void
test_reneging(void **state)
{
	out(5);
	IN(P_ACK, .seq = 1, .ack = 1, .wnd = 4000, SACK(BLOCK(101, 301)));
	now += SPT_NS_PER_MS;
	IN(P_ACK, .seq = 1, .ack = 101, .wnd = 4000); /* not 301: it was let go */
	now += SPT_NS_PER_SEC;
	OUT(P_ACK, .seq = 101, .ack = 1, .len = 100);
	OUT(P_ACK, .seq = 201, .ack = 1, .len = 100);
	assert_fine();
}

static void
test_good_window(void **state)
{
	out(13); /* ten, two by limited transmit, a probe */
	IN(P_ACK, .seq = 1, .ack = 301, .wnd = 4000);
	for (unsigned int i = 13; i < 19; i++)
		OUT(P_ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
	assert_fine();
}

static void
test_burst(void **state)
{
	out(14);
	assert_broken(MONITOR_FLIGHT);
}

static void
test_more_than_slow_start(void **state)
{
	out(10);
	IN(P_ACK, .seq = 1, .ack = 301, .wnd = 4000);
	for (unsigned int i = 10; i < 20; i++)
		OUT(P_ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
	assert_broken(MONITOR_FLIGHT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(good_retransmission),
	    T(good_after_dsack),
	    T(sacked_again),
	    T(sacked_in_part),
	    T(reneging),
	    T(good_window),
	    T(burst),
	    T(more_than_slow_start),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
