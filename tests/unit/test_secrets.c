/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Secrets do not leave. All writable memory of a process is read through /proc and searched for the
 * master secret, the shared secret of cookies and every key derived from them: of an engine that
 * has answered SYNs by cookies through changes of the epoch, and of `septet serve --cookie-secret`.
 * Keys may lie only in mappings that core dumps leave out (MADV_DONTDUMP: "dd" of VmFlags),
 * secrets nowhere. Nor are they in what is told: statistics, states, the summary, JSON.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <base/addr.h>
#include <engine/engine.h>
#include <lib/env.h>
#include <lib/packet.h>
#include <port/port.h>

#define PAGE         4096
#define SECRET       32
#define MAPPINGS     4096
#define NEEDLES      64
#define SYNS         200
#define EPOCHS       4
#define OUTPUT_BYTES 65536
/* Of a sanitizer: where nothing of the program's lies. */
#define SHADOW (UINT64_C(1) << 36)

/* Eight bytes of a secret or key, complemented: the list must not be what it looks for. */
struct needle {
	const char *name;
	uint64_t not ;
	bool key; /* may lie in memory that is left out of core dumps */
	unsigned int hidden, open;
};

struct mapping {
	uint64_t from, to;
	bool writable, hidden;
	char name[80];
};

/* The caller's own input, which it may keep: in pages that are not searched. */
struct input {
	uint8_t master[SECRET], shared[SECRET], page[16 * PAGE];
	struct spt_config config;
	struct spt_local local;
};

static struct input *input;
static struct needle needle[NEEDLES];
static unsigned int n_needles;
static uint8_t filter[1 << 16]; /* by the low bits of a needle */
static struct mapping mapping[MAPPINGS];
static char where[400]; /* the first find in open memory */

/* What an engine told, for the search to look through. */
static struct {
	struct spt_stats stats;
	struct spt_defence defence;
	struct spt_conn_info info[SYNS];
	unsigned int n_infos;
} told;

/* ---- what is looked for ---------------------------------------------------------------- */

static void
look_for(const char *name, const void *bytes, size_t length, bool key)
{
	for (size_t i = 0; i + 8 <= length; i += 8) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)bytes + i, sizeof(word));
		if (word == 0) /* an epoch's key that is not derived yet */
			continue;
		assert_true(n_needles < NEEDLES);
		filter[word & 0xffff] = 1;
		needle[n_needles++] = (struct needle){.name = name, .not = ~word, .key = key};
	}
}

static void
look_for_keys(const struct spt_engine *e, bool shared_only)
{
	const struct tcp_secrets *s = &e->tcp.secrets;

	look_for("cookies' secret", &s->cookie, sizeof(s->cookie), true);
	look_for("timestamps' key", &s->ts, sizeof(s->ts), true);
	look_for("an epoch's key", e->tcp.cookie.key, sizeof(e->tcp.cookie.key), true);
	if (shared_only)
		return;
	look_for("initial sequence numbers' key", &s->isn, sizeof(s->isn), true);
	look_for("flow table's key", &s->flow, sizeof(s->flow), true);
	look_for("neighbours' key", &s->net, sizeof(s->net), true);
	look_for("source ports' key", &s->ports, sizeof(s->ports), true);
}

static void
look_for_nothing(void)
{
	n_needles = 0;
	memset(filter, 0, sizeof(filter));
	where[0] = '\0';
}

/* ---- the search -------------------------------------------------------------------------- */

static FILE *
proc_open(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "r");
}

/* /proc/PID/smaps into 'mapping'. */
static unsigned int
mappings_read(pid_t pid)
{
	FILE *f = proc_open(pid, "smaps");
	unsigned int n = 0;
	char line[512], rights[8];
	uint64_t from, to;
	int at;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n", &from, &to, rights,
		        &at) == 3) {
			assert_true(n < MAPPINGS);
			mapping[n] =
			    (struct mapping){.from = from, .to = to, .writable = rights[1] == 'w'};
			snprintf(mapping[n].name, sizeof(mapping[n].name), "%s", line + at);
			mapping[n].name[strcspn(mapping[n].name, "\n")] = '\0';
			n++;
		} else if (n > 0 && strncmp(line, "VmFlags:", 8) == 0) {
			mapping[n - 1].hidden = strstr(line, " dd") != NULL;
		}
	}
	fclose(f);
	return n;
}

static void
found(struct needle *k, const struct mapping *m, uint64_t at)
{
	if (m->hidden && k->key) {
		k->hidden++;
		return;
	}
	k->open++;
	if (where[0] == '\0')
		snprintf(where, sizeof(where),
		    "%s at %#" PRIx64 ", in %#" PRIx64 "-%#" PRIx64 " %s", k->name, at, m->from,
		    m->to, m->name);
}

