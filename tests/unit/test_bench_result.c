/* SPDX-License-Identifier: BSD-3-Clause */
/* The result of a stretch of load: medians, costs, and the limit by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/result.h"

#define SECONDS 5
#define RATE    100000

static struct bench_options options;
static struct bench_second seconds[SECONDS + 1];
static struct result_input in;
static struct bench_result result;

/*
 * Five seconds of 100,000 connections of 6 packets each, and what drained; client and server half
 * busy at 1 GHz, the window not full. Tests state differences.
 */
static int
set_up(void **state)
{
	memset(&options, 0, sizeof(options));
	memset(seconds, 0, sizeof(seconds));
	memset(&in, 0, sizeof(in));
	memset(&result, 0, sizeof(result));
	options.concurrency = 256;
	for (unsigned int i = 0; i < SECONDS; i++) {
		seconds[i].loading = true;
		seconds[i].seconds = 1;
		seconds[i].totals.completions = RATE;
		seconds[i].totals.handshakes = RATE;
	}
	in.options = &options;
	in.seconds = seconds;
	in.n_seconds = SECONDS + 1;
	in.totals.attempts = SECONDS * RATE + 100;
	in.totals.completions = SECONDS * RATE + 100;
	in.loading = SECONDS;
	in.hz = 1000000000;
	in.client.elapsed = in.server.elapsed = SECONDS * SPT_NS_PER_SEC;
	in.client.busy = in.server.busy = SECONDS * SPT_NS_PER_SEC / 2;
	in.client_all.busy = in.server_all.busy = SECONDS * SPT_NS_PER_SEC / 2;
	in.client_all.port.rx_frames = 3 * in.totals.completions;
	in.client_all.port.tx_frames = 3 * in.totals.completions;
	in.client.port = in.client_all.port;
	in.cpu_share = 1;
	return 0;
}

static enum bench_limit
limit(void)
{
	result_compute(&result, &in);
	assert_true(result.limit_text[0] != '\0');
	return result.limit;
}

static void
client_busy(double share)
{
	in.client.busy = (spt_time)(share * (double)in.client.elapsed);
}

static void
server_busy(double share)
{
	in.server_known = true;
	in.server.busy = (spt_time)(share * (double)in.server.elapsed);
}

static void
medians(void **state)
{
	double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2};

	assert_true(result_median(odd, 3) == 3);
	assert_true(result_median(even, 4) == 2.5);
	assert_true(result_median(odd, 0) == 0);
}

static void
rates_are_of_whole_seconds_under_load(void **state)
{
	/* One second in which the machine was away, one that was cut short, one that drained. */
	seconds[1].totals.completions = 10;
	seconds[4].seconds = 0.25;
	seconds[4].totals.completions = 1;
	seconds[5] = (struct bench_second){.seconds = 1, .totals.completions = 100};
	seconds[3].totals.completions = 2 * RATE;
	result_compute(&result, &in);
	assert_true(result.connections_median == RATE);
	assert_true(result.connections_least == 10);
	assert_true(result.connections_most == 2 * RATE);
	assert_true(result.handshakes_median == RATE);
}

static void
a_run_shorter_than_a_second_has_a_rate_too(void **state)
{
	in.n_seconds = 1;
	seconds[0].seconds = 0.5;
	result_compute(&result, &in);
	assert_true(result.connections_median == 2 * RATE);
	in.n_seconds = 0;
	result_compute(&result, &in);
	assert_true(result.connections_median == 0);
}

/* Payload of both directions, and busy time, of the loading part alone. */
static void
costs_of_a_byte(void **state)
{
	for (unsigned int i = 0; i < SECONDS; i++) {
		seconds[i].totals.bytes_in = 100000000;
		seconds[i].totals.bytes_out = 150000000;
	}
	seconds[SECONDS].totals.bytes_in = 1000000000; /* drained */
	server_busy(0.25);
	in.server_all.busy *= 2;
	result_compute(&result, &in);
	assert_true(fabs(result.cycles_per_byte - 2) < 1e-9);
	assert_true(fabs(result.server_cycles_per_byte - 1) < 1e-9);
	in.server_known = false;
	memset(&result, 0, sizeof(result));
	result_compute(&result, &in);
	assert_true(result.server_cycles_per_byte == 0);
}

static void
costs_of_a_connection(void **state)
{
	server_busy(0.25);
	in.server_all.busy /= 2;
	result_compute(&result, &in);
	assert_true(result.packets_per_connection == 6);
	assert_true(fabs(result.cycles_per_connection - 5000) < 2);
	assert_true(fabs(result.server_cycles_per_connection - 2500) < 1);
	/* Those that end in the drain have cost something before: all of it counts. */
	in.client.busy = in.server.busy = 0;
	result_compute(&result, &in);
	assert_true(fabs(result.cycles_per_connection - 5000) < 2);
	assert_true(fabs(result.server_cycles_per_connection - 2500) < 1);
	client_busy(0.5);
	server_busy(0.25);
	result_compute(&result, &in);
	assert_true(result.client_busy == 0.5 && result.server_busy == 0.25);
	assert_true(result.line_rate_share < 0);
	/* 1 Gbit/s: frames of 60 bytes take 84 on the wire. */
	in.speed_mbps = 1000;
	in.client.port.tx_frames = 3 * SECONDS * RATE;
	in.client.port.tx_bytes = 60 * in.client.port.tx_frames;
	result_compute(&result, &in);
	assert_true(fabs(result.line_rate_share - 3 * RATE * 84 * 8 / 1e9) < 1e-3);
	/* Nothing completed: nothing is divided by it. */
	memset(&in.totals, 0, sizeof(in.totals));
	memset(seconds, 0, sizeof(seconds));
	result_compute(&result, &in);
	assert_true(result.packets_per_connection == 0 && result.cycles_per_connection == 0);
}

