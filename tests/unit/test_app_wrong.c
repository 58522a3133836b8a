/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wrong command lines and files: the program itself is run with each. It ends with 2 and says one
 * line, which names the fault and the value, what was expected, and what to do; EAL says nothing.
 * With --print the lines are for a person to read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_app_wrong.h"

#define WORDS       64
#define OUTPUT_SIZE 4096

/* What one run said. */
struct said {
	int code; /* of the exit; negative: a signal */
	char out[OUTPUT_SIZE], error[OUTPUT_SIZE];
};

static char program[PATH_MAX];
static char file[] = "/tmp/septet-wrong-XXXXXX";

/* build/tests/unit_app_wrong runs build/app/septet. */
static bool
program_find(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 32);
	char *slash;

	program[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 2; up++) {
		slash = strrchr(program, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	strcat(program, "/app/septet");
	return access(program, X_OK) == 0;
}

/* What the child said into 'fd', from its start; the file goes. */
static void
said_read(int fd, char text[OUTPUT_SIZE])
{
	ssize_t n = pread(fd, text, OUTPUT_SIZE - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* 'out' is its stdout, and closed; -1: what it says there is kept. */
static void
run(char *const argv[], int out, struct said *said)
{
	int error = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int status = 0;
	pid_t pid;

	if (out < 0)
		out = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(out >= 0 && error >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* One that is not refused must not run for ever. */
		alarm(20);
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(error, STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	said->code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	said_read(out, said->out);
	said_read(error, said->error);
}

/* Words of a row, in place: blanks separate, '' is an empty word, FILE the file's name. */
static void
words(char *text, char *argv[WORDS])
{
	char *save = NULL;
	int n = 0;

	argv[n++] = program;
	for (char *w = strtok_r(text, " ", &save); w && n < WORDS - 1;
	     w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "''") == 0)
			w[0] = '\0';
		argv[n++] = strcmp(w, "FILE") == 0 ? file : w;
	}
	argv[n] = NULL;
}

static void
file_write(const char *text, size_t size)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void
run_row(const struct wrong *w, struct said *said)
{
	char line[1024], *argv[WORDS];

	if (w->config)
		file_write(w->config, strlen(w->config));
	snprintf(line, sizeof(line), "%s", w->line);
	words(line, argv);
	run(argv, -1, said);
}

/* Who speaks: "septet serve: ", or the program where no subcommand could. */
static bool
begins_well(const struct wrong *w, const char *error)
{
	size_t n = strcspn(w->line, " ");
	bool command =
	    (n == 5 && (!strncmp(w->line, "serve", n) || !strncmp(w->line, "bench", n))) ||
	    (n == 6 && !strncmp(w->line, "bridge", n));
	char who[32];

	snprintf(who, sizeof(who), command ? "septet %.*s: " : "septet: ", (int)n, w->line);
	return strncmp(error, who, strlen(who)) == 0;
}

static bool
is_one_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && end[1] == '\0';
}

/* NULL, or what is wrong with the answer. */
static const char *
judge(const struct wrong *w, const struct said *said)
{
	if (said->code != 2)
		return "the exit code is not 2";
	if (said->out[0])
		return "something is on stdout";
	if (!is_one_line(said->error))
		return "not one line on stderr";
	if (!begins_well(w, said->error))
		return "it does not say who speaks";
	if (!strstr(said->error, w->fault))
		return "the fault is not named";
	if (!strstr(said->error, w->expected))
		return "what was expected is not said";
	if (!strstr(said->error, w->do_this))
		return "what to do is not said";
	if (strstr(said->error, "5ec7e7"))
		return "it tells the secret";
	return NULL;
}

static void
each_is_refused_by_one_line(void **state)
{
	unsigned int bad = 0;
	struct said said;

	for (size_t i = 0; i < n_wrongs; i++) {
		const char *why;

		run_row(&wrongs[i], &said);
		why = judge(&wrongs[i], &said);
		if (!why)
			continue;
		print_error("septet %s\n%s  %s (exit code %d)\n  %s\n", wrongs[i].line,
		    wrongs[i].config ? wrongs[i].config : "", why, said.code, said.error);
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* 'path' is refused as a secret, and none of it is told. */
static void
secret_is_refused(const char *path, const char *fault, const char *expected, const char *do_this)
{
	char line[256];
	const struct wrong w = {line, fault, expected, do_this, NULL};
	struct said said;
	const char *why;

	snprintf(line, sizeof(line), SERVE "--cookie-secret %s", path);
	run_row(&w, &said);
	why = judge(&w, &said);
	if (why)
		print_error("%s: %s (exit code %d)\n  %s\n", line, why, said.code, said.error);
	assert_null(why);
}

/* A file that others may read, or wrote, or that is none; and one whose end nobody sees. */
static void
secrets_of_the_wrong_kind(void **state)
{
	static const char good[] = SECRET_63 "4\n";
	static const mode_t open_modes[] = {0640, 0604, 0620, 0610, 0601, 0666};
	char other[64], text[600];

	file_write(good, strlen(good));
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
		assert_int_equal(chmod(file, open_modes[i]), 0);
		secret_is_refused(
		    file, "is open to others (mode 6", "of its owner alone", "'chmod 600'");
	}
	/* A link is not what counts, but what it leads to. */
	snprintf(other, sizeof(other), "%s.link", file);
	assert_int_equal(symlink(file, other), 0);
	secret_is_refused(
	    other, "is open to others (mode 666)", "of its owner alone", "'chmod 600'");
	assert_int_equal(chmod(file, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 65534, 65534), 0);
		secret_is_refused(file, "belongs to user 65534", "expected root's", "'chown' it");
		assert_int_equal(chown(file, 0, 0), 0);
	}
	assert_int_equal(unlink(other), 0);
	assert_int_equal(symlink("/nonexistent/secret", other), 0);
	secret_is_refused(other, "cannot be read: No such file", SECRET_WANTED);
	assert_int_equal(unlink(other), 0);
	/* Nobody writes into it: it must not be waited for. */
	assert_int_equal(mkfifo(other, 0600), 0);
	secret_is_refused(other, "is no regular file", SECRET_WANTED);
	assert_int_equal(unlink(other), 0);
	/* More behind many blanks, and behind a zero byte. */
	memset(text, ' ', sizeof(text));
	memcpy(text, good, strlen(good));
	memcpy(text + sizeof(text) - strlen(good), good, strlen(good));
	file_write(text, sizeof(text));
	secret_is_refused(file, "is too long", SECRET_WANTED);
	text[strlen(good)] = '\0';
	file_write(text, strlen(good) + 8);
	secret_is_refused(file, "holds something else than digits", SECRET_WANTED);
}

/* As the documents say, and with blanks and capitals: then it is the next option that is wrong. */
static void
secrets_that_are_well(void **state)
{
	static const char *const good[] = {(SECRET_63 "4"), ("\n" SECRET_63 "F\r\n\n"),
	    (" 5e c7 e7 5e c7 e7 5e c7 e7 5e c7 e7 5e c7 e7 5e\n"
	     " c7 e7 5e c7 e7 5e c7 e7 5e c7 e7 5e c7 e7 5e c7\n")};
	const struct wrong w = {SERVE "--cookie-secret FILE --syn-cookies x", "--syn-cookies 'x'",
	    "expected auto", "never", NULL};
	struct said said;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		file_write(good[i], strlen(good[i]));
		run_row(&w, &said);
		if (judge(&w, &said))
			print_error("%zu: %s: %s\n", i, judge(&w, &said), said.error);
		assert_null(judge(&w, &said));
	}
}

/* What no text in a table can say: bytes of zero, lines and numbers of entries beyond bounds. */
static void
files_that_are_no_text(void **state)
{
	static const char *const says[] = {"zero byte", "at most 320", "fewer in a section"};
	static char big[20 * 1100];
	struct said said;

	for (size_t i = 0; i < 3; i++) {
		const struct wrong w = {"bench --config FILE", says[i], "expected", "", NULL};
		size_t n = (size_t)sprintf(big, "[bench]\n");

		if (i == 0)
			n += (size_t)sprintf(big + n, "rate = 5%c\n", 0);
		for (int k = 0; i == 1 && k < 400; k++)
			n += (size_t)sprintf(big + n, "%c", k == 0 ? '#' : 'x');
		for (int k = 0; i == 2 && k < 1100; k++)
			n += (size_t)sprintf(big + n, "target=1.1.1.1:%d\n", 1 + k % 9);
		file_write(big, n);
		run_row(&w, &said);
		if (judge(&w, &said))
			print_error("%s: %d %s\n", judge(&w, &said), said.code, said.error);
		assert_null(judge(&w, &said));
	}
}

/* One line of zeros would be read into memory, all of it. */
static void
file_that_is_too_large(void **state)
{
	const struct wrong w = {"bench --config FILE", "has 8589934592 bytes",
	    "expected at most 1048576", "give a file of options", NULL};
	struct said said;

	assert_int_equal(truncate(file, INT64_C(1) << 33), 0);
	run_row(&w, &said);
	assert_int_equal(truncate(file, 0), 0);
	if (judge(&w, &said))
		print_error("%s: %d %s\n", judge(&w, &said), said.code, said.error);
	assert_null(judge(&w, &said));
}

/* The first bytes of it, and whether it is there. */
static bool
written(const char *path, char text[64])
{
	FILE *f = fopen(path, "r");
	size_t n;

	text[0] = '\0';
	if (!f)
		return false;
	n = fread(text, 1, 63, f);
	text[n] = '\0';
	fclose(f);
	return true;
}

/* A run that does not begin leaves what was there, and nothing that was not. */
static void
files_of_a_run_that_never_was(void **state)
{
	char bench[] = "bench", json[64], plot[128], odd[] = "--", rubbish[] = "--rubbish";
	char text[64], path[64];
	char *argv[] = {program, bench, json, plot, odd, rubbish, NULL};
	struct said said;

	snprintf(path, sizeof(path), "%s.new", file);
	snprintf(json, sizeof(json), "--json=%s", file);
	snprintf(plot, sizeof(plot), "--plot=%s", path);
	file_write("kept", 4);
	run(argv, -1, &said);
	assert_int_equal(said.code, 2);
	assert_true(written(file, text));
	assert_string_equal(text, "kept");
	assert_false(written(path, text));
	/* One file by two names. */
	snprintf(plot, sizeof(plot), "--plot=/tmp/.%s", strrchr(file, '/'));
	run(argv, -1, &said);
	assert_int_equal(said.code, 2);
	assert_non_null(strstr(said.error, "expected two files"));
}

/* What is printed does not land in the file that is opened in stdout's place. */
static void
closed_streams(void **state)
{
	char text[64], command[PATH_MAX + 256];
	struct said said;
	char shell[] = "/bin/sh", option[] = "-c", *argv[] = {shell, option, command, NULL};

	for (unsigned int i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
		    "exec %s bench --attempts 10 --quiet --timewait 1024 --mbufs 4096 --json %s "
		    ">&- %s",
		    program, file, i ? "2>&- <&-" : "");
		file_write("", 0);
		run(argv, -1, &said);
		assert_int_equal(said.code, 1);
		assert_true(written(file, text));
		assert_int_equal(text[0], '{');
		if (i == 0)
			assert_non_null(strstr(said.error, "did not all get there"));
	}
}

