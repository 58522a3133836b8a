/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CUBIC's epochs (RFC 9438 4), seen in a connection's window against the curve in doubles. The
 * round trip is 900 ms: so long that W_cubic, and not W_est, is the larger one. Each window is
 * acknowledged at once, so cwnd is W_cubic (t + RTT) after each.
 */
#include <math.h>

#include <lib/script.h>

#define FROM(n) (1 + (int64_t)(n)*FULL)
#define RTT_MS  900
#define RTT     (RTT_MS / 1000.0)
#define ECT0    2

/* CUBIC in doubles, in segments and seconds. */
struct curve {
	double cwnd, w_max, k, w_est, prior, t, rtt;
};

/* Congestion avoidance begins, RFC 9438 4.2 and figure 2. */
static struct curve
curve_begin(double cwnd, double w_max, double prior)
{
	return (struct curve){.cwnd = cwnd,
	    .w_max = w_max,
	    .k = cbrt((w_max - cwnd) / 0.4),
	    .w_est = cwnd,
	    .prior = prior,
	    .rtt = RTT};
}

/* Figure 1. */
static double
curve_at(const struct curve *c, double t)
{
	return 0.4 * pow(t - c->k, 3) + c->w_max;
}

/* All that was out is acknowledged at once: 4.2 to 4.5. The next time is a round trip later. */
static void
curve_acknowledge(struct curve *c)
{
	double share = floor(c->cwnd) / c->cwnd, target;

	c->w_est += (c->w_est < c->prior ? 9.0 / 17 : 1) * share;
	if (curve_at(c, c->t) < c->w_est) {
		c->cwnd = fmax(c->cwnd, c->w_est);
	} else {
		target = fmin(fmax(curve_at(c, c->t + c->rtt), c->cwnd), 1.5 * c->cwnd);
		c->cwnd += (target - c->cwnd) * share;
	}
	c->t += c->rtt;
}

/* The connection's window is the curve's, within 1 %. */
static void
expect_curve(const struct curve *c)
{
	double cwnd = (double)script_info().cwnd / FULL;

	if (fabs(cwnd - c->cwnd) > 0.01 * c->cwnd)
		print_error(
		    "cwnd is %.3f segments, the curve at %.1f s %.3f\n", cwnd, c->t, c->cwnd);
	check(fabs(cwnd - c->cwnd) <= 0.01 * c->cwnd);
}

/* More is unsent than any window here lets go. */
static void
keep_queue_full(void)
{
	ignore_segments();
	while (script_info().unsent < 40 * FULL) {
		app_send(40 * FULL);
		ignore_segments();
	}
}

/* All that is out is acknowledged a round trip after it was sent, and as much goes as may. */
static void
round_trip(void)
{
	advance_ms(RTT_MS);
	inject(ACK);
	keep_queue_full();
}

/* Ten segments are out, a round trip ago; more is unsent. */
static void
ten_out(bool ecn)
{
	given(SYN_RECEIVED, .mss = 1000, .wscale = 4, .sack_perm = true, .ecn = ecn, .active = OFF,
	    .conn.send_buffer = 1000000);
	advance_ms(RTT_MS);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	check_eq(script_info().congestion, SPT_CONGESTION_CUBIC);
	keep_queue_full();
	check_eq(script_info().unacked, 10 * FULL);
	advance_ms(RTT_MS);
}

/* The first of 'n' that are out is lost; once that is mended the window is what it came to. */
static void
lose_first(unsigned int una, unsigned int n)
{
	inject(ACK, .ack = FROM(una), .sack = {{FROM(una + 1), FROM(una + n)}});
	check_eq(script_info().recovery, SPT_RECOVERY_FAST);
	ignore_segments();
	round_trip();
	check_eq(script_info().recovery, SPT_RECOVERY_OPEN);
	check_eq(script_info().cwnd, script_info().ssthresh);
}

static void
finish(void)
{
	app_abort();
	ignore_segments();
	expect_closed(-ECONNABORTED);
}

/* So many windows, each acknowledged, follow the curve. */
static void
follow(struct curve *c, unsigned int windows)
{
	for (unsigned int i = 0; i < windows; i++) {
		round_trip();
		curve_acknowledge(c);
		expect_curve(c);
	}
}

SCRIPT(epoch, "RFC 9438 4.2, 4.4, 4.5: concave up to W_max, the plateau at K, then convex")
{
	struct curve c = curve_begin(7, 10, 10);

	check(c.k > 1.9 && c.k < 2); /* concave for two round trips, then convex */
	ten_out(false);
	lose_first(0, 10);
	check_eq(script_info().ssthresh, 7 * FULL); /* beta_cubic, 4.6 */
	follow(&c, 6);
	check(script_info().cwnd > 15 * FULL);
	finish();
}

