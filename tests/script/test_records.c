/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool of records is empty. What is out has to be sent in smaller segments than it was, and
 * there is no record for the second part of one: the transfer goes on all the same.
 */
#include <lib/script.h>

#define LARGE 5 /* segments of the first chunk of records, which stays full */

static uint32_t small;

static uint64_t
refused(void)
{
	struct spt_stats s;

	spt_engine_stats(script_engine(), &s);
	return s.no_chunk;
}

/*
 * Six segments are out, and blocks of a byte each in the last of them make records until there is
 * no chunk. Then a router says that five are too large: the first part of the first goes.
 */
static void
no_record_left(void)
{
	uint64_t before;

	given(ESTABLISHED, .sack_perm = true, .conn.nodelay = true,
	    .config = {.connections = 1, .pinned_mbufs = 16});
	app_send((LARGE + 1) * FULL);
	check_eq(ignore_segments(), LARGE + 1);
	for (unsigned int i = 0; i < 80; i++) {
		uint32_t at = 1 + LARGE * FULL + 2 * i;

		inject(ACK, .ack = 1, .sack = {{at, at + 1}});
		ignore_segments(); /* RACK takes the first ones for lost */
	}
	before = refused();
	inject_icmp(ICMP_TOO_BIG, .seq = 1, .mtu = 1300);
	expect_counted(pmtu_decreased, 1);
	small = script_info().mss;
	check(small < FULL);
	expect(ACK, .seq = 1, .len = small);
	expect_nothing();
	check(refused() > before);
}

/* The rest of segment 'i' and the first part of the next one, if there is one. */
static void
expect_next(unsigned int i)
{
	uint32_t next = 1 + (i + 1) * FULL;

	expect(ACK, .seq = next - (FULL - small), .len = FULL - small);
	if (i + 1 < LARGE) {
		expect(ACK, .seq = next, .len = small);
		expect_nothing();
	}
	ignore_segments(); /* of the last one */
}

SCRIPT(goes_on, "RFC 1191 3: what was too big is sent again, records or none")
{
	no_record_left();
	for (unsigned int i = 0; i < LARGE; i++) {
		inject(ACK, .ack = 1 + i * FULL + small);
		expect_next(i);
		inject(ACK, .ack = 1 + (i + 1) * FULL);
		ignore_segments();
	}
	inject(ACK, .ack = 1 + (LARGE + 1) * FULL);
	expect_acked((LARGE + 1) * FULL);
	expect_silence_ms(10000);
}

SCRIPT(once, "RFC 9293 3.8.1: what else comes meanwhile sends it no second time")
{
	no_record_left();
	for (unsigned int i = 0; i < 5; i++)
		inject(ACK, .ack = 1);
	inject(ACK, .ack = 1, .len = 10);
	expect_data(10);
	app_set(.nodelay = true);
	expect_within_ms(40, ACK, .seq = ANY);
	expect_nothing();
	inject(ACK, .ack = 1 + (LARGE + 1) * FULL);
	expect_acked((LARGE + 1) * FULL);
}

SCRIPT(part_lost, "RFC 6298 5.4: the earliest segment not acknowledged, or as much as fits")
{
	no_record_left();
	expect_within_ms(1000, ACK, .seq = 1, .len = small);
	expect_nothing();
	inject(ACK, .ack = 1 + small);
	expect_next(0);
	inject(ACK, .ack = 1 + FULL);
	ignore_segments();
	expect_within_ms(1000, ACK, .seq = 1 + FULL, .len = small);
	inject(ACK, .ack = 1 + (LARGE + 1) * FULL);
	expect_acked((LARGE + 1) * FULL);
	expect_silence_ms(10000);
}

SCRIPT(all_of_it_late, "RFC 2018, RFC 9293 3.10.7.4: an acknowledgment of more than the part")
{
	no_record_left();
	inject(ACK, .ack = 1 + 2 * FULL + 1);
	expect(ACK, .seq = 2 + 2 * FULL, .len = small);
	expect_nothing();
	inject(ACK, .ack = 1 + (LARGE + 1) * FULL);
	expect_acked((LARGE + 1) * FULL);
	app_send(FULL - 10);
	ignore_segments();
	inject(ACK);
	expect_acked(FULL - 10);
}

SCRIPT_MAIN()
