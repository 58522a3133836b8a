/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file: the example of docs/config.md, what a file may look like, and what the
 * command line does to what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/addr.h"
#include "bench/check.h"
#include "serve/serve.h"

#define WORDS 24

static struct serve_options s;
static struct bench_options b;
static char error[512], line[512];
static char directory[] = "/tmp/septet-config-XXXXXX";

static void
file_write(const char *text)
{
	FILE *f = fopen("test.ini", "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* --config test.ini and the words of 'text'. */
static int
words(const char *text, char *argv[WORDS])
{
	static char option[] = "--config=test.ini";
	char *save = NULL;
	int argc = 0;

	snprintf(line, sizeof(line), "%s", text);
	argv[argc++] = option;
	for (char *w = strtok_r(line, " ", &save); w && argc < WORDS;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	error[0] = '\0';
	return argc;
}

static void
serve_well(const char *file, const char *text)
{
	char *argv[WORDS];

	serve_options_free(&s);
	if (file)
		file_write(file);
	if (serve_options_parse(&s, words(text, argv), argv, error, sizeof(error)) != 0)
		print_error("%s\n", error);
	assert_string_equal(error, "");
}

static void
bench_well(const char *file, const char *text)
{
	char *argv[WORDS];

	bench_options_free(&b);
	if (file)
		file_write(file);
	if (bench_options_parse(&b, words(text, argv), argv, error, sizeof(error)) != 0)
		print_error("%s\n", error);
	assert_string_equal(error, "");
}

static void
bench_refused(const char *file, const char *text, const char *says)
{
	char *argv[WORDS];

	bench_options_free(&b);
	file_write(file);
	assert_true(bench_options_parse(&b, words(text, argv), argv, error, sizeof(error)) < 0);
	if (!strstr(error, says))
		print_error("%s\n", error);
	assert_non_null(strstr(error, says));
}

/* docs/config.md, beside this file's directory; compilers call it by a path from the build's. */
static FILE *
document(void)
{
	char path[PATH_MAX], *file = NULL;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	FILE *f;

	path[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 2; up++)
		*strrchr(path, '/') = '\0';
	assert_true(asprintf(&file, "%s%s%s", __FILE__[0] == '/' ? "" : path,
	                __FILE__[0] == '/' ? "" : "/", __FILE__) > 0);
	*strrchr(file, '/') = '\0';
	snprintf(path, sizeof(path), "%s/../../docs/config.md", file);
	f = fopen(path, "r");
	free(file);
	return f;
}

static void
example_of_the_documentation(void **state)
{
	FILE *in = document(), *out = fopen("test.ini", "w");
	bool inside = false;
	char text[512];
	size_t n = 0;

	assert_non_null(in);
	while (fgets(text, sizeof(text), in)) {
		if (strncmp(text, "```", 3) == 0)
			inside = strcmp(text, "```ini\n") == 0;
		else if (inside)
			n += fputs(text, out) >= 0;
	}
	fclose(in);
	fclose(out);
	assert_true(n > 20);
	serve_well(NULL, "");
	assert_int_equal(s.link.n_ports, 2);
	assert_int_equal(s.link.port[0].n_local, 2);
	assert_int_equal(s.link.port[1].vlan, 100);
	assert_int_equal(s.link.port[1].impair->rx.delay_ns, 5000000);
	assert_int_equal(s.n_listen, 2);
	assert_int_equal(s.listen[0].port, -1);
	assert_int_equal(s.listen[1].port, 0);
	assert_true(s.link.quiet);
	assert_int_equal(access("serve.json", F_OK), 0);
	/* It can run: a memif port keeps its privileges, so there must be no user. */
	assert_int_equal(
	    spt_privileges_check(s.link.port, s.link.n_ports, s.link.user, error, sizeof(error)),
	    0);
	bench_well(NULL, "");
	assert_int_equal(b.n_target, 1);
	assert_true(b.rate == 50e3 && b.verify);
}

static void
file_as_people_write_them(void **state)
{
	bench_well("\n  # first a comment\r\n[ bench ]  # the heading\r\n\t rate=  5K\r\n"
	           "verify = OFF\n impair = loss=2%,delay=20ms # of both ways\nquiet = 1",
	    "");
	assert_true(b.rate == 5e3);
	assert_false(b.verify);
	assert_true(b.link.quiet);
	assert_string_equal(b.link.of[0].impair_text, "loss=2%,delay=20ms");
	/* A listener's connections are of the same rows as a client's. */
	serve_well("[serve]\nport = memif:/x\naddress = 10.0.0.1/24\nlisten = echo:7\n"
	           "congestion = newreno\necn = never\nno-sack = yes\nreceive-buffer-max = 2M\n",
	    "--ecn ask");
	assert_int_equal(s.conn.conn.congestion, SPT_CONGESTION_NEWRENO);
	assert_int_equal(s.conn.conn.ecn, SPT_ECN_ASK);
	assert_true(s.conn.conn.no_sack);
	assert_int_equal(s.conn.conn.receive_buffer_max, 2 << 20);
	/* The other's keys are not looked at. */
	bench_well("[serve]\nno-such-key = 5\n[bench]\nrate = 6\n", "");
	assert_true(b.rate == 6);
	/* An empty section is all defaults. */
	bench_well("[bench]\n", "");
	assert_string_equal(b.link.port[0].spec.text, "memory");
}

static void
lengths_at_their_bounds(void **state)
{
	char text[700], path[300];

	/* A value of 255 characters, in a line of 320. */
	memset(path, 'x', sizeof(path));
	memcpy(path, "http:/", 6);
	path[255] = '\0';
	snprintf(text, sizeof(text), "[bench]\nrequest =%*s%s\n", 320 - 9 - 255, "", path);
	bench_well(text, "");
	assert_int_equal(strlen(b.path), 250);
	path[255] = 'x';
	path[256] = '\0';
	snprintf(text, sizeof(text), "[bench]\nrequest = %s\n", path);
	bench_refused(text, "", "line 2: the value of 'request' is too long");
	path[255] = '\0';
	snprintf(text, sizeof(text), "[bench]\nrequest =%*s%s\n", 321 - 9 - 255, "", path);
	bench_refused(text, "", "line 2: 321 characters: expected at most 320");
}

static const char two_ports[] = "[bench]\nport = tap:a\naddress = 10.0.0.1/24\n"
                                "target = 10.0.0.2:80\nport = tap:b\naddress = 10.1.0.1/24\n"
                                "target = 10.1.0.2:80\nrate = 5\n";
static const char one_port[] = "[bench]\nmtu = 1400\nport = tap:a\naddress = 10.0.0.1/24\n"
                               "target = 10.0.0.2:80\ngateway = 10.0.0.254\nimpair = loss=1%\n";

static void
command_line_wins_where_there_is_one(void **state)
{
	bench_well("[bench]\nrate = 5\nmode = requests\nquiet = yes\nrequest = http:/a\n",
	    "--rate 7 --quiet=no --request echo");
	assert_true(b.rate == 7);
	assert_int_equal(b.mode, MODE_REQUESTS);
	assert_false(b.link.quiet);
	assert_int_equal(b.exchange, EXCHANGE_ECHO);
	assert_string_equal(b.path, "/");
	/* Of the file's only port too. */
	bench_well(
	    one_port, "--mtu 1300 --gateway 10.0.0.253 --gateway fe80::1 --impair delay=1ms");
	assert_int_equal(b.link.port[0].mtu, 1300);
	assert_int_equal(b.link.port[0].gateway4.b[15], 253);
	assert_int_equal(b.link.port[0].gateway6.b[15], 1);
	assert_int_equal(b.link.port[0].impair->rx.loss_ppm, 0);
	assert_int_equal(b.link.port[0].impair->rx.delay_ns, 1000000);
	bench_refused(one_port, "--mtu 1300 --mtu 1301", "--mtu '1301' is the second of tap:a");
}

static void
command_line_adds_where_there_are_many(void **state)
{
	bench_well(one_port, "--address 10.0.0.5/24 --target 10.0.0.3:80");
	assert_int_equal(b.link.n_ports, 1);
	assert_int_equal(b.link.port[0].n_local, 2);
	assert_int_equal(b.n_target, 2);
	assert_int_equal(b.link.port[0].mtu, 1400);
	bench_refused(two_ports, "--target 10.0.0.3:80", "The file has 2 ports");
	serve_well("[serve]\nport=tap:a\naddress=10.0.0.1/24\nlisten=http:80\n", "--listen echo:7");
	assert_int_equal(s.n_listen, 2);
}

static void
ports_of_the_command_line_replace_those_of_the_file(void **state)
{
	bench_well(two_ports, "--port tap:c --address 10.2.0.1/24 --target 10.2.0.2:80");
	assert_int_equal(b.link.n_ports, 1);
	assert_string_equal(b.link.port[0].spec.text, "tap:c");
	assert_int_equal(b.link.n_local, 1);
	assert_int_equal(b.n_target, 1);
	assert_int_equal(b.target_port[0], 0);
	assert_true(b.rate == 5);
	/* In front of it, where it is the only one. */
	bench_well(two_ports, "--vlan 9 --address 10.2.0.1/24 --port tap:c --target 10.2.0.2:80");
	assert_int_equal(b.link.port[0].vlan, 9);
	assert_int_equal(b.link.port[0].n_local, 1);
	bench_refused(two_ports, "--port tap:c", "--port 'tap:c' has no --address");
	/* A file without a port says who we are behind any. */
	bench_well("[bench]\naddress = 10.2.0.1/24\ntarget = 10.2.0.2:80\n", "--port tap:c");
	assert_int_equal(b.link.port[0].n_local, 1);
	assert_int_equal(b.n_target, 1);
	bench_refused("[bench]\naddress = 10.2.0.1/24\n", "--port tap:c --port tap:d",
	    "'tap:d' is the second, but --address stands before the first");
}

static int
set_up(void **state)
{
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	serve_options_free(&s);
	bench_options_free(&b);
	unlink("test.ini");
	unlink("serve.json");
	unlink("bench.json");
	return chdir("/") == 0 ? rmdir(directory) : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(example_of_the_documentation),
	    cmocka_unit_test(file_as_people_write_them),
	    cmocka_unit_test(lengths_at_their_bounds),
	    cmocka_unit_test(command_line_wins_where_there_is_one),
	    cmocka_unit_test(command_line_adds_where_there_are_many),
	    cmocka_unit_test(ports_of_the_command_line_replace_those_of_the_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