static void
bytes_of_a_held_connection(void **state)
{
	options.mode = MODE_CONCURRENT;
	options.connections = 1000;
	in.held = 1000;
	in.client_bytes = 512000;
	assert_int_equal(limit(), LIMIT_LOAD);
	assert_int_equal(result.bytes_per_connection, 512);
	in.held = 900;
	assert_int_not_equal(limit(), LIMIT_LOAD);
	/* All are held, and hardly used. */
	in.held = 1000;
	in.totals.requests = 1000;
	in.totals.left_out = 11;
	assert_int_not_equal(limit(), LIMIT_LOAD);
	assert_true(result_behind(&options, &result));
	in.totals.left_out = 10;
	assert_int_equal(limit(), LIMIT_LOAD);
	assert_false(result_behind(&options, &result));
	/* What was opened in a second, not how many such seconds there were. */
	seconds[0].totals.attempts = RATE;
	result_compute(&result, &in);
	assert_true(result.handshakes_median == RATE);
}

static void
the_load_is_the_limit_when_it_was_reached(void **state)
{
	in.asked = RATE;
	client_busy(1);
	assert_int_equal(limit(), LIMIT_LOAD);
	assert_false(result_behind(&options, &result));
	in.asked = RATE * 1.02;
	assert_int_equal(limit(), LIMIT_CLIENT_CPU);
	assert_true(result_behind(&options, &result));
	/* In mode requests the rate is of requests. */
	options.mode = MODE_REQUESTS;
	in.asked = RATE;
	assert_int_equal(limit(), LIMIT_CLIENT_CPU);
	in.totals.requests = SECONDS * RATE;
	assert_int_equal(limit(), LIMIT_LOAD);
}

/* A second of a slow rate may end just before one of its few attempts. */
static void
one_attempt_more_or_less_is_not_behind(void **state)
{
	assert_false(result_rate_behind(10, 1, 9));
	assert_true(result_rate_behind(10, 1, 8));
	assert_false(result_rate_behind(0.5, 1, 0));
	assert_true(result_rate_behind(0.5, 10, 3));
	assert_true(result_rate_behind(RATE, 1, (uint64_t)(0.98 * RATE)));
	assert_false(result_rate_behind(0, 1, 0));
	in.asked = 0.5;
	in.loading = 4;
	in.totals.attempts = 2;
	assert_int_equal(limit(), LIMIT_LOAD);
	assert_non_null(strstr(result.limit_text, "0.50/s asked for and 0.50/s begun"));
}

/* Attempts that were due and failed at once, since we had nothing to begin them with. */
static void
what_could_not_be_begun_is_not_begun(void **state)
{
	in.asked = 10 * RATE;
	in.totals.attempts = 10 * SECONDS * RATE;
	in.totals.failed.no_connection = 9 * SECONDS * RATE;
	client_busy(1);
	assert_int_equal(limit(), LIMIT_CLIENT_CPU);
	assert_true(result_behind(&options, &result));
	assert_int_equal(result_begun(&options, &in.totals), SECONDS * RATE);
	in.totals.failed.no_connection = 0;
	in.totals.failed.no_source_port = 9 * SECONDS * RATE;
	assert_int_equal(limit(), LIMIT_SOURCE_PORTS);
	assert_true(result_behind(&options, &result));
}

static void
source_ports(void **state)
{
	client_busy(1);
	in.totals.waits_ports = 10;
	assert_int_equal(limit(), LIMIT_CLIENT_CPU);
	in.totals.waits_ports = in.totals.attempts / 50;
	assert_int_equal(limit(), LIMIT_SOURCE_PORTS);
	in.totals.waits_ports = 0;
	in.totals.failed.no_source_port = 1;
	assert_int_equal(limit(), LIMIT_SOURCE_PORTS);
}

static void
processors(void **state)
{
	client_busy(0.95);
	assert_int_equal(limit(), LIMIT_CLIENT_CPU);
	server_busy(0.6);
	assert_int_equal(limit(), LIMIT_CLIENT_CPU);
	assert_non_null(strstr(result.limit_text, "client is 95 % busy, the server 60 %"));
	server_busy(0.99);
	assert_int_equal(limit(), LIMIT_SERVER_CPU);
	client_busy(0.5);
	assert_int_equal(limit(), LIMIT_SERVER_CPU);
	/* An unknown server is no limit, whatever stands there. */
	in.server_known = false;
	assert_int_not_equal(limit(), LIMIT_SERVER_CPU);
}

