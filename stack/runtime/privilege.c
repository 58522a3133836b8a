/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Privileges are for opening ports. Once these are open a program that reads what strangers send
 * needs none, so we become an ordinary user, for good, with all threads: EAL has started some by
 * then. glibc changes the ids of all at once; capabilities and no_new_privs the kernel keeps for
 * each thread, and only the thread itself can give them up, so each is sent a signal. What came
 * of it is read from /proc, and not believed before.
 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include <septet/runtime.h>

#include "core.h"

#define PRIVILEGE_OVERFLOW 65534 /* nobody's number, should it have no name */
#define PRIVILEGE_TRIES    200
#define PRIVILEGE_PAUSE_NS 1000000
/* Ignored by those who have no handler, so that one that comes late does no harm. */
#define PRIVILEGE_SIGNAL SIGURG

/* Drivers that open, bind or load something while they run or when they end. */
static const char *const privilege_drivers[] = {
    "net_af_xdp", "eth_af_xdp", "net_memif", "net_vhost", "net_virtio_user", "virtio_user"};

enum privilege_how {
	PRIVILEGE_NONE,         /* there are none */
	PRIVILEGE_KEEP_PORT,    /* a port needs them */
	PRIVILEGE_KEEP_USER,    /* that is what the user wants */
	PRIVILEGE_CAPABILITIES, /* given up; the user stays */
	PRIVILEGE_BECOME,
};

struct privilege_plan {
	enum privilege_how how;
	uid_t uid;
	gid_t gid;
	char name[64];
	const char *why; /* the user, in words */
	unsigned int port;
};

/* ---- what can be done ------------------------------------------------------- */

bool
privilege_has(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	if (syscall(SYS_capget, &header, data) != 0)
		return geteuid() == 0;
	return data[capability / 32].effective >> (capability % 32) & 1;
}

/* A container's root may be left with little more than what the port needs. */
static bool
privilege_can_become(void)
{
	return privilege_has(CAP_SETUID) && privilege_has(CAP_SETGID) && privilege_has(CAP_CHOWN);
}

static bool
privilege_capable(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[0].permitted | data[1].permitted) != 0;
}

/*
 * In a user namespace of their own ids are not what they seem: another one may not be mapped, and
 * the signals by which net_tap learns of frames would not reach it.
 */
static bool
privilege_initial_ids(void)
{
	unsigned long inside = 1, outside = 1, count = 0;
	FILE *f = fopen("/proc/self/uid_map", "r");
	int fields;

	if (!f)
		return false;
	fields = fscanf(f, "%lu %lu %lu", &inside, &outside, &count);
	fclose(f);
	return fields == 3 && inside == 0 && outside == 0 && count >= UINT32_MAX;
}

/* The first port whose driver goes on to need privileges; n_ports: there is none. */
static unsigned int
privilege_port(const struct spt_runtime_port *port, unsigned int n_ports)
{
	char device[SPEC_NAME];
	unsigned int i;

	for (i = 0; i < n_ports; i++) {
		if (port[i].spec.kind == SPT_PORT_MEMORY)
			continue;
		port_spec_name(&port[i].spec, i, device);
		for (unsigned int k = 0; k < RTE_DIM(privilege_drivers); k++)
			if (strncmp(device, privilege_drivers[k], strlen(privilege_drivers[k])) ==
			    0)
				return i;
	}
	return i;
}

/* A number from the environment, which sudo has set; 0, that is root, where there is none. */
static unsigned long
privilege_variable(const char *name)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	value = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && value < UINT32_MAX ? value : 0;
}

static void
privilege_name(struct privilege_plan *plan)
{
	const struct passwd *p = getpwuid(plan->uid);

	if (p)
		snprintf(plan->name, sizeof(plan->name), "%s", p->pw_name);
	else
		snprintf(plan->name, sizeof(plan->name), "%u", plan->uid);
}

/* Who called sudo, else nobody. */
static void
privilege_default_user(struct privilege_plan *plan)
{
	unsigned long uid = privilege_variable("SUDO_UID"), gid = privilege_variable("SUDO_GID");
	const struct passwd *p;

	if (uid != 0 && gid != 0) {
		plan->uid = (uid_t)uid;
		plan->gid = (gid_t)gid;
		plan->why = "who called sudo";
		privilege_name(plan);
		return;
	}
	p = getpwnam("nobody");
	plan->uid = p ? p->pw_uid : PRIVILEGE_OVERFLOW;
	plan->gid = p ? p->pw_gid : PRIVILEGE_OVERFLOW;
	plan->why = "no user was named";
	snprintf(plan->name, sizeof(plan->name), "nobody");
}