SCRIPT(not_faster_than_slow_start, "RFC 9438 4.2: target is at most 1.5 cwnd, at least cwnd")
{
	ten_out(false);
	lose_first(0, 10);
	for (unsigned int i = 0; i < 10; i++) {
		uint32_t before = script_info().cwnd;

		round_trip();
		check(script_info().cwnd >= before);
		check(script_info().cwnd <= before + before / 2);
	}
	check(script_info().cwnd > 40 * FULL);
	finish();
}

SCRIPT(fast_convergence, "RFC 9438 4.7: a loss below W_max: W_max = cwnd * (1 + beta_cubic) / 2")
{
	struct curve c = curve_begin(4.9, 7 * 0.85, 7);

	ten_out(false);
	lose_first(0, 10);
	advance_ms(RTT_MS);
	lose_first(
	    (script_info().snd_una - script_iss_plus(1)) / FULL, script_info().unacked / FULL);
	check_eq(script_info().ssthresh, 7 * FULL * 7 / 10);
	follow(&c, 5);
	finish();
}

SCRIPT(after_timeout, "RFC 9438 4.8: slow start to beta_cubic of the flight, then K = 0")
{
	struct curve c;

	ten_out(false);
	advance_ms(4000);
	check_eq(script_info().recovery, SPT_RECOVERY_TIMEOUT);
	check_eq(script_info().cwnd, FULL);
	check_eq(script_info().ssthresh, 7 * FULL);
	ignore_segments();
	inject(ACK); /* nothing was lost but time */
	keep_queue_full();
	for (unsigned int i = 0; i < 12 && script_info().cwnd < script_info().ssthresh; i++)
		round_trip();
	check_eq(script_info().cwnd, 7 * FULL);
	c = curve_begin(7, 7, 10);
	follow(&c, 5);
	finish();
}

SCRIPT(ecn, "RFC 9438 4.6: ECN-Echo reduces by beta_cubic, as loss does")
{
	struct curve c = curve_begin(7, 10, 10);

	ten_out(true);
	inject(ACK | ECE, .ack = FROM(1));
	check_eq(script_info().recovery, SPT_RECOVERY_CWR);
	check_eq(script_info().ssthresh, 7 * FULL);
	ignore_segments();
	round_trip();
	check_eq(script_info().cwnd, 7 * FULL);
	follow(&c, 5);
	finish();
}

SCRIPT(application_limited, "RFC 9438 4.2, 4.6, 5.8: such time does not count, nor does cwnd grow")
{
	struct curve c = curve_begin(7, 10, 10);
	uint32_t cwnd;

	given(SYN_RECEIVED, .mss = 1000, .wscale = 4, .sack_perm = true, .active = OFF);
	advance_ms(RTT_MS);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	app_send(10 * FULL);
	ignore_segments();
	advance_ms(RTT_MS);
	inject(ACK, .ack = FROM(0), .sack = {{FROM(1), FROM(10)}});
	ignore_segments();
	advance_ms(RTT_MS);
	inject(ACK);
	for (unsigned int i = 0; i < 6; i++) {
		check_eq(script_info().unacked, 0);
		cwnd = script_info().cwnd;
		for (unsigned int j = 0; i > 0 && j < 10; j++) { /* it has little to say */
			app_send(FULL);
			expect(ACK, .len = FULL);
			advance_ms(RTT_MS);
			inject(ACK);
			check_eq(script_info().cwnd, cwnd);
		}
		app_send(cwnd / FULL * FULL); /* and a full window */
		ignore_segments();
		advance_ms(RTT_MS);
		inject(ACK);
		curve_acknowledge(&c);
		expect_curve(&c);
	}
	finish();
}

SCRIPT(
    reno_friendly, "RFC 9438 4.3: where Reno is faster: W_est, alpha_cubic = 9 / 17 a round trip")
{
	struct curve c = curve_begin(7, 10, 10);
	double before;

	c.rtt = 0.01;
	given(SYN_RECEIVED, .mss = 1000, .wscale = 4, .sack_perm = true, .active = OFF,
	    .conn.send_buffer = 1000000);
	advance_ms(10);
	inject(ACK);
	expect_event(SPT_ACCEPTED);
	keep_queue_full();
	advance_ms(10);
	inject(ACK, .ack = FROM(0), .sack = {{FROM(1), FROM(10)}});
	ignore_segments();
	advance_ms(10);
	inject(ACK);
	keep_queue_full();
	check_eq(script_info().cwnd, 7 * FULL);
	for (unsigned int i = 0; i < 20; i++) {
		before = c.cwnd;
		advance_ms(10);
		inject(ACK);
		curve_acknowledge(&c);
		expect_curve(&c);
		check(c.cwnd - before <= (before < 9.9 ? 9.0 / 17 : 1));
		keep_queue_full();
	}
	check(script_info().cwnd > 20 * FULL); /* one a round trip, once it has W_max (4.3) */
	finish();
}

SCRIPT_MAIN()