struct word {
	uint64_t value;
} __attribute__((packed));

static void
search_bytes(const struct mapping *m, uint64_t at, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i++) {
		uint64_t word = ((const struct word *)(const void *)(bytes + i))->value;

		if (!filter[word & 0xffff])
			continue;
		for (unsigned int k = 0; k < n_needles; k++)
			if (word == ~needle[k].not )
				found(&needle[k], m, at + i);
	}
}

/* Pages that are there; what of a page's end may go on in the next one is read again with it. */
static void
search_mapping(const struct mapping *m, int memory, int pagemap)
{
	static uint64_t entry[4096];
	uint8_t *page = input->page; /* not searched itself */

	for (uint64_t at = m->from; at < m->to; at += sizeof(entry) / 8 * PAGE) {
		ssize_t got = pread(pagemap, entry, sizeof(entry), (off_t)(at / PAGE * 8));

		for (ssize_t i = 0; i < got / 8 && at + (uint64_t)i * PAGE < m->to; i++) {
			uint64_t from = at + (uint64_t)i * PAGE, before = from > m->from ? 7 : 0;
			ssize_t n;

			if (!(entry[i] >> 62)) /* neither present nor swapped */
				continue;
			n = pread(memory, page, (size_t)(PAGE + before), (off_t)(from - before));
			if (n > 0)
				search_bytes(m, from - before, page, (size_t)n);
		}
	}
}

/* 0, or a negative errno: this process may not look into that one. */
static int
search(pid_t pid)
{
	FILE *memory = proc_open(pid, "mem"), *pagemap = proc_open(pid, "pagemap");
	unsigned int n;

	if (!memory || !pagemap) {
		int error = -errno;

		if (memory)
			fclose(memory);
		return error;
	}
	n = mappings_read(pid);
	for (unsigned int i = 0; i < n; i++) {
		const struct mapping *m = &mapping[i];
		bool ours = pid == getpid() &&
		            (strcmp(m->name, "[stack]") == 0 || m->from == (uintptr_t)input);

		if (m->writable && !ours && m->to - m->from < SHADOW)
			search_mapping(m, fileno(memory), fileno(pagemap));
	}
	fclose(memory);
	fclose(pagemap);
	return 0;
}

static void
assert_kept(void)
{
	for (unsigned int i = 0; i < n_needles; i++)
		if (needle[i].open)
			fail_msg("%s", where);
}

/* The search finds what it should: each key lies where it is used, hidden. */
static void
assert_keys_found(void)
{
	for (unsigned int i = 0; i < n_needles; i++)
		if (needle[i].key && needle[i].hidden == 0)
			fail_msg("%s was found nowhere", needle[i].name);
}