/* The user that was asked for. */
static int
privilege_named_user(struct privilege_plan *plan, const char *user, char *error, size_t error_size)
{
	const struct passwd *p;

	errno = 0;
	p = getpwnam(user);
	if (!p) {
		snprintf(error, error_size,
		    "user '%s': this machine knows no such user; 'getent passwd' lists them", user);
		return -EINVAL;
	}
	plan->uid = p->pw_uid;
	plan->gid = p->pw_gid;
	plan->why = "as asked";
	snprintf(plan->name, sizeof(plan->name), "%s", user);
	return 0;
}

/* 'user' was asked for, and it is not who we are. */
static int
privilege_check_named(const struct privilege_plan *plan, const struct spt_runtime_port *port,
    unsigned int n_ports, char *error, size_t error_size)
{
	if (geteuid() != 0) {
		snprintf(error, error_size,
		    "user '%s': only root can become another user; run as root, or without a user",
		    plan->name);
		return -EPERM;
	}
	if (!privilege_initial_ids()) {
		snprintf(error, error_size,
		    "user '%s': in a user namespace only capabilities are given up; name no user",
		    plan->name);
		return -EPERM;
	}
	if (!privilege_can_become()) {
		snprintf(error, error_size,
		    "user '%s': root lacks CAP_SETUID, CAP_SETGID or CAP_CHOWN here; name no user, "
		    "and only capabilities are given up",
		    plan->name);
		return -EPERM;
	}
	if (plan->port < n_ports) {
		snprintf(error, error_size,
		    "user '%s': port '%s' needs its privileges while it runs; name no user, or "
		    "'root'",
		    plan->name, port[plan->port].spec.text);
		return -EINVAL;
	}
	return 0;
}

static int
privilege_choose(struct privilege_plan *plan, const struct spt_runtime_port *port,
    unsigned int n_ports, const char *user, char *error, size_t error_size)
{
	int rc = 0;

	memset(plan, 0, sizeof(*plan));
	plan->port = privilege_port(port, n_ports);
	if (user)
		rc = privilege_named_user(plan, user, error, error_size);
	else
		privilege_default_user(plan);
	if (rc)
		return rc;
	if (user && plan->uid != geteuid()) {
		plan->how = PRIVILEGE_BECOME;
		return privilege_check_named(plan, port, n_ports, error, error_size);
	}
	if (user && plan->uid == 0) {
		plan->how = PRIVILEGE_KEEP_USER;
	} else if (geteuid() == 0 && plan->port == n_ports && privilege_initial_ids() &&
	           privilege_can_become()) {
		plan->how = PRIVILEGE_BECOME;
	} else {
		plan->uid = geteuid();
		plan->gid = getegid();
		privilege_name(plan);
		plan->how = !privilege_capable()   ? PRIVILEGE_NONE
		            : plan->port < n_ports ? PRIVILEGE_KEEP_PORT
		                                   : PRIVILEGE_CAPABILITIES;
	}
	return 0;
}

/* ---- threads ---------------------------------------------------------------- */

/* One thread's, by /proc. */
struct privilege_status {
	unsigned int uid[4], gid[4]; /* real, effective, saved, file system */
	uint64_t capabilities;       /* in any of the sets but the bounding one */
	unsigned int no_new_privs;
};

static int
privilege_status_read(const char *tid, struct privilege_status *s)
{
	char path[64], line[256];
	uint64_t set;
	FILE *f;

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", tid);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "Uid: %u %u %u %u", &s->uid[0], &s->uid[1], &s->uid[2], &s->uid[3]);
		sscanf(line, "Gid: %u %u %u %u", &s->gid[0], &s->gid[1], &s->gid[2], &s->gid[3]);
		sscanf(line, "NoNewPrivs: %u", &s->no_new_privs);
		if (sscanf(line, "CapInh: %" SCNx64, &set) == 1 ||
		    sscanf(line, "CapPrm: %" SCNx64, &set) == 1 ||
		    sscanf(line, "CapEff: %" SCNx64, &set) == 1 ||
		    sscanf(line, "CapAmb: %" SCNx64, &set) == 1)
			s->capabilities |= set;
	}
	fclose(f);
	return 0;
}

static bool
privilege_status_is(const struct privilege_status *s, const struct privilege_plan *plan)
{
	for (unsigned int i = 0; i < 4; i++)
		if (s->uid[i] != plan->uid || s->gid[i] != plan->gid)
			return false;
	return s->capabilities == 0 && s->no_new_privs == 1;
}

/* The calling thread's; async-signal-safe. */
static void
privilege_give_up(int signal)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};
	int saved = errno;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_capset, &header, data);
	errno = saved;
}

/* Ask every thread that has not yet. Returns how many had not, or a negative errno. */
static int
privilege_ask(const struct privilege_plan *plan)
{
	struct privilege_status status;
	struct dirent *entry;
	int left = 0, rc;
	DIR *dir = opendir("/proc/self/task");

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		rc = privilege_status_read(entry->d_name, &status);
		/* A thread that has ended meanwhile has nothing any more. */
		if (rc == -ENOENT || rc == -ESRCH ||
		    (rc == 0 && privilege_status_is(&status, plan)))
			continue;
		syscall(
		    SYS_tgkill, getpid(), (pid_t)strtol(entry->d_name, NULL, 10), PRIVILEGE_SIGNAL);
		left++;
	}
	closedir(dir);
	return left;
}