static void
one_core_for_both_ends(void **state)
{
	in.one_lcore = true;
	client_busy(0.55);
	server_busy(0.40);
	assert_int_equal(limit(), LIMIT_CPU);
	server_busy(0.2);
	assert_int_not_equal(limit(), LIMIT_CPU);
}

static void
processors_that_others_use(void **state)
{
	server_busy(0.4);
	in.window_full = 1;
	in.cpu_share = 0.55;
	assert_int_equal(limit(), LIMIT_CPU);
	assert_non_null(strstr(result.limit_text, "other programs had 45 %"));
	/* Neither end had anything to do: it was not for want of a processor. */
	client_busy(0.02);
	server_busy(0.03);
	assert_int_equal(limit(), LIMIT_CONCURRENCY);
	server_busy(0.4);
	/* Cores that nap leave the rest on purpose. */
	in.cpu_share = -1;
	assert_int_equal(limit(), LIMIT_CONCURRENCY);
}

static void
port(void **state)
{
	in.window_full = 1;
	in.client.stats.tx_dropped = in.client.port.tx_frames / 1000;
	assert_int_not_equal(limit(), LIMIT_PORT);
	in.client.port.rx_missed = in.client.port.tx_frames / 100;
	assert_int_equal(limit(), LIMIT_PORT);
	/* The server's end, where it is known. */
	in.client.port.rx_missed = 0;
	in.server.port.rx_no_mbuf = in.client.port.tx_frames / 100;
	assert_int_not_equal(limit(), LIMIT_PORT);
	in.server_known = true;
	assert_int_equal(limit(), LIMIT_PORT);
	/* Nothing lost, and no more to be had. */
	in.server.port.rx_no_mbuf = 0;
	assert_int_not_equal(limit(), LIMIT_PORT);
	in.speed_mbps = 1;
	assert_int_equal(limit(), LIMIT_PORT);
	assert_non_null(strstr(result.limit_text, "line rate"));
}

static void
window_and_peer(void **state)
{
	assert_int_equal(limit(), LIMIT_PEER);
	in.window_full = 1;
	assert_int_equal(limit(), LIMIT_CONCURRENCY);
	assert_non_null(strstr(result.limit_text, "256 in progress"));
	assert_non_null(strstr(result.limit_text, "--concurrency"));
}

static void
every_limit_has_a_name(void **state)
{
	for (unsigned int i = 0; i < LIMITS; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(bench_limit_name((enum bench_limit)i),
			    bench_limit_name((enum bench_limit)j));
	assert_string_equal(bench_limit_name(LIMIT_CLIENT_CPU), "client CPU");
	assert_string_equal(bench_limit_name(LIMIT_SOURCE_PORTS), "source ports");
}

static void
snapshots_are_subtracted(void **state)
{
	struct spt_runtime_snapshot a = {.elapsed = 10, .busy = 5}, b = {.elapsed = 4, .busy = 3},
	                            d;

	a.stats.rx_frames = 100;
	b.stats.rx_frames = 40;
	a.stats.verdict[SPT_V_COUNT - 1] = 9;
	b.stats.verdict[SPT_V_COUNT - 1] = 2;
	a.stats.connections = 7;
	b.stats.connections = 3;
	a.port.impaired[4] = 5;
	b.port.impaired[4] = 1;
	result_snapshot_diff(&d, &a, &b);
	assert_int_equal(d.elapsed, 6);
	assert_int_equal(d.busy, 2);
	assert_int_equal(d.stats.rx_frames, 60);
	assert_int_equal(d.stats.verdict[SPT_V_COUNT - 1], 7);
	assert_int_equal(d.stats.connections, 7);
	assert_int_equal(d.port.impaired[4], 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(medians),
	    cmocka_unit_test_setup(rates_are_of_whole_seconds_under_load, set_up),
	    cmocka_unit_test_setup(a_run_shorter_than_a_second_has_a_rate_too, set_up),
	    cmocka_unit_test_setup(costs_of_a_byte, set_up),
	    cmocka_unit_test_setup(costs_of_a_connection, set_up),
	    cmocka_unit_test_setup(bytes_of_a_held_connection, set_up),
	    cmocka_unit_test_setup(the_load_is_the_limit_when_it_was_reached, set_up),
	    cmocka_unit_test_setup(one_attempt_more_or_less_is_not_behind, set_up),
	    cmocka_unit_test_setup(what_could_not_be_begun_is_not_begun, set_up),
	    cmocka_unit_test_setup(source_ports, set_up),
	    cmocka_unit_test_setup(processors, set_up),
	    cmocka_unit_test_setup(one_core_for_both_ends, set_up),
	    cmocka_unit_test_setup(processors_that_others_use, set_up),
	    cmocka_unit_test_setup(port, set_up),
	    cmocka_unit_test_setup(window_and_peer, set_up),
	    cmocka_unit_test(every_limit_has_a_name),
	    cmocka_unit_test(snapshots_are_subtracted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
