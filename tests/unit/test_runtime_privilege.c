/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Privileges given up: by every thread, for good, or kept with a reason. Each case is a process of
 * its own, as what is given up does not come back. As root more of them can run.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_common.h>

#include <septet/runtime.h>

#define THREADS  4
#define SKIPPED  77
#define SOMEBODY 4321 /* no user has it */

/* In a child cmocka's assertions would go on with the parent's tests. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static char line[256], error[256];

static void
in_child(void (*what)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(20);
		unsetenv("SUDO_UID");
		unsetenv("SUDO_GID");
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

/* Of the machine or a container; the root of a user namespace is somebody else. */
static void
root_only(void)
{
	char map[64] = "";
	FILE *f = fopen("/proc/self/uid_map", "r");

	if (geteuid() != 0 || !f || !fgets(map, sizeof(map), f) || !strstr(map, " 4294967295"))
		_exit(SKIPPED);
	fclose(f);
}

static struct spt_runtime_port
port_make(const char *text)
{
	struct spt_runtime_port port = {0};

	CHECK(spt_port_spec_parse(text, &port.spec, error, sizeof(error)) == 0);
	return port;
}

static int
drop(const char *text, const char *user)
{
	struct spt_runtime_port port = port_make(text);

	line[0] = error[0] = '\0';
	return spt_privileges_drop(&port, 1, user, line, sizeof(line), error, sizeof(error));
}

static int
check(const char *text, const char *user)
{
	struct spt_runtime_port port = port_make(text);

	error[0] = '\0';
	return spt_privileges_check(&port, 1, user, error, sizeof(error));
}

static bool
says(const char *text, const char *part)
{
	if (strstr(text, part))
		return true;
	fprintf(stderr, "'%s' is not in '%s'\n", part, text);
	return false;
}

/* ---- threads --------------------------------------------------------------- */

static int pipe_of_threads[2];

/* As EAL's workers wait: they must not notice. */
static void *
thread_reads(void *arg)
{
	char c;

	CHECK(read(pipe_of_threads[0], &c, 1) == 0);
	return NULL;
}

static void *
thread_ends(void *arg)
{
	return NULL;
}

/* Has threads come and go all the time. */
static void *
thread_begins_others(void *arg)
{
	pthread_t id;

	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED)) {
		CHECK(pthread_create(&id, NULL, thread_ends, NULL) == 0);
		pthread_join(id, NULL);
	}
	return NULL;
}

/* Every thread's 'name:' line of /proc begins with 'value'. Returns how many there are. */
static unsigned int
tasks_say(const char *name, const char *value)
{
	unsigned int n = 0;
	struct dirent *entry;
	char path[300], text[256];
	DIR *dir = opendir("/proc/self/task");

	CHECK(dir);
	while ((entry = readdir(dir))) {
		bool found = false;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		if (entry->d_name[0] == '.' || !(f = fopen(path, "r")))
			continue;
		while (fgets(text, sizeof(text), f)) {
			if (strncmp(text, name, strlen(name)) != 0 || text[strlen(name)] != ':')
				continue;
			found = strncmp(text + strlen(name) + 2, value, strlen(value)) == 0;
			if (!found)
				fprintf(stderr, "thread %s: %s", entry->d_name, text);
		}
		fclose(f);
		CHECK(found);
		n++;
	}
	closedir(dir);
	return n;
}

static void
tasks_have_nothing(unsigned int least)
{
	CHECK(tasks_say("CapEff", "0000000000000000\n") >= least);
	CHECK(tasks_say("CapPrm", "0000000000000000\n") >= least);
	CHECK(tasks_say("CapInh", "0000000000000000\n") >= least);
	CHECK(tasks_say("CapAmb", "0000000000000000\n") >= least);
	CHECK(tasks_say("NoNewPrivs", "1\n") >= least);
}