/*
 * All threads, those too that one of them begins meanwhile. One pass that finds none is not enough:
 * of a thread that begins another and then answers a signal of the pass before, the other may be
 * missing in the list. Since it was sent nothing the next pass finds it as it began.
 */
static int
privilege_give_up_all(const struct privilege_plan *plan)
{
	const struct timespec pause = {.tv_nsec = PRIVILEGE_PAUSE_NS};
	struct sigaction action = {.sa_handler = privilege_give_up, .sa_flags = SA_RESTART}, before;
	int left = 1, clean = 0;

	sigemptyset(&action.sa_mask);
	if (sigaction(PRIVILEGE_SIGNAL, &action, &before) != 0)
		return -errno;
	privilege_give_up(0);
	for (unsigned int i = 0; i < PRIVILEGE_TRIES && left >= 0 && clean < 2; i++) {
		if (left > 0 && i > 0)
			nanosleep(&pause, NULL);
		left = privilege_ask(plan);
		clean = left == 0 ? clean + 1 : 0;
	}
	sigaction(PRIVILEGE_SIGNAL, &before, NULL);
	return left < 0 ? left : clean < 2 ? -EPERM : 0;
}

/* ---- doing it --------------------------------------------------------------- */

static int
privilege_become(const struct privilege_plan *plan, char *error, size_t error_size)
{
	int rc = directory_give(plan->uid, plan->gid);

	if (rc) {
		snprintf(error, error_size,
		    "user '%s': EAL's directory could not become theirs: %s", plan->name,
		    strerror(-rc));
		return rc;
	}
	if (setgroups(0, NULL) != 0 || setresgid(plan->gid, plan->gid, plan->gid) != 0 ||
	    setresuid(plan->uid, plan->uid, plan->uid) != 0) {
		rc = -errno;
		snprintf(error, error_size, "user '%s' (%u:%u): could not be become: %s",
		    plan->name, plan->uid, plan->gid, strerror(-rc));
	}
	return rc;
}

/* What the kernel says of each thread was checked; this is whether there is a way back. */
static int
privilege_way_back(const struct privilege_plan *plan)
{
	if (plan->uid != 0 && (setresuid(0, 0, 0) == 0 || seteuid(0) == 0))
		return -EPERM;
	return plan->gid != 0 && (setresgid(0, 0, 0) == 0 || setegid(0) == 0) ? -EPERM : 0;
}

static void
privilege_describe(
    const struct privilege_plan *plan, const struct spt_runtime_port *port, char *line, size_t size)
{
	switch (plan->how) {
	case PRIVILEGE_NONE:
		snprintf(line, size, "privileges: none to give up (user %s)", plan->name);
		return;
	case PRIVILEGE_KEEP_PORT:
		snprintf(line, size,
		    "privileges kept (user %s): port '%s' needs them while it runs", plan->name,
		    port[plan->port].spec.text);
		return;
	case PRIVILEGE_KEEP_USER:
		snprintf(line, size, "privileges kept (user %s): %s", plan->name, plan->why);
		return;
	case PRIVILEGE_CAPABILITIES:
		snprintf(line, size, "privileges given up: no capabilities any more (user %s)",
		    plan->name);
		return;
	case PRIVILEGE_BECOME:
		snprintf(line, size, "privileges given up: user %s (%u:%u; %s), no capabilities",
		    plan->name, plan->uid, plan->gid, plan->why);
		return;
	}
}

int
spt_privileges_check(const struct spt_runtime_port *port, unsigned int n_ports, const char *user,
    char *error, size_t error_size)
{
	struct privilege_plan plan;

	return privilege_choose(&plan, port, n_ports, user, error, error_size);
}

int
spt_privileges_drop(const struct spt_runtime_port *port, unsigned int n_ports, const char *user,
    char *line, size_t line_size, char *error, size_t error_size)
{
	struct privilege_plan plan;
	int rc = privilege_choose(&plan, port, n_ports, user, error, error_size);

	if (rc)
		return rc;
	if (plan.how == PRIVILEGE_BECOME) {
		rc = privilege_become(&plan, error, error_size);
		if (rc)
			return rc;
	}
	if (plan.how == PRIVILEGE_BECOME || plan.how == PRIVILEGE_CAPABILITIES) {
		rc = privilege_give_up_all(&plan);
		if (rc == 0)
			rc = privilege_way_back(&plan);
		if (rc) {
			snprintf(error, error_size,
			    "privileges could not be given up by every thread (%s): name 'root' as "
			    "the user to keep them, or run as another user",
			    strerror(-rc));
			return rc;
		}
	}
	privilege_describe(&plan, port, line, line_size);
	return 0;
}