/* A mapping of its own: guards keep the kernel from joining it with its neighbours. */
static void *
map_alone(size_t bytes)
{
	size_t whole = (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
	uint8_t *m = mmap(NULL, whole + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED || mprotect(m + PAGE, whole, PROT_READ | PROT_WRITE) != 0) {
		fprintf(stderr, "no memory\n");
		exit(2);
	}
	return m + PAGE;
}

/* ---- an engine ----------------------------------------------------------------------------- */

static struct {
	struct spt_port *port[2];
	struct rte_mempool *pool;
	struct spt_engine *engine;
	spt_time now;
} world;

static void
engine_inject(unsigned int i, uint8_t flags)
{
	static uint8_t flat[PACKET_MAX];
	struct packet p = {.family = 4,
	    .eth_src = world.port[0]->mac,
	    .eth_dst = world.port[1]->mac,
	    .src = addr_from_v4(RTE_BE32(0x0a000002)),
	    .dst = input->local.first,
	    .sport = (uint16_t)(2000 + i),
	    .dport = 7,
	    .seq = 1000 * i,
	    .flags = flags,
	    .wnd = 1000};
	struct rte_mbuf *m = packet_mbuf(world.pool, flat, packet_build(&p, flat));

	assert_int_equal(port_tx(world.port[0], world.now, &m, 1), 1);
}

static void
engine_turns(void)
{
	struct spt_event events[PORT_BURST];
	struct rte_mbuf *m[PORT_BURST];
	unsigned int n;

	for (unsigned int turn = 0; turn < 10; turn++) {
		spt_poll(world.engine, world.now, events, PORT_BURST);
		world.now += SPT_NS_PER_US;
		while ((n = port_rx(world.port[0], world.now, m, PORT_BURST)) > 0)
			rte_pktmbuf_free_bulk(m, n);
	}
}

/* SYNs through four epochs, a few forged ACKs among them, and what is told then. */
static void
engine_lives(void)
{
	struct spt_listen_options options = {0};
	struct spt_endpoint any = {.port = 7};
	uint64_t cursor = 0;

	assert_int_equal(spt_listen(world.engine, &any, &options), 0);
	for (unsigned int epoch = 0; epoch < EPOCHS; epoch++) {
		for (unsigned int i = 0; i < SYNS; i++) {
			engine_inject(i, P_SYN);
			if (i % 16 == 0)
				engine_inject(i, P_ACK);
			engine_turns();
		}
		world.now += 64 * SPT_NS_PER_SEC;
		engine_turns();
	}
	spt_engine_stats(world.engine, &told.stats);
	spt_engine_defence(world.engine, &told.defence);
	told.n_infos = spt_engine_walk(world.engine, &cursor, told.info, SYNS);
}

static void
secrets_draw(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	world.now = (spt_time)t.tv_sec * SPT_NS_PER_SEC + (spt_time)t.tv_nsec;
	clock_gettime(CLOCK_REALTIME, &t);
	assert_int_equal(getentropy(input->master, SECRET), 0);
	assert_int_equal(getentropy(input->shared, SECRET), 0);
	memcpy(input->config.master_secret, input->master, SECRET);
	input->config.cookie_secret = input->shared;
	input->config.wall_offset =
	    (uint64_t)t.tv_sec * SPT_NS_PER_SEC + (uint64_t)t.tv_nsec - world.now;
}

static void
world_create(enum spt_syn_cookies cookies)
{
	static unsigned int number;
	char name[24];
	struct spt_memory_pair_config pair = {.name = name, .ring_size = 1024, .socket = -1};
	char error[200] = "";

	snprintf(name, sizeof(name), "secrets%u", number++);
	world.pool = env_pool_create(2047);
	pair.pool[0] = pair.pool[1] = world.pool;
	assert_int_equal(spt_port_memory_pair_create(&pair, world.port), 0);
	input->local = (struct spt_local){
	    .first = addr_from_v4(RTE_BE32(0x0a000001)), .count = 1, .prefix = 24};
	input->config = (struct spt_config){.local = &input->local,
	    .n_local = 1,
	    .pool = world.pool,
	    .socket = -1,
	    .connections = 1024,
	    .syn_cookies = cookies};
	secrets_draw();
	if (spt_engine_create(
	        &input->config, world.port[1], world.now, &world.engine, error, sizeof(error)) != 0)
		fail_msg("%s", error);
}

static void
world_destroy(void)
{
	spt_engine_destroy(world.engine);
	spt_port_destroy(world.port[0]);
	spt_port_destroy(world.port[1]);
	env_pool_destroy(world.pool);
	memset(&world, 0, sizeof(world));
}

static void
engine_keeps(enum spt_syn_cookies cookies)
{
	look_for_nothing();
	memset(&told, 0, sizeof(told));
	world_create(cookies);
	engine_lives();
	look_for("the master secret", input->master, SECRET, false);
	look_for("the shared secret", input->shared, SECRET, false);
	look_for_keys(world.engine, false);
	assert_int_equal(search(getpid()), 0);
	assert_kept();
	assert_keys_found();
	/* What was mapped is unmapped: nothing is left anywhere. */
	world_destroy();
	for (unsigned int i = 0; i < n_needles; i++)
		needle[i].hidden = needle[i].open = 0;
	assert_int_equal(search(getpid()), 0);
	assert_kept();
	for (unsigned int i = 0; i < n_needles; i++)
		assert_int_equal(needle[i].hidden, 0);
}

static void
test_engine_with_cookies(void **state)
{
	engine_keeps(SPT_COOKIES_ALWAYS);
	assert_int_equal(told.stats.verdict[SPT_V_TCP_SYN_COOKIE], EPOCHS * SYNS);
}

static void
test_engine_with_records(void **state)
{
	engine_keeps(SPT_COOKIES_NEVER);
	assert_int_not_equal(told.n_infos, 0);
}

/* ---- the program --------------------------------------------------------------------------- */

static struct {
	pid_t pid;
	int out; /* its standard output and error */
	char secret[40], json[40];
	char said[OUTPUT_BYTES];
	size_t n;
} run;

/* What it says, up to 'word' or its end. */
static bool
program_says(const char *word)
{
	ssize_t n;

	while (!word || !strstr(run.said, word)) {
		n = read(run.out, run.said + run.n, sizeof(run.said) - 1 - run.n);
		if (n <= 0)
			return !word;
		run.n += (size_t)n;
		run.said[run.n] = '\0';
	}
	return true;
}

/* build/tests/unit_secrets runs build/app/septet. */
static void
program_path(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 32);

	path[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(path, '/');

		assert_non_null(slash);
		*slash = '\0';
	}
	strcat(path, "/app/septet");
}