/* 'how' with threads around, and afterwards they are all still there, without privileges. */
static void
with_threads(void (*how)(void), const char *ids)
{
	pthread_t id[THREADS], others;
	bool enough = false;
	unsigned int i;

	CHECK(pipe(pipe_of_threads) == 0);
	for (i = 0; i < THREADS; i++)
		CHECK(pthread_create(&id[i], NULL, thread_reads, NULL) == 0);
	CHECK(pthread_create(&others, NULL, thread_begins_others, &enough) == 0);
	how();
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	pthread_join(others, NULL);
	tasks_have_nothing(1 + THREADS);
	CHECK(tasks_say("Uid", ids) == 1 + THREADS);
	CHECK(tasks_say("Gid", ids) == 1 + THREADS);
	close(pipe_of_threads[1]);
	for (i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
}

static void
drop_capabilities(void)
{
	CHECK(drop("tap:spt0", NULL) == 0);
	CHECK(says(line, "privileges given up: no capabilities any more (user "));
}

/* ---- root ------------------------------------------------------------------ */

static void
drop_to_somebody(void)
{
	char groups[32];

	snprintf(groups, sizeof(groups), "%d", SOMEBODY);
	setenv("SUDO_UID", groups, 1);
	setenv("SUDO_GID", groups, 1);
	CHECK(drop("tap:spt0", NULL) == 0);
	CHECK(says(line, "user 4321 (4321:4321; who called sudo), no capabilities"));
	CHECK(getgroups(0, NULL) == 0);
}

static void
root_becomes_who_called_sudo(void)
{
	gid_t more[2] = {1, 2};

	root_only();
	CHECK(setgroups(2, more) == 0);
	with_threads(drop_to_somebody, "4321\t4321\t4321\t4321\n");
	CHECK(setresuid(0, 0, 0) != 0 && seteuid(0) != 0 && setgroups(0, NULL) != 0);
	CHECK(open("/proc/1/environ", O_RDONLY) < 0);
	CHECK(drop("tap:spt0", NULL) == 0);
	CHECK(says(line, "none to give up (user 4321)"));
	CHECK(drop("tap:spt0", "root") == -EPERM);
	CHECK(says(error, "user 'root': only root can become another user"));
}

static void
root_becomes_nobody(void)
{
	static const char *const none[][2] = {
	    {NULL, NULL}, {"0", "0"}, {"1000", NULL}, {"-1", "-1"}, {"1000x", "1000"}, {"", ""}};
	const struct passwd *nobody = getpwnam("nobody");

	root_only();
	for (unsigned int i = 0; i < RTE_DIM(none); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			if (none[i][0])
				setenv("SUDO_UID", none[i][0], 1);
			if (none[i][1])
				setenv("SUDO_GID", none[i][1], 1);
			CHECK(drop("af_packet:lo", NULL) == 0);
			CHECK(says(line, "user nobody ("));
			CHECK(getuid() == (nobody ? nobody->pw_uid : 65534));
			CHECK(getegid() == (nobody ? nobody->pw_gid : 65534));
			tasks_have_nothing(1);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

static void
root_becomes_whom_it_names(void)
{
	root_only();
	if (!getpwnam("daemon"))
		_exit(SKIPPED);
	setenv("SUDO_UID", "4321", 1);
	setenv("SUDO_GID", "4321", 1);
	CHECK(check("tap:spt0", "daemon") == 0);
	CHECK(drop("tap:spt0", "daemon") == 0);
	CHECK(says(line, "user daemon ("));
	CHECK(getuid() == getpwnam("daemon")->pw_uid);
	tasks_have_nothing(1);
}

static void
root_stays_root_if_asked(void)
{
	root_only();
	CHECK(drop("tap:spt0", "root") == 0);
	CHECK(says(line, "privileges kept (user root): as asked"));
	CHECK(getuid() == 0 && setgroups(0, NULL) == 0);
	CHECK(tasks_say("NoNewPrivs", "0\n") == 1);
}

/* These open sockets, bind or load programs later, or when they end. */
static void
root_stays_root_for_a_port(void)
{
	static const char *const ports[] = {"af_xdp:lo", "memif:/tmp/septet.sock,role=server",
	    "vhost:/tmp/septet.sock", "virtio_user:/tmp/septet.sock", "vdev:net_memif3,role=client",
	    "vdev:virtio_user0,path=/dev/vhost-net"};
	struct spt_runtime_port two[2];

	root_only();
	for (unsigned int i = 0; i < RTE_DIM(ports); i++) {
		CHECK(drop(ports[i], NULL) == 0);
		CHECK(says(line, "privileges kept (user root): port '"));
		CHECK(says(line, ports[i]));
		CHECK(getuid() == 0);
		/* But who names a user does not find himself root. */
		CHECK(check(ports[i], "nobody") == -EINVAL);
		CHECK(drop(ports[i], "nobody") == -EINVAL);
		CHECK(says(error, "user 'nobody': port '"));
		CHECK(getuid() == 0);
	}
	/* One of several is enough. */
	two[0] = port_make("tap:spt0");
	two[1] = port_make("memif:/tmp/septet.sock");
	CHECK(spt_privileges_drop(two, 2, NULL, line, sizeof(line), error, sizeof(error)) == 0);
	CHECK(says(line, "privileges kept (user root): port 'memif:/tmp/septet.sock'"));
	CHECK(getuid() == 0);
	/* While these need nothing. */
	two[1] = port_make("memory");
	CHECK(spt_privileges_drop(two, 2, NULL, line, sizeof(line), error, sizeof(error)) == 0);
	CHECK(getuid() != 0);
}

/* A thread that does not answer is not passed over in silence. */
static void *
thread_is_deaf(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static void
root_has_a_deaf_thread(void)
{
	bool deaf = false;
	pthread_t id;

	root_only();
	CHECK(pthread_create(&id, NULL, thread_is_deaf, &deaf) == 0);
	while (!__atomic_load_n(&deaf, __ATOMIC_ACQUIRE))
		sched_yield();
	CHECK(drop("tap:spt0", NULL) == -EPERM);
	CHECK(says(error, "could not be given up by every thread"));
}

/* Nor is one about which /proc cannot be asked: no file can be opened, but for the list. */
static void
root_cannot_look(void)
{
	struct rlimit files;
	bool deaf = false;
	pthread_t id;
	int lowest;

	root_only();
	CHECK(pthread_create(&id, NULL, thread_is_deaf, &deaf) == 0);
	while (!__atomic_load_n(&deaf, __ATOMIC_ACQUIRE))
		sched_yield();
	lowest = open("/dev/null", O_RDONLY);
	CHECK(lowest >= 0 && close(lowest) == 0);
	files.rlim_cur = files.rlim_max = (rlim_t)lowest + 1;
	setenv("SUDO_UID", "4321", 1);
	setenv("SUDO_GID", "4321", 1);
	CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
	CHECK(drop("tap:spt0", NULL) == -EPERM);
	CHECK(says(error, "could not be given up by every thread"));
}

static void
drop_one_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	CHECK(syscall(SYS_capget, &header, data) == 0);
	data[0].effective &= ~(UINT32_C(1) << capability);
	data[0].permitted &= ~(UINT32_C(1) << capability);
	CHECK(syscall(SYS_capset, &header, data) == 0);
}

/* As in a container that was left what the port needs, and no more. */
static void
root_cannot_become(void)
{
	static const unsigned int needed[] = {CAP_SETUID, CAP_SETGID, CAP_CHOWN};

	root_only();
	for (unsigned int i = 0; i < RTE_DIM(needed); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			drop_one_capability(needed[i]);
			if (getpwnam("daemon")) {
				CHECK(check("tap:spt0", "daemon") == -EPERM);
				CHECK(
				    says(error, "root lacks CAP_SETUID, CAP_SETGID or CAP_CHOWN"));
			}
			CHECK(check("tap:spt0", NULL) == 0);
			with_threads(drop_capabilities, "0\t0\t0\t0\n");
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

/* ---- others ---------------------------------------------------------------- */

static void
become_ordinary(void)
{
	if (geteuid() == 0)
		CHECK(setgroups(0, NULL) == 0 && setresgid(SOMEBODY, SOMEBODY, SOMEBODY) == 0 &&
		      setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	/* Else what is under /proc/self stays root's, and a namespace cannot be given its ids. */
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
}

static void
ordinary_user_has_none(void)
{
	become_ordinary();
	CHECK(check("tap:spt0", NULL) == 0);
	CHECK(drop("tap:spt0", NULL) == 0);
	CHECK(says(line, "privileges: none to give up (user "));
	CHECK(drop("memif:/tmp/septet.sock", NULL) == 0);
	CHECK(says(line, "privileges: none to give up (user "));
	CHECK(check("tap:spt0", "root") == -EPERM);
	CHECK(says(error, "user 'root': only root can become another user"));
}

static void
unknown_user(void)
{
	CHECK(check("tap:spt0", "no such user") == -EINVAL);
	CHECK(says(error, "user 'no such user': this machine knows no such user"));
	CHECK(drop("tap:spt0", "") == -EINVAL);
}

/* An ordinary user with capabilities, as of a user namespace or a file that has some. */
static void
capabilities_only(void)
{
	char ids[64];

	become_ordinary();
	if (unshare(CLONE_NEWUSER) != 0)
		_exit(SKIPPED);
	/* Nobody is mapped there: the ids are the overflow ones. */
	snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u\n", getuid(), getuid(), getuid(), getuid());
	CHECK(check("tap:spt0", "root") == -EPERM);
	CHECK(drop("memif:/tmp/septet.sock", NULL) == 0);
	CHECK(says(line, "privileges kept (user "));
	with_threads(drop_capabilities, ids);
	CHECK(drop("tap:spt0", NULL) == 0);
	CHECK(says(line, "none to give up"));
}

/* Its root: is root in name, and nobody outside knows of it. */
static void
root_of_a_namespace(void)
{
	unsigned int uid, gid;
	FILE *f;

	become_ordinary();
	uid = getuid();
	gid = getgid();
	if (unshare(CLONE_NEWUSER) != 0)
		_exit(SKIPPED);
	CHECK((f = fopen("/proc/self/setgroups", "w")) && fputs("deny", f) > 0 && fclose(f) == 0);
	CHECK((f = fopen("/proc/self/gid_map", "w")) && fprintf(f, "0 %u 1", gid) > 0 &&
	      fclose(f) == 0);
	CHECK((f = fopen("/proc/self/uid_map", "w")) && fprintf(f, "0 %u 1", uid) > 0 &&
	      fclose(f) == 0);
	CHECK(getuid() == 0);
	if (getpwnam("nobody")) {
		CHECK(check("tap:spt0", "nobody") == -EPERM);
		CHECK(says(error, "user 'nobody': in a user namespace"));
	}
	with_threads(drop_capabilities, "0\t0\t0\t0\n");
}

#define CASE(name)                                                                                 \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		in_child(name);                                                                    \
	}

CASE(root_becomes_who_called_sudo)
CASE(root_becomes_nobody)
CASE(root_becomes_whom_it_names)
CASE(root_stays_root_if_asked)
CASE(root_stays_root_for_a_port)
CASE(root_has_a_deaf_thread)
CASE(root_cannot_look)
CASE(root_cannot_become)
CASE(ordinary_user_has_none)
CASE(unknown_user)
CASE(capabilities_only)
CASE(root_of_a_namespace)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_root_becomes_who_called_sudo),
	    cmocka_unit_test(test_root_becomes_nobody),
	    cmocka_unit_test(test_root_becomes_whom_it_names),
	    cmocka_unit_test(test_root_stays_root_if_asked),
	    cmocka_unit_test(test_root_stays_root_for_a_port),
	    cmocka_unit_test(test_root_has_a_deaf_thread),
	    cmocka_unit_test(test_root_cannot_look),
	    cmocka_unit_test(test_root_cannot_become),
	    cmocka_unit_test(test_ordinary_user_has_none),
	    cmocka_unit_test(test_unknown_user),
	    cmocka_unit_test(test_capabilities_only),
	    cmocka_unit_test(test_root_of_a_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
