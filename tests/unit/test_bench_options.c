/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of `septet bench`: what they default to, what makes no sense together and the line
 * that says so, the sizes that follow, and how long the source ports last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/addr.h"
#include "bench/check.h"
#include "bench/options.h"
#include "bench/predict.h"
#include "common/address.h"
#include "common/option.h"

#define WORDS  48
#define MEMORY ""
#define TAP    "--port tap:x --address 10.0.0.1/24 --target 10.0.0.2:80 "

static struct bench_options o;
static char error[512];
static char line[1024];

/* Words separated by blanks. The text stays where it is: options point into it. */
static int
parse(const char *text)
{
	char *argv[WORDS], *save = NULL;
	int argc = 0;

	snprintf(line, sizeof(line), "%s", text);
	for (char *w = strtok_r(line, " ", &save); w && argc < WORDS;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	error[0] = '\0';
	return bench_options_parse(&o, argc, argv, error, sizeof(error));
}

static void
parse_well(const char *text)
{
	int rc = parse(text);

	if (rc)
		print_error("'%s': %s\n", text, error);
	assert_int_equal(rc, 0);
}

static void
defaults_are_the_embedded_run(void **state)
{
	char text[2 * ADDRESS_TEXT];

	parse_well(MEMORY);
	assert_int_equal(o.link.n_ports, 1);
	assert_string_equal(o.link.port[0].spec.text, "memory");
	assert_int_equal(o.link.port[0].spec.kind, SPT_PORT_MEMORY);
	assert_int_equal(o.mode, MODE_CONNECTIONS);
	assert_int_equal(o.exchange, EXCHANGE_NONE);
	assert_int_equal(o.close, CLOSE_CLIENT);
	assert_int_equal(o.duration_ms, 10000);
	assert_int_equal(o.concurrency, BENCH_WINDOW);
	assert_int_equal(o.link.n_local, 2);
	assert_string_equal(address_local_text(&o.link.local[0], text), "10.0.0.1/30");
	assert_string_equal(
	    address_local_text(&o.link.local[1], text), "10.64.0.1-10.64.255.254/10");
	assert_int_equal(o.n_target, 1);
	assert_string_equal(address_endpoint_text(&o.target[0], text), "10.0.0.2:9");
	assert_ptr_equal(o.link.port[0].local, o.link.local);
	assert_int_equal(o.link.port[0].n_local, 2);
	assert_int_equal(o.port_first, 1024);
	assert_int_equal(o.port_last, 65535);
	assert_int_equal(o.engine.timewait, BENCH_TIMEWAIT);
	assert_true(o.engine.connections >= o.concurrency);
	assert_true(o.max_failures == 0.001);
	assert_int_equal(o.cores, 0);
}

/* The help's defaults are what is used, where one is written out. */
static void
help_shows_options_of_every_group(void **state)
{
	char text[16384];
	FILE *f = fmemopen(text, sizeof(text), "w");

	bench_options_help(f);
	fclose(f);
	for (size_t i = 0; i < 5; i++) {
		static const char *const names[] = {
		    "--port SPEC", "--mode MODE", "--search", "--json FILE", "--hold"};

		assert_non_null(strstr(text, names[i]));
	}
}

static void
target_chooses_the_family_of_the_embedded_link(void **state)
{
	char text[2 * ADDRESS_TEXT];

	parse_well("--target [fd00::2]:80 --request http");
	assert_int_equal(o.link.n_local, 2);
	assert_string_equal(address_local_text(&o.link.local[0], text), "fd00::1/64");
	assert_int_equal(o.link.local[1].count, 65534);
	parse_well("--target [fd00::2]:80 --target 10.0.0.2:81 --request http");
	assert_int_equal(o.link.n_local, 4);
	assert_true(o.link.local[1].count + o.link.local[3].count + 2 <= 65535);
	assert_int_not_equal(parse("--target 10.0.0.3:80"), 0);
	assert_non_null(strstr(error, "10.0.0.2"));
}

static void
words_and_numbers_are_read(void **state)
{
	parse_well("--rate 1.5M");
	assert_true(o.rate == 1.5e6);
	assert_int_equal(o.concurrency, BENCH_WINDOW_MEMORY);
	parse_well("--rate 250k");
	assert_true(o.rate == 250e3);
	parse_well("--ramp 10K:1M --duration 1m");
	assert_true(o.ramp && o.ramp_from == 1e4 && o.ramp_to == 1e6);
	assert_int_equal(o.duration_ms, 60000);
	parse_well("--request echo:16K");
	assert_int_equal(o.exchange, EXCHANGE_ECHO);
	assert_int_equal(o.request_bytes, 16384);
	assert_int_equal(o.requests, 1);
	parse_well("--request http:/index.html --http-body 2M");
	assert_string_equal(o.path, "/index.html");
	assert_int_equal(o.request_bytes, 2 << 20);
	parse_well("--search --max-failures 2.5%");
	assert_true(fabs(o.max_failures - 0.025) < 1e-12);
	parse_well("--source-ports 2000-2999");
	assert_int_equal(o.port_first, 2000);
	assert_int_equal(o.port_last, 2999);
	parse_well("--attempts 100");
	assert_int_equal(o.attempts, 100);
	assert_int_equal(o.duration_ms, 0);
	parse_well("--request http --close server");
	assert_int_equal(o.close, CLOSE_SERVER);
	parse_well("--close reset -- --log-level 8");
	assert_int_equal(o.n_eal, 2);
	assert_string_equal(o.eal[1], "8");
}

static void
loss_recovery_is_chosen(void **state)
{
	parse_well("");
	assert_int_equal(o.conn.congestion, SPT_CONGESTION_CUBIC);
	assert_int_equal(o.conn.ecn, SPT_ECN_ACCEPT);
	assert_false(o.conn.no_sack);
	assert_int_equal(o.conn.receive_buffer_max, 4 << 20);
	parse_well("--congestion newreno --ecn ask --no-sack --receive-buffer-max 64K");
	assert_int_equal(o.conn.congestion, SPT_CONGESTION_NEWRENO);
	assert_int_equal(o.conn.ecn, SPT_ECN_ASK);
	assert_true(o.conn.no_sack);
	assert_int_equal(o.conn.receive_buffer_max, 65536);
	parse_well("--congestion cubic --ecn never --no-sack=no");
	assert_int_equal(o.conn.congestion, SPT_CONGESTION_CUBIC);
	assert_int_equal(o.conn.ecn, SPT_ECN_NEVER);
	assert_false(o.conn.no_sack);
}

/* A window that may grow wants buffers for what it may become. */
static void
buffers_follow_the_largest_window(void **state)
{
	uint32_t few;

	parse_well("--mode throughput --receive-buffer-max 256K");
	few = o.mbufs;
	parse_well("--mode throughput --receive-buffer-max 8M");
	assert_int_equal(o.mbufs - few, (8192 - 256));
	parse_well("--mode throughput --receive-buffer-max 1K --receive-buffer 256K");
	assert_int_equal(o.mbufs, few);
}

static void
modes_choose_what_is_said(void **state)
{
	parse_well("--mode requests");
	assert_int_equal(o.exchange, EXCHANGE_HTTP);
	assert_int_equal(o.requests, 0);
	assert_int_equal(o.connections, 64);
	assert_int_equal(o.target[0].port, 80);
	parse_well("--mode throughput");
	assert_int_equal(o.exchange, EXCHANGE_DISCARD);
	assert_int_equal(o.connections, 1);
	parse_well("--mode throughput --direction down --verify");
	assert_int_equal(o.exchange, EXCHANGE_CHARGEN);
	parse_well("--mode throughput --direction both --connections 4");
	assert_int_equal(o.exchange, EXCHANGE_ECHO);
	assert_int_equal(o.concurrency, 4);
	parse_well("--mode concurrent");
	assert_int_equal(o.exchange, EXCHANGE_NONE);
	assert_int_equal(o.connections, 10000);
	parse_well("--mode concurrent --connections 1000000 --traffic 10s");
	assert_int_equal(o.exchange, EXCHANGE_ECHO);
	assert_int_equal(o.traffic_ms, 10000);
	assert_true(o.engine.connections > 1000000);
	assert_true(o.engine.timewait >= 1000000);
}

static bool
step_is(unsigned int at, enum flood_unit unit, double value)
{
	return at < o.flood.n_steps && o.flood.step[at].unit == unit &&
	       fabs(o.flood.step[at].value - value) < 1e-9;
}

static void
a_flood_has_defaults(void **state)
{
	char text[ADDRESS_TEXT];

	parse_well("--mode flood");
	assert_true(o.flood.on);
	assert_string_equal(bench_mode_name(&o), "flood");
	assert_int_equal(o.mode, MODE_CONNECTIONS);
	assert_int_equal(o.flood.kind, FLOOD_SYN);
	assert_string_equal(address_text(&o.flood.prefix, text), "198.18.0.0");
	assert_int_equal(o.flood.length, 15);
	assert_true(o.rate == 2000);
	assert_int_equal(o.duration_ms, 5000);
	assert_int_equal(o.concurrency, BENCH_WINDOW_OPEN);
	assert_int_equal(o.cores, 1);
	assert_int_equal(o.flood.n_steps, 8);
	assert_true(step_is(0, FLOOD_TIMES, 10));
	assert_true(step_is(4, FLOOD_SHARE, 0.9));
	assert_true(step_is(7, FLOOD_SHARE, 1.5));
	parse_well("--mode flood --target [fd00::2]:80");
	assert_string_equal(address_text(&o.flood.prefix, text), "2001:2::");
	assert_int_equal(o.flood.length, 48);
	parse_well("--mode flood --flood silent --connections 500");
	assert_int_equal(o.flood.kind, FLOOD_SILENT);
	assert_false(o.flood.defer_accept);
	parse_well("--mode flood --flood silent --connections 500 --defer-accept");
	assert_true(o.flood.defer_accept);
	assert_true(o.engine.connections > BENCH_WINDOW_OPEN + 500);
	assert_true(step_is(2, FLOOD_TIMES, 2));
	/* A link that is slow has a rate without loss; of one that loses nothing is a share. */
	parse_well("--mode flood --impair rate=100Mbit,delay=1ms");
	parse_well("--mode flood --impair loss=1% --flood-rates 10x");
	parse_well("--mode flood --rate 0");
	assert_true(o.flood.alone);
	assert_int_equal(o.flood.n_steps, 1);
	parse_well("--mode flood --flood ack --flood-prefix 10.192.0.0/16 --rate 100 --cores 2 "
	           "--flood-rates 1.5M,90%,2.5x,7 --backlog 64 --syn-cookies never --duration 1m");
	assert_int_equal(o.flood.kind, FLOOD_ACK);
	assert_int_equal(o.flood.n_steps, 4);
	assert_true(step_is(0, FLOOD_RATE, 1.5e6));
	assert_true(step_is(1, FLOOD_SHARE, 0.9));
	assert_true(step_is(2, FLOOD_TIMES, 2.5));
	assert_true(step_is(3, FLOOD_RATE, 7));
	assert_int_equal(o.flood.backlog, 64);
	assert_int_equal(o.flood.cookies, SPT_COOKIES_NEVER);
	assert_int_equal(o.cores, 2);
}

/* Where a flood may go without more words, and where it is told twice. */
static void
a_flood_stays_where_it_may(void **state)
{
	parse_well(TAP "--mode flood");
	parse_well("--port memif:/x --address fd00::1/64 --target [fd00::2]:80 --mode flood");
	parse_well("--port tap:x --address 10.0.0.1/24 --gateway 10.0.0.9 --target 10.9.0.2:80 "
	           "--mode flood --flood-anywhere 10.9.0.2");
	parse_well("--port tap:x --address 9.9.9.1/24 --target 9.9.9.9:80 --target 9.9.9.8:80 "
	           "--mode flood --flood-anywhere 9.9.9.9 --flood-anywhere 9.9.9.8");
	parse_well("--port pci:0000:00:05.0 --address 10.0.0.1/24 --target 10.0.0.2:80 --mode "
	           "flood --flood-anywhere 10.0.0.2");
}

/* A line, and a word that its refusal must hold: what to do. */
static const struct {
	const char *line, *word;
} refused[] = {
    {"--rate fast", "500K"},
    {"--rate 0", "500K"},
    {"--rate -5", "500K"},
    {"--rate 1e99", "500K"},
    {"--rate 5 --ramp 1:2", "--rate and --ramp"},
    {"--ramp 10K", "FROM:TO"},
    {"--ramp 10K:", "FROM:TO"},
    {"--search --rate 5", "neither"},
    {"--search --attempts 5", "--duration"},
    {"--search --mode throughput", "modes connections and requests"},
    {"--search --mode concurrent", "modes connections and requests"},
    {"--max-failures 1%", "--search"},
    {"--search --max-failures 101%", "0.1%"},
    {"--mode conections", "throughput"},
    {"--connections 5", "--concurrency"},
    {"--mode requests --concurrency 5", "--connections"},
    {"--mode requests --request none", "echo or http"},
    {"--mode requests --request discard", "echo or http"},
    {"--mode requests --attempts 5", "--duration"},
    {"--mode concurrent --request echo", "--traffic"},
    {"--mode concurrent --requests 5", "--traffic"},
    {"--mode concurrent --traffic 1s --request chargen", "echo or http"},
    {"--mode throughput --request echo", "--direction"},
    {"--mode throughput --rate 5", "another mode"},
    {"--mode throughput --verify", "--direction down"},
    {"--mode throughput --close server", "client or reset"},
    {"--traffic 1s", "--mode concurrent"},
    {"--ramp 1K:5K --attempts 3000", "--duration"},
    {"--json same --plot same", "two files"},
    {"--attempts 18446744073709551615", "too large: expected 1 to 9223372036854775807"},
    {"--direction down", "--mode throughput"},
    {"--requests 5", "--request echo or http"},
    {"--request discard --requests 5", "echo or http"},
    {"--request echo:0", "bytes"},
    {"--request echo:2G", "bytes"},
    {"--request none:5", "bytes"},
    {"--request http:index", "begins with /"},
    {"--request ftp", "chargen or http"},
    {"--verify", "--request echo"},
    {"--request discard --verify", "--request echo"},
    {"--close server", "--request http"},
    {"--close server --request echo", "--request http"},
    {"--mode requests --close server", "--requests N"},
    {"--http-body 5", "--request http"},
    {"--request http --http-body 0", "1 to 1G"},
    {"--address 10.0.0.1/24", "--port"},
    {"--gateway 10.0.0.1", "--port"},
    {"--hold", "--port memory"},
    {"--target 10.0.0.2", "ADDRESS:PORT"},
    {"--target 10.0.0.2:9 --target 10.0.0.2:9", "given twice"},
    {"--source-ports 5-4", "LOW-HIGH"},
    {"--source-ports 1-65536", "LOW-HIGH"},
    {"--port tap:x", "--address"},
    {"--port tap:x --address 10.0.0.1/24", "--target"},
    {"--port tap:x --port tap:x", "given twice"},
    {"--port tap:x --port tap:y", "no --address"},
    {TAP "--port tap:y", "'tap:y' has no --address"},
    {TAP "--port tap:y --address 10.0.1.1/24", "'tap:y' has no --target"},
    {TAP "--port tap:y --address 10.0.0.1/24 --target 10.0.0.3:80", "overlaps '10.0.0.1/24'"},
    {TAP "--port tap:y --address fd00::1/64 --target 10.0.0.3:80", "of its family on its port"},
    {TAP "--port memory", "expected it alone"},
    {"--mtu 1400 " TAP "--port tap:y", "--mtu stands before the first"},
    {"--rate 5 --rate 6", "given twice, '5' and '6'"},
    {TAP "--request http --http-body 5", "--port memory"},
    {TAP "--target [fd00::2]:80", "no --address of its family"},
    {TAP "--target 10.0.0.1:80", "our own"},
    {TAP "--target 224.0.0.1:80", "multicast"},
    {TAP "--gateway 10.1.0.1", "no network"},
    {TAP "--address 10.0.0.1/24", "given before"},
    {TAP "--address 10.1.0.0-10.1.255.255/8", "at most 65535"},
    {"--json /nonexistent/file", "can be written"},
    {"--plot /nonexistent/file", "can be written"},
    {"--idle-sleep maybe", "auto, on or off"},
    {"--tso on", "auto or off"},
    {"--receive-merging auto", "off or on"},
    {TAP "--receive-merging on --receive-merging off", "is the second of tap:"},
    {TAP "--tso off --tso auto", "is the second of tap:"},
    {"--duratoin 5", "--duration"},
    {"--flood syn", "--mode flood"},
    {"--flood-rates 5", "--mode flood"},
    {"--flood-anywhere 10.0.0.2", "--mode flood"},
    {"--syn-cookies never", "--mode flood"},
    {"--idle-timeout 5s", "--mode flood"},
    {"--defer-accept", "--mode flood"},
    {"--mode flood --connections 5", "--concurrency"},
    {"--mode flood --search", "--flood-rates"},
    {"--mode flood --ramp 1:2", "--flood-rates"},
    {"--mode flood --attempts 5", "--flood-rates"},
    {"--mode flood --flood ping", "rst"},
    {"--mode flood --flood-rates 10y", "10x,90%,1.5M"},
    {"--mode flood --flood-rates 10%,,5", "10x,90%,1.5M"},
    {"--mode flood --flood-rates 10%,", "10x,90%,1.5M"},
    {"--mode flood --flood-rates 101M", "at most 100M"},
    {"--mode flood --flood-rates 1001%", "at most 1000%"},
    {"--mode flood --flood-rates 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
        "up to 32"},
    {"--mode flood --rate 0 --flood-rates 10x", "no honest rate"},
    {"--mode flood --flood silent --flood-rates 50%", "numbers or multiples"},
    {"--mode flood --impair loss=1%", "numbers or multiples"},
    {"--mode flood --impair tx.corrupt=1% --flood-rates 10x,90%", "numbers or multiples"},
    {"--mode flood --flood silent --flood-prefix 10.9.0.0/16", "leave it away"},
    {"--mode flood --flood-prefix 198.18.0.0", "NETWORK/LENGTH"},
    {"--mode flood --flood-prefix 198.18.0.1/15", "NETWORK/LENGTH"},
    {"--mode flood --flood-prefix 198.18.0.0/31", "7 to 30 bits"},
    {"--mode flood --flood-prefix 198.16.0.0/13", "somebody"},
    {"--mode flood --flood-prefix 8.0.0.0/8", "somebody"},
    {"--mode flood --flood-prefix 2000::/16", "somebody"},
    {"--mode flood --flood-prefix 2001:2::/48", "one family"},
    {"--mode flood --flood-prefix 10.64.0.0/24", "sources that are not ours"},
    {"--mode flood --flood-prefix 10.0.0.0/16", "sources that are not ours"},
    {"--mode flood --duration 8m", "60 minutes"},
    {"--mode flood --duration 1s --drain 10m", "60 minutes"},
    {TAP "--mode flood --flood-prefix 10.0.0.2/31", "7 to 30 bits"},
    {TAP "--mode flood --flood-prefix 10.0.0.0/30", "sources that are not ours"},
    {"--port tap:x --address 10.0.0.9/24 --target 10.0.0.2:80 --mode flood --flood-prefix "
     "10.0.0.0/29",
        "sources that are not the target's"},
    {TAP "--mode flood --syn-cookies never", "septet serve"},
    {TAP "--mode flood --defer-accept", "--defer-accept is of the embedded server"},
    {TAP "--mode flood --target 10.0.1.2:80 --gateway 10.0.0.9", "--flood-anywhere 10.0.1.2"},
    {TAP "--mode flood --target 10.0.1.2:80 --gateway 10.0.0.9 --flood-anywhere 10.0.1.3",
        "--flood-anywhere 10.0.1.2"},
    {"--port tap:x --address 9.9.9.1/24 --target 9.9.9.9:80 --mode flood",
        "--flood-anywhere 9.9.9.9"},
    {"--port pci:0000:00:05.0 --address 10.0.0.1/24 --target 10.0.0.2:80 --mode flood",
        "--flood-anywhere 10.0.0.2"},
    {"--port vdev:net_null0 --address 10.0.0.1/24 --target 10.0.0.2:80 --mode flood",
        "--flood-anywhere 10.0.0.2"},
};

static void
nonsense_is_refused_with_one_line_that_helps(void **state)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int rc = parse(refused[i].line);

		bench_options_free(&o);
		if (rc < 0 && strstr(error, refused[i].word) && !strchr(error, '\n'))
			continue;
		print_error("'%s': %d '%s'\n", refused[i].line, rc, error);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
other_ports_take_what_is_said(void **state)
{
	parse_well(TAP "--rate 1M");
	assert_int_equal(o.concurrency, BENCH_WINDOW_OPEN);
	parse_well(TAP);
	assert_int_equal(o.link.n_local, 1);
	assert_int_equal(o.n_target, 1);
	parse_well(TAP "--address fd00::1/64 --target [fd00::2]:80 --gateway 10.0.0.254 --hold");
	assert_int_equal(o.n_target, 2);
	assert_true(o.hold);
	assert_false(addr_is_zero(&o.link.port[0].gateway4));
	/* A server in another process may close by itself. */
	parse_well(TAP "--close server");
}

/* Each belongs to the port before it; of one port the order does not matter. */
static void
several_ports_have_their_own(void **state)
{
	parse_well("--vlan 7 --target 10.0.0.2:80 --address 10.0.0.1/24 --port tap:a --mtu 1400");
	assert_int_equal(o.link.port[0].vlan, 7);
	assert_int_equal(o.link.port[0].mtu, 1400);
	parse_well(
	    "--cores 2 " TAP "--vlan 7 --impair loss=1% --port af_packet:b --mtu 9000 --tso off "
	    "--receive-merging on "
	    "--address fd00::1/64 --address 10.1.0.1-10.1.0.4/24 --gateway 10.1.0.254 "
	    "--target [fd01::1]:80 --target 10.1.0.9:80 --gateway fd00::ff --quiet");
	assert_int_equal(o.link.n_ports, 2);
	assert_int_equal(o.link.port[0].vlan, 7);
	assert_int_equal(o.link.port[0].mtu, 1500);
	assert_int_equal(o.link.port[0].n_local, 1);
	assert_ptr_equal(o.link.port[0].impair, &o.link.of[0].impair);
	assert_int_equal(o.link.port[0].impair->rx.loss_ppm, 10000);
	assert_true(addr_is_zero(&o.link.port[0].gateway4));
	assert_int_equal(o.link.port[1].vlan, 0);
	assert_int_equal(o.link.port[1].mtu, 9000);
	assert_false(o.link.port[0].no_tso);
	assert_true(o.link.port[1].no_tso);
	assert_false(o.link.port[0].merge);
	assert_true(o.link.port[1].merge);
	assert_int_equal(o.link.port[1].n_local, 2);
	assert_ptr_equal(o.link.port[1].local, &o.link.local[1]);
	assert_null(o.link.port[1].impair);
	assert_false(addr_is_zero(&o.link.port[1].gateway4));
	assert_false(addr_is_zero(&o.link.port[1].gateway6));
	assert_int_equal(o.n_target, 3);
	assert_int_equal(o.target_port[0], 0);
	assert_int_equal(o.target_port[1], 1);
	assert_int_equal(o.target_port[2], 1);
	assert_int_equal(bench_options_queues(&o), 2);
	assert_int_equal(bench_options_engines(&o), 4);
	/* A source of each family for each target, on its own port. */
	assert_int_equal(predict_tuples(&o), (1 + 1 + 4) * 64512);
}

static void
sizes_follow_from_the_wishes(void **state)
{
	uint32_t silent;

	parse_well("--mode concurrent --connections 100000");
	silent = o.mbufs;
	parse_well("--mode concurrent --connections 100000 --traffic 1s");
	assert_true(o.mbufs > silent);
	parse_well("--close reset");
	assert_true(o.engine.timewait < BENCH_TIMEWAIT);
	parse_well("--timewait 5000 --mbufs 8192");
	assert_int_equal(o.engine.timewait, 5000);
	assert_int_equal(o.mbufs, 8192);
	/* Four cores of a memory port are two engines. */
	parse_well("--mode concurrent --connections 1000000 --cores 4");
	assert_int_equal(bench_options_engines(&o), 2);
	assert_true(o.engine.connections < 510000);
}

static void
ports_that_run_out_are_predicted(void **state)
{
	char text[256];

	/* 65,535 addresses: more tuples than there are TIME-WAIT records. */
	parse_well("--rate 1M");
	assert_true(predict_seconds(&o, predict_connections(&o)) < 0);
	/* One address: 64,512 ports are 65 ms of a million a second. */
	parse_well(TAP "--rate 1M");
	assert_int_equal(predict_tuples(&o), 64512);
	assert_true(fabs(predict_seconds(&o, 1e6) - 0.064512) < 1e-9);
	assert_true(predict_text(&o, 1e6, text, sizeof(text)));
	assert_non_null(strstr(text, "at 1000000 connections/s and 2MSL of 60 s the 64512 source"));
	assert_non_null(strstr(text, "last 0.065 s; add addresses (--address A-B/P) or shorten"));
	/* Each target has all of them. */
	parse_well(TAP "--target 10.0.0.3:80");
	assert_int_equal(predict_tuples(&o), 2 * 64512);
	/* A slow load gives them back in time; a run that is shorter does not care. */
	parse_well(TAP);
	assert_true(predict_seconds(&o, 1000) < 0);
	assert_true(predict_seconds(&o, 1100) > 0);
	assert_false(predict_text(&o, 1100, text, sizeof(text)));
	/* Who does not close first keeps no tuple; a short 2MSL keeps few. */
	parse_well(TAP "--close reset");
	assert_true(predict_seconds(&o, 1e6) < 0);
	parse_well(TAP "--msl 10ms");
	assert_true(predict_seconds(&o, 1e6) < 0);
	parse_well(TAP "--timewait 1000");
	assert_true(predict_seconds(&o, 1e6) < 0);
	/* In mode requests a connection serves several. */
	parse_well(TAP "--mode requests --requests 10 --rate 1M");
	assert_true(predict_connections(&o) == 1e5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_the_embedded_run),
	    cmocka_unit_test(help_shows_options_of_every_group),
	    cmocka_unit_test(target_chooses_the_family_of_the_embedded_link),
	    cmocka_unit_test(words_and_numbers_are_read),
	    cmocka_unit_test(a_flood_has_defaults),
	    cmocka_unit_test(a_flood_stays_where_it_may),
	    cmocka_unit_test(loss_recovery_is_chosen),
	    cmocka_unit_test(buffers_follow_the_largest_window),
	    cmocka_unit_test(modes_choose_what_is_said),
	    cmocka_unit_test(nonsense_is_refused_with_one_line_that_helps),
	    cmocka_unit_test(other_ports_take_what_is_said),
	    cmocka_unit_test(several_ports_have_their_own),
	    cmocka_unit_test(sizes_follow_from_the_wishes),
	    cmocka_unit_test(ports_that_run_out_are_predicted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