static void
program_start(void)
{
	char path[PATH_MAX], *const argv[] = {path, (char[]){"serve"}, (char[]){"--port"},
	                         (char[]){"vdev:net_null0,no-rx=1"}, (char[]){"--address"},
	                         (char[]){"10.0.0.1/24"}, (char[]){"--listen"}, (char[]){"echo:7"},
	                         (char[]){"--cookie-secret"}, run.secret, (char[]){"--json"},
	                         run.json, NULL};
	int ends[2];

	program_path(path);
	assert_int_equal(pipe(ends), 0);
	run.pid = fork();
	assert_true(run.pid >= 0);
	if (run.pid == 0) {
		alarm(60); /* it never outlives a test that failed */
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(ends[1]);
	run.out = ends[0];
}

static void
secret_write(void)
{
	int fd;

	strcpy(run.secret, "/tmp/septet-secret-XXXXXX");
	strcpy(run.json, "/tmp/septet-json-XXXXXX");
	fd = mkstemp(run.secret);
	assert_true(fd >= 0);
	for (unsigned int i = 0; i < SECRET; i++)
		dprintf(fd, "%02x", input->shared[i]);
	close(fd);
	fd = mkstemp(run.json);
	assert_true(fd >= 0);
	close(fd);
}

/* The summary and JSON: lower case, and without what may stand between digits. */
static void
said_plainly(void)
{
	FILE *f = fopen(run.json, "r");
	size_t n = 0;

	assert_non_null(f);
	run.n += fread(run.said + run.n, 1, sizeof(run.said) - 1 - run.n, f);
	fclose(f);
	assert_true(run.n < sizeof(run.said) - 1);
	for (size_t i = 0; i < run.n; i++)
		if (!strchr(" ,:-\n", run.said[i]))
			run.said[n++] = (char)tolower((unsigned char)run.said[i]);
	run.said[n] = '\0';
}

/* Neither its digits, four bytes of them, nor its words as numbers, nor the bytes themselves. */
static void
assert_not_said(void)
{
	for (unsigned int k = 0; k < n_needles; k++) {
		uint64_t word = ~needle[k].not ;
		const uint8_t *bytes = (const uint8_t *)&word;
		char text[24];

		assert_null(memmem(run.said, run.n, &word, sizeof(word)));
		snprintf(text, sizeof(text), "%" PRIu64, word);
		assert_null(strstr(run.said, text));
		snprintf(text, sizeof(text), "%" PRIx64, word);
		assert_null(strstr(run.said, text));
		for (unsigned int i = 0; i < 5; i++) {
			snprintf(text, sizeof(text), "%02x%02x%02x%02x", bytes[i], bytes[i + 1],
			    bytes[i + 2], bytes[i + 3]);
			assert_null(strstr(run.said, text));
		}
	}
}

/* An engine of our own with the same secret has the same keys, which is how we know them. */
static void
test_program(void **state)
{
	time_t epoch = time(NULL) / 64;
	int status, rc;

	look_for_nothing();
	memset(&run, 0, sizeof(run));
	world_create(SPT_COOKIES_AUTO);
	look_for("the shared secret", input->shared, SECRET, false);
	look_for_keys(world.engine, true);
	world_destroy();
	secret_write();
	program_start();
	if (!program_says("\nready\n"))
		fail_msg("septet serve did not start: %s", run.said);
	unlink(run.secret);
	rc = search(run.pid);
	kill(run.pid, SIGTERM);
	assert_true(program_says(NULL));
	assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
	assert_int_equal(status, 0);
	said_plainly();
	unlink(run.json);
	assert_not_said();
	if (rc == -EPERM || rc == -EACCES) {
		fprintf(stderr, "skipped: another process's memory may not be read here\n");
		return;
	}
	assert_int_equal(rc, 0);
	assert_kept();
	if (time(NULL) / 64 == epoch) /* else it may have keys of another one */
		assert_keys_found();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_engine_with_cookies),
	    cmocka_unit_test(test_engine_with_records),
	    cmocka_unit_test(test_program),
	};

	input = map_alone(sizeof(*input));
	return cmocka_run_group_tests(tests, env_group_setup, NULL);
}
