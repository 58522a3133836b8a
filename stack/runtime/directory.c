/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's run-time directory, with the telemetry socket in it. EAL leaves it behind; and made by
 * root it lies in /var/run/dpdk, where only root may remove it, so not whoever root has become
 * by then. As root we give EAL a place in /tmp instead: who owns a directory there may remove it.
 *
 *	/tmp/septet-PID/dpdk/septet-PID/dpdk_telemetry.v2
 *
 * What is in the way of that name, an earlier process's perhaps, is left alone, and not used.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>

#include "core.h"

#define DIRECTORY_VARIABLE "RUNTIME_DIRECTORY" /* where EAL looks first */
#define DIRECTORY_BASE     sizeof("/tmp/septet-2147483647.XXXXXX")

/* What we made for EAL, or "". Of the process, as EAL is. */
static char directory_base[DIRECTORY_BASE];

/* EAL's directory, if it bears our own number: a user's --file-prefix may be shared. */
static bool
directory_own(char path[PATH_MAX])
{
	char own[32];
	const char *last;

	snprintf(path, PATH_MAX, "%s", rte_eal_get_runtime_dir());
	snprintf(own, sizeof(own), "/septet-%d", (int)getpid());
	last = strrchr(path, '/');
	return last && strcmp(last, own) == 0;
}

/*
 * Call 'each' with every file in our own directory, then with the directories outwards. 0, or the
 * first of the negative errnos that it returned.
 */
static int
directory_walk(int (*each)(const char *path, bool directory, const void *arg), const void *arg)
{
	char path[PATH_MAX], file[2 * PATH_MAX];
	struct dirent *entry;
	int rc[4] = {0};
	DIR *dir;

	if (directory_own(path) && (dir = opendir(path))) {
		while ((entry = readdir(dir))) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
			rc[0] = RTE_MIN(rc[0], each(file, false, arg));
		}
		closedir(dir);
		rc[1] = each(path, true, arg);
	}
	if (directory_base[0]) {
		snprintf(path, sizeof(path), "%s/dpdk", directory_base);
		rc[2] = each(path, true, arg);
		rc[3] = each(directory_base, true, arg);
	}
	for (unsigned int i = 0; i < RTE_DIM(rc); i++)
		if (rc[i])
			return rc[i];
	return 0;
}

void
directory_prepare(void)
{
	static bool registered;

	/* Where the service manager made one, it removes that, too. */
	if (geteuid() != 0 || getenv(DIRECTORY_VARIABLE))
		return;
	snprintf(directory_base, sizeof(directory_base), "/tmp/septet-%d", (int)getpid());
	if (mkdir(directory_base, 0700) != 0) {
		strcat(directory_base, ".XXXXXX");
		if (!mkdtemp(directory_base))
			directory_base[0] = '\0'; /* where EAL always puts it, then */
	}
	if (!directory_base[0])
		return;
	setenv(DIRECTORY_VARIABLE, directory_base, 1);
	/* EAL may end the program itself: of its --help, and where it cannot go on. */
	if (!registered)
		registered = atexit(directory_remove) == 0;
}

void
directory_prepared(void)
{
	if (directory_base[0])
		unsetenv(DIRECTORY_VARIABLE);
}

struct directory_owner {
	uid_t uid;
	gid_t gid;
};

static int
directory_give_one(const char *path, bool directory, const void *arg)
{
	const struct directory_owner *owner = arg;

	return lchown(path, owner->uid, owner->gid) == 0 ? 0 : -errno;
}

int
directory_give(uid_t uid, gid_t gid)
{
	const struct directory_owner owner = {uid, gid};

	/* From the inside out: as long as one is root's nobody else reaches those in it. */
	return directory_walk(directory_give_one, &owner);
}

static int
directory_remove_one(const char *path, bool directory, const void *arg)
{
	return (directory ? rmdir(path) : unlink(path)) == 0 ? 0 : -errno;
}

void
directory_remove(void)
{
	directory_walk(directory_remove_one, NULL);
	directory_base[0] = '\0';
}
