/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What scripts about timers share: when one fires to the nanosecond of virtual time, the phase
 * of the wheel's tick in which it is armed, and clocks that jump because nobody polled.
 *
 * The bound is that no timer is early, and none more than 100 us late. A tick of the wheel is 65.5
 * us.
 */
#ifndef TESTS_SCRIPT_TEST_TIMERS_H
#define TESTS_SCRIPT_TEST_TIMERS_H

#include <inttypes.h>

#include <lib/script_priv.h>

#define TIMER_LATE_US 100
#define TICK_NS       65536

#define SECOND_US UINT64_C(1000000)
#define HOUR_US   (3600 * SECOND_US)

/* When the timer that is looked at was armed. */
static spt_time armed_at;

static inline void
armed_now(void)
{
	armed_at = script->now;
}

static inline void
check_on_time(uint64_t us)
{
	int64_t late = (int64_t)(script->now - armed_at) - (int64_t)(us * SPT_NS_PER_US);

	if (late < 0)
		script_fail("%" PRIu64 " us: %" PRId64 " ns early", us, -late);
	if (late > TIMER_LATE_US * (int64_t)SPT_NS_PER_US)
		script_fail("%" PRIu64 " us: %" PRId64 " ns late", us, late);
}

/* So much of 'us' after armed_at is left, rounded down. */
static inline uint64_t
left_us(uint64_t us)
{
	spt_time due = armed_at + us * SPT_NS_PER_US;

	return due > script->now ? (due - script->now) / SPT_NS_PER_US : 0;
}

/* Silence, then this segment, so long after the timer was armed; the next is armed by it. */
static inline void
timer_sends(uint64_t us, const struct expect *e)
{
	script_expect_after(left_us(us), e);
	check_on_time(us);
	armed_now();
}
#define due_us(us, f, ...) SCRIPT_DO(timer_sends(us, &(struct expect){.flags = (f), __VA_ARGS__}))
#define due_ms(ms, f, ...)                                                                         \
	SCRIPT_DO(timer_sends((ms)*UINT64_C(1000), &(struct expect){.flags = (f), __VA_ARGS__}))

/* One step to the next deadline, or to 'until'. */
static inline void
timer_step(spt_time until)
{
	script->now = RTE_MIN(until, spt_next_deadline(script->engine));
	script_settle();
}

/* Whether the present peer's connection, or record, is known. */
static inline bool
is_gone(void)
{
	struct spt_conn_info info[16];
	uint64_t cursor = 0;
	unsigned int n;

	while ((n = spt_engine_walk(script->engine, &cursor, info, RTE_DIM(info))) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			if (info[i].state != SPT_LISTEN && info[i].remote.port == script->f->port)
				return false;
		}
	}
	return true;
}

/* So long after the timer was armed the connection, or record, ends. */
static inline void
timer_ends(uint64_t us)
{
	spt_time until = armed_at + (us + SCRIPT_SLACK_US) * SPT_NS_PER_US;

	script_strict_segments();
	spt_engine_stats(script->engine, &script->before);
	while (!is_gone() && script->now < until)
		timer_step(until);
	if (!is_gone())
		script_fail("nothing ended after %" PRIu64 " us", us);
	check_on_time(us);
}
#define ends_us(us) SCRIPT_DO(timer_ends(us))
#define ends_ms(ms) SCRIPT_DO(timer_ends((ms)*UINT64_C(1000)))

/* The clock goes on, nobody polls; then one does. What an unpolled port received comes with it. */
static inline void
timer_jump(uint64_t us)
{
	script_strict_segments();
	spt_engine_stats(script->engine, &script->before);
	script->now += us * SPT_NS_PER_US;
	script_settle();
}
#define jump_us(us) SCRIPT_DO(timer_jump(us))
#define jump_ms(ms) SCRIPT_DO(timer_jump((ms)*UINT64_C(1000)))

/* To the last nanosecond before 'us' after the timer was armed: every deadline before is served. */
static inline void
timer_just_before(uint64_t us)
{
	spt_time until = armed_at + us * SPT_NS_PER_US - 1;

	while (script->now < until)
		timer_step(until);
	script_strict_segments();
}
#define just_before_us(us) SCRIPT_DO(timer_just_before(us))
#define just_before_ms(ms) SCRIPT_DO(timer_just_before((ms)*UINT64_C(1000)))

/* Phases of a tick in which timers are armed: its beginning, just after, within, its end. */
#define PHASES 5
static inline void
timer_phase(unsigned int n)
{
	static const uint32_t phase[PHASES] = {0, 1, 20000, 40000, TICK_NS - 1};
	spt_time until = script->now + TICK_NS + (phase[n] - (uint32_t)script->now) % TICK_NS;

	while (script->now < until)
		timer_step(until);
}
#define to_phase(n) SCRIPT_DO(timer_phase(n))

/* In each phase a connection of a peer of its own; given(LISTEN, ...) comes before. */
#define each_phase(n)                                                                              \
	for (unsigned int n = 0; n < PHASES && (script_use_peer(n + 1), timer_phase(n), true); n++)

/* The handshake takes 100 ms: SRTT = 100, RTTVAR = 50, RTO = 300 ms (RFC 6298 2.2). */
static inline void
open_after_100_ms(void)
{
	given(SYN_RECEIVED, .active = OFF);
	advance_ms(100);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
}

/* The connection ends: it is no part of what follows. */
#define CLOSE()                                                                                    \
	do {                                                                                       \
		app_abort();                                                                       \
		expect(RST | ACK, .seq = ANY);                                                     \
		expect_closed(-ECONNABORTED);                                                      \
	} while (0)

#endif