/* A line's end in a value does not make two lines. */
static void
control_characters_stay_on_the_line(void **state)
{
	char bench[] = "bench", rate[] = "--rate=5\n\x1b[2J6";
	char *argv[] = {program, bench, rate, NULL};
	struct said said;

	run(argv, -1, &said);
	assert_int_equal(said.code, 2);
	assert_true(is_one_line(said.error));
	assert_null(strchr(said.error, '\x1b'));
}

/* A run that went well and could not say so did not go well. */
static void
what_cannot_be_written_is_told(void **state)
{
	static const struct {
		const char *line, *says;
		bool full; /* stdout has no room */
	} cases[] = {
	    {"bench --attempts 10 --quiet --timewait 1024 --mbufs 4096",
	        "septet bench: what was printed did not all get there", true},
	    {"bench --help", "septet bench: what was printed did not all get there", true},
	    {"serve --help", "septet serve: what was printed did not all get there", true},
	    {"--help", "septet: what was printed did not all get there", true},
	    {"--version", "septet: what was printed did not all get there", true},
	    {"bench --attempts 10 --quiet --timewait 1024 --mbufs 4096 --json /dev/full",
	        "--json '/dev/full' could not be written: No space left on device", false},
	};
	struct said said;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[128], *argv[WORDS];

		snprintf(line, sizeof(line), "%s", cases[i].line);
		words(line, argv);
		run(argv, cases[i].full ? open("/dev/full", O_WRONLY | O_CLOEXEC) : -1, &said);
		if (said.code != 1 || !strstr(said.error, cases[i].says))
			print_error("%s: %d %s\n", cases[i].line, said.code, said.error);
		assert_int_equal(said.code, 1);
		assert_non_null(strstr(said.error, cases[i].says));
	}
}

static int
print_all(void)
{
	struct said said;

	for (size_t i = 0; i < n_wrongs; i++) {
		run_row(&wrongs[i], &said);
		printf("septet %s\n", wrongs[i].line);
		for (const char *c = wrongs[i].config; c && *c;
		     c = strchrnul(c, '\n'), c += *c != 0)
			printf("    | %.*s\n", (int)strcspn(c, "\n"), c);
		printf("  %d: %s%s", said.code, said.out, said.error);
	}
	printf("%zu rows\n", n_wrongs);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_refused_by_one_line),
	    cmocka_unit_test(secrets_of_the_wrong_kind),
	    cmocka_unit_test(secrets_that_are_well),
	    cmocka_unit_test(files_that_are_no_text),
	    cmocka_unit_test(file_that_is_too_large),
	    cmocka_unit_test(files_of_a_run_that_never_was),
	    cmocka_unit_test(closed_streams),
	    cmocka_unit_test(what_cannot_be_written_is_told),
	    cmocka_unit_test(control_characters_stay_on_the_line),
	};
	int fd, rc;

	if (!program_find()) {
		fprintf(stderr, "no program %s: build app/septet first\n", program);
		return 1;
	}
	fd = mkstemp(file);
	if (fd < 0)
		return 1;
	close(fd);
	rc = argc > 1 && strcmp(argv[1], "--print") == 0
	         ? print_all()
	         : cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return rc;
}
